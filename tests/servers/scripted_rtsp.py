"""A small RTSP server over TCP that does as a test says: lies, floods, refuses, changes."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import av

_MOST = 1400
"""Bytes of one RTP packet."""
CLOCK = 90_000

VIDEO_SDP = (
    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nt=0 0\r\na=control:*\r\n"
    "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\n"
    "a=control:track0\r\n"
)
ALAW_SDP = "m=audio 0 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=control:track1\r\n"
STRANGE_SOUND_SDP = "m=audio 0 RTP/AVP 98\r\na=rtpmap:98 X-SECRET/8000\r\na=control:track1\r\n"


def access_units(path: Path) -> list[bytes]:
    """The pictures of a video in an MPEG-TS file, as byte streams with start codes."""
    with av.open(str(path)) as container:
        return [bytes(raw) for raw in container.demux(video=0) if raw.size]


class Sender:
    """Writes RTP into one connection; tracks have the channels 0, 2, 4 ..."""

    def __init__(self, connection: socket.socket, stop: threading.Event) -> None:
        self.stop = stop
        self._connection = connection
        self._numbers: dict[int, int] = {}

    def wait(self, seconds: float) -> None:
        """Let real time pass; the server may end meanwhile."""
        if self.stop.wait(seconds):
            raise ConnectionAbortedError

    def raw(self, data: bytes) -> None:
        self._connection.sendall(data)

    def rtp(self, track: int, kind: int, ticks: int, data: bytes, *, mark: bool) -> None:
        """One packet of payload type `kind`."""
        number = self._numbers[track] = self._numbers.get(track, -1) + 1
        head = struct.pack(
            ">BBHII", 0x80, kind | mark << 7, number & 0xFFFF, ticks & 0xFFFFFFFF, track + 1
        )
        self.raw(struct.pack(">cBH", b"$", 2 * track, 12 + len(data)) + head + data)

    def picture(self, unit: bytes, ticks: int) -> None:
        """One H.264 access unit (RFC 6184: single NAL units and FU-A)."""
        nals = [nal.rstrip(b"\0") for nal in unit.split(b"\0\0\1") if nal.rstrip(b"\0")]
        for index, nal in enumerate(nals):
            last = index == len(nals) - 1
            if len(nal) <= _MOST:
                self.rtp(0, 96, ticks, nal, mark=last)
                continue
            body = [nal[at : at + _MOST] for at in range(1, len(nal), _MOST)]
            for part, piece in enumerate(body):
                first, end = part == 0, part == len(body) - 1
                head = bytes((nal[0] & 0xE0 | 28, first << 7 | end << 6 | nal[0] & 0x1F))
                self.rtp(0, 96, ticks, head + piece, mark=last and end)

    def sound(self, data: bytes, ticks: int) -> None:
        """One packet of A-law."""
        self.rtp(1, 8, ticks, data, mark=False)


Play = Callable[[Sender], None]


def pictures(*units: list[bytes], fps: int = 25, paced: bool = True) -> Play:
    """Sends these pictures one after the other, then nothing more."""

    def play(sender: Sender) -> None:
        for number, unit in enumerate(unit for each in units for unit in each):
            sender.picture(unit, number * CLOCK // fps)
            if paced:
                sender.wait(1 / fps)
        sender.wait(60.0)

    return play


@dataclass(kw_only=True)
class ScriptedRtsp:
    """Use as a context manager."""

    play: Play
    """Called after PLAY, in the connection's own thread."""
    sdp: str = VIDEO_SDP
    refuse: dict[str, int] = field(default_factory=dict)
    """Status codes of answers, by method, or by `SETUP track1`."""
    slowly_s: float = 0.0
    """Pause between the bytes of answers."""
    requests: list[str] = field(default_factory=list)
    """First lines of what was asked."""

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []

    def url(self, user: str = "") -> str:
        who = f"{user}@" if user else ""
        return f"rtsp://{who}127.0.0.1:{self._listener.getsockname()[1]}/live"

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            for method, path, number in _asked(connection, self.requests):
                self._answer(connection, method, path, number)
                if method == "PLAY":
                    self.play(Sender(connection, self._stop))
                    return
        except OSError:
            return
        finally:
            connection.close()

    def _answer(self, connection: socket.socket, method: str, path: str, number: str) -> None:
        track = path.rsplit("/", 1)[-1]
        status = self.refuse.get(f"{method} {track}", self.refuse.get(method, 200))
        heads = {
            "DESCRIBE": f"Content-Type: application/sdp\r\nContent-Length: {len(self.sdp)}\r\n",
            "SETUP": "Session: 1\r\nTransport: RTP/AVP/TCP;unicast;interleaved="
            + ("0-1" if track == "track0" else "2-3")
            + "\r\n",
            "PLAY": "Session: 1\r\nRTP-Info: \r\n",
        }
        head = heads.get(method, "") if status == 200 else ""
        body = self.sdp if method == "DESCRIBE" and status == 200 else ""
        answer = f"RTSP/1.0 {status} Said\r\nCSeq: {number}\r\n{head}\r\n{body}".encode()
        if not self.slowly_s:
            connection.sendall(answer)
            return
        for byte in answer:
            connection.sendall(bytes((byte,)))
            if self._stop.wait(self.slowly_s):
                return

    def __enter__(self) -> Self:
        self._threads.append(threading.Thread(target=self._accept))
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                connection.close()
        for thread in self._threads:
            thread.join()


def _asked(connection: socket.socket, requests: list[str]) -> Iterator[tuple[str, str, str]]:
    """Method, path and number of each request."""
    waiting = b""
    while True:
        while b"\r\n\r\n" not in waiting:
            more = connection.recv(4096)
            if not more:
                return
            waiting += more
        head, _, waiting = waiting.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        requests.append(lines[0])
        numbers = [line.partition(":")[2].strip() for line in lines if line.startswith("CSeq")]
        method, path, *_ = lines[0].split(" ")
        yield method, path, numbers[0] if numbers else "0"
