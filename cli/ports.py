"""Finding ports that nobody listens on, and asking pages whether they are there."""

import socket
from http.client import HTTPConnection, HTTPException

N_TRIED = 50


def free_port(host: str, wanted: int) -> int:
    """Find the first free port from `wanted` upwards. Raises OSError when there is none near."""
    for port in range(wanted, min(wanted + N_TRIED, 65_536)):
        if _is_free(host, port):
            return port
    raise OSError(f"no free port from {wanted} to {wanted + N_TRIED - 1}")


def is_listening(host: str, port: int) -> bool:
    """Answer whether somebody takes connections."""
    try:
        with socket.create_connection((host, port), timeout=0.5):
            return True
    except OSError:
        return False


def answers(host: str, port: int, path: str) -> bool:
    """Answer whether a page is there; that of a sick program counts too."""
    connection = HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status in (200, 503)
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as tried:
        # As servers do: the port of one that has just ended is free.
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((host, port))
        except OSError:
            return False
    return True
