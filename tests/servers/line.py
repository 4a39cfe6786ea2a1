"""A line to a server, which can be cut: neither side is told goodbye."""

import contextlib
import socket
import threading
from typing import Self


class Line:
    """Use as a context manager; whoever connects to `port` reaches the server."""

    def __init__(self, to: int) -> None:
        self._to = to
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._ends: list[socket.socket] = []
        self.port = int(self._socket.getsockname()[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self._take, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self.cut()

    def cut(self) -> None:
        """Break all connections; later ones are let through again."""
        while self._ends:
            end = self._ends.pop()
            _hang_up(end)
            end.close()

    def _take(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                here, _ = self._socket.accept()
                there = socket.create_connection(("127.0.0.1", self._to))
                self._ends += [here, there]
                for one, other in ((here, there), (there, here)):
                    threading.Thread(target=_pass, args=(one, other), daemon=True).start()


def _pass(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while said := one.recv(65536):
            other.sendall(said)
    _hang_up(other)


def _hang_up(end: socket.socket) -> None:
    """What was closed while somebody reads from it would say nothing to the far end."""
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
