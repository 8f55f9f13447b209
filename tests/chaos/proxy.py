"""A proxy before PostgreSQL that carries a COMMIT to the server and loses its answer."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

CHUNK = 1 << 16


@dataclass
class LosingProxy:
    """Passes everything on. `lose_at`: the n-th COMMIT from now is carried out and never answered; 0 loses none."""

    server: tuple[str, int]
    lose_at: int = 0
    n_lost: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def serve(self, client: socket.socket) -> None:
        """Carry one connection."""
        with socket.create_connection(self.server) as server, client:
            lost = threading.Event()
            back = threading.Thread(target=self._answers, args=(server, client, lost))
            back.start()
            with suppress(OSError):
                while chunk := client.recv(CHUNK):
                    if b"COMMIT" in chunk and self._strikes():
                        lost.set()
                    server.sendall(chunk)
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            back.join()

    def _answers(self, server: socket.socket, client: socket.socket, lost: threading.Event) -> None:
        with suppress(OSError):
            while chunk := server.recv(CHUNK):
                if lost.is_set():
                    break  # the server has committed: this is its answer
                client.sendall(chunk)
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)

    def _strikes(self) -> bool:
        with self._lock:
            strikes = self.lose_at == 1
            self.lose_at -= self.lose_at > 0
            self.n_lost += strikes
            return strikes


@contextmanager
def losing_proxy(host: str, port: int) -> Iterator[tuple[LosingProxy, int]]:
    """A proxy on loopback before a server; gives it and its port."""
    proxy, threads = LosingProxy((host, port)), list[threading.Thread]()
    with socket.create_server(("127.0.0.1", 0)) as door:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    threads.append(threading.Thread(target=proxy.serve, args=(door.accept()[0],)))
                    threads[-1].start()

        accepting = threading.Thread(target=accept)
        accepting.start()
        yield proxy, door.getsockname()[1]
        door.shutdown(socket.SHUT_RDWR)
        accepting.join()
    for thread in threads:
        thread.join()
