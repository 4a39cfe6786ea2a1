"""A small HTTP server for tests: files with Range, basic auth, redirects, and endless streams."""

import base64
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class FileHandler(BaseHTTPRequestHandler):
    """Answers GET for the files of `folder`."""

    folder: Path
    user = ""
    """`name:password` where one is demanded."""
    redirect = ""
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        wanted = "Basic " + base64.b64encode(self.user.encode()).decode()
        if self.user and self.headers.get("Authorization") != wanted:
            self._answer(401, b"", {"WWW-Authenticate": 'Basic realm="camera"'})
            return
        if self.redirect:
            self._answer(302, b"", {"Location": self.redirect})
            return
        path = self.folder / self.path.lstrip("/").partition("?")[0]
        if not path.is_file():
            self._answer(404, b"nothing here", {})
            return
        data = path.read_bytes()
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if asked is None:
            self._answer(200, data, {"Accept-Ranges": "bytes"})
            return
        first, last = int(asked[1]), int(asked[2] or len(data) - 1)
        spread = {"Content-Range": f"bytes {first}-{last}/{len(data)}", "Accept-Ranges": "bytes"}
        self._answer(206, data[first : last + 1], spread)

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except ConnectionError:
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        del format, args


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serve on a free port of loopback; gives `127.0.0.1:port`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def file_handler(folder: Path, *, user: str = "", redirect: str = "") -> type[FileHandler]:
    """A handler for one folder."""
    return type("Handler", (FileHandler,), {"folder": folder, "user": user, "redirect": redirect})
