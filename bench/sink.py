"""A mail server on loopback that takes everything and keeps nothing but the number; asked STAT, it tells it."""

import asyncio
import sys


class Sink(asyncio.Protocol):
    """One connection."""

    n_taken = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport, self.waiting, self.in_mail = transport, b"", False
        transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        self.waiting += data
        while (end := self.waiting.find(b"\r\n.\r\n" if self.in_mail else b"\r\n")) >= 0:
            line, self.waiting = self.waiting[:end].upper(), self.waiting[end + (5 if self.in_mail else 2) :]
            self.transport.write(self._reply(line))

    def _reply(self, line: bytes) -> bytes:
        if self.in_mail:
            self.in_mail, Sink.n_taken = False, Sink.n_taken + 1
            return b"250 taken\r\n"
        if line.startswith(b"DATA"):
            self.in_mail = True
            return b"354 go on\r\n"
        if line.startswith(b"EHLO"):
            return b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
        if line.startswith(b"STAT"):
            return f"250 {Sink.n_taken}\r\n".encode()
        return b"221 bye\r\n" if line.startswith(b"QUIT") else b"250 ok\r\n"


async def main() -> None:
    """Serve on a free port until the process is ended; the port is printed."""
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", int(sys.argv[1]))
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
