"""A bad line to the real server: a TCP proxy that breaks connections off, which the server cannot be made to do."""

from __future__ import annotations

import contextlib
import socket
import threading
from urllib.parse import urlsplit


class CuttingProxy:
    """Passes bytes on, and ends each connection after as many bytes of the answer as `cuts` says, then no more."""

    def __init__(self, target: str, *cuts: int) -> None:
        address = urlsplit(target)
        assert address.hostname is not None
        self._target = (address.hostname, address.port or 80)
        self.cuts = list(cuts)
        self.requests: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target)
                self._open += [client, server]
                for work in (self._up, self._down):
                    self._threads.append(threading.Thread(target=work, args=(client, server), daemon=True))
                    self._threads[-1].start()

    def _up(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := client.recv(65536):
                self.requests.append(piece.decode("latin-1"))
                server.sendall(piece)
            server.shutdown(socket.SHUT_RDWR)

    def _down(self, client: socket.socket, server: socket.socket) -> None:
        left: int | None = None
        with contextlib.suppress(OSError):
            while piece := server.recv(65536):
                if left is None and b"\r\n\r\n" in piece and len(piece) > 1000 and self.cuts:
                    left = self.cuts.pop(0)  # a head with a good deal of body: a download
                if left is not None:
                    piece, left = piece[:left], left - len(piece)
                client.sendall(piece)
                if left is not None and left <= 0:
                    break
            for end in (client, server):
                end.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> CuttingProxy:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for end in self._open:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        for end in self._open:
            end.close()
