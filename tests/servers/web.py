"""A small HTTP server in a thread: what the stand-ins for receivers and the Bot API build on."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One request."""

    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What to answer."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    promised_bytes: int | None = None
    """`Content-Length`, where it is to be a lie."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = True
    owner: "WebServer"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is no error of the server."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.server.owner.hear(Heard(path=self.path, headers=headers, body=body))
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        length = len(reply.body) if reply.promised_bytes is None else reply.promised_bytes
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(reply.body)

    do_PUT = do_POST  # noqa: N815  the parent's names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the parent's name
        """Tests read what was heard instead."""


class WebServer:
    """Use as a context manager; `url` has no slash at its end. Subclasses answer in `answer`."""

    def __init__(self) -> None:
        self._heard: list[Heard] = []
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def heard(self) -> list[Heard]:
        """Every request so far, answered well or not."""
        with self._lock:
            return list(self._heard)

    def hear(self, request: Heard) -> Reply:
        """One request at a time."""
        with self._lock:
            self._heard.append(request)
            return self.answer(request)

    def answer(self, request: Heard) -> Reply:
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
