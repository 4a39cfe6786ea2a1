"""HTTP cameras that send JPEG pictures: properly, and in all the ways that are seen outside."""

import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from itertools import count
from typing import Any, ClassVar

import cv2
import numpy as np

BOUNDARY = "--frame"
REALM, NONCE = "camera", "8a7f"


def jpeg(number: int, size: tuple[int, int] = (160, 120)) -> bytes:
    """A picture whose grey level tells its number."""
    picture = np.full((size[1], size[0], 3), 20 + 5 * (number % 40), dtype=np.uint8)
    picture[::7, ::5] = 255 - picture[0, 0]  # something to code
    return bytes(cv2.imencode(".jpg", picture)[1])


def with_thumbnail(picture: bytes) -> bytes:
    """The same with a small picture inside its head, as EXIF has it."""
    inner = jpeg(1, (16, 16))
    segment = b"\xff\xe1" + (2 + len(inner)).to_bytes(2, "big") + inner
    return picture[:2] + segment + picture[2:]


def part(
    data: bytes, *, boundary: str = BOUNDARY, head: str = "", length: int | None = -1
) -> bytes:
    """A part of a multipart answer; `length` -1: the true one, None: none."""
    said = len(data) if length == -1 else length
    lines = f"\r\n{boundary}\r\nContent-Type: image/jpeg\r\n"
    if said is not None:
        lines += f"Content-Length: {said}\r\n"
    return lines.encode() + b"\r\n" + data


class JpegCamera(BaseHTTPRequestHandler):
    """Answers each GET with `say`; demands digest authentication where there is a `user`."""

    content_type = "multipart/x-mixed-replace; boundary=frame"
    user = ""
    say: ClassVar[Callable[[], Iterator[bytes]]]
    single = False
    """One picture and its length, not an endless answer."""
    stop: threading.Event
    seen: list[str]
    """Paths with the authorization that came with them."""
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        login = self.headers.get("Authorization", "")
        self.seen.append(f"{self.path} {login}")
        if self.user and not self._proves(login):
            self.send_response(401)
            challenge = f'Digest realm="{REALM}", nonce="{NONCE}", qop="auth", algorithm=MD5'
            self.send_header("WWW-Authenticate", challenge)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Type", self.content_type)
        pieces = type(self).say()
        if self.single:
            body = b"".join(pieces)
            self.send_header("Content-Length", str(len(body)))
            pieces = iter([body])
        self.end_headers()
        self.close_connection = True
        try:
            for piece in pieces:
                self.wfile.write(piece)
                if self.stop.is_set():
                    return
        except OSError:
            return

    def _proves(self, login: str) -> bool:
        """RFC 7616 with MD5 and qop=auth."""
        found = dict(re.findall(r'(\w+)="?([^",]+)"?', login))
        name, password = self.user.split(":")
        first = _md5(f"{name}:{REALM}:{password}")
        second = _md5(f"GET:{self.path}")
        middle = f"{NONCE}:{found.get('nc')}:{found.get('cnonce')}:{found.get('qop')}"
        return found.get("response") == _md5(f"{first}:{middle}:{second}")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        del format, args


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()  # noqa: S324  as cameras do


def camera(
    say: Callable[[], Iterator[bytes]], stop: threading.Event | None = None, **settings: Any
) -> type[JpegCamera]:
    """A handler that says this."""
    members = {
        "say": staticmethod(say),
        "stop": stop or threading.Event(),
        "seen": list[str](),
        **settings,
    }
    return type("Camera", (JpegCamera,), members)


def endless(
    make: Callable[[bytes], bytes] = part,
    *,
    pause_s: float = 0.005,
    size: tuple[int, int] = (160, 120),
) -> Callable[[], Iterator[bytes]]:
    """Pictures for ever, a little faster than real ones come."""
    wait = threading.Event()

    def say() -> Iterator[bytes]:
        for number in count():
            yield make(jpeg(number))
            wait.wait(pause_s)

    return say
