"""The HTTP door as a task of the product's own loop: it opens early, and closes in order."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from vedette.contracts.errors import InvalidConfig


def listen(host: str, port: int, setting: str = "api.port") -> socket.socket:
    """Take the port before anything else starts, so that a busy one is said at once.

    Who asks meanwhile waits until the door opens.

    Args:
        setting: where the port is set, for the error.
    Raises:
        InvalidConfig: the port is taken or the address is not of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()  # bound alone, two products could both believe that it is theirs
    except OSError as error:
        listener.close()
        raise InvalidConfig(
            f"cannot listen on {host}, port {port}: {error.strerror}; "
            f"set {setting} to a free port, or 0 for any"
        ) from error
    return listener


def address_of(listener: socket.socket) -> str:
    """`http://127.0.0.1:8321`"""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Door(uvicorn.Server):
    """Leaves the signals to the product."""

    def __init__(
        self, app: FastAPI, listener: socket.socket, *, tls: tuple[Path, Path] | None = None
    ) -> None:
        """`tls`: certificate and key (PEM)."""
        certificate, key = tls or (None, None)
        super().__init__(
            uvicorn.Config(
                app,
                log_level="warning",
                access_log=False,
                timeout_graceful_shutdown=3,
                ssl_certfile=certificate,
                ssl_keyfile=key,
            )
        )
        self._listener = listener
        self.opened = asyncio.Event()
        """Set when requests are answered."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def run_until_closed(self) -> None:
        """Serve until `close`."""
        await self.serve(sockets=[self._listener])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.opened.set()

    def close(self) -> None:
        self.should_exit = True
