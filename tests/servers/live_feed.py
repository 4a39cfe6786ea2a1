"""Cameras over HTTP (MPEG-TS, paced) whose streams a test writes, rightly or wrongly."""

import io
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Self

import av

from vedette.sources.scene import Actor, Scene
from vedette.sources.scene_file import encoded

Chunk = tuple[float, bytes]
"""Seconds to wait before it is sent, and what is sent."""

Script = Callable[[], Iterator[Chunk]]
"""One showing of a stream; called anew for each connection."""

FIRST_PID = {"h264": 0x100, "mpeg2video": 0x200, "hevc": 0x300}
"""Another codec is another stream, announced as one."""
TICK = Fraction(1, 90_000)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: video/mp2t\r\nConnection: close\r\n\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Footage:
    """A few seconds of somebody who walks through the picture, as a camera would send them."""

    codec: str = "h264"
    size: tuple[int, int] = (320, 180)
    fps: int = 10
    seconds: float = 6.0


@cache
def packets_of(footage: Footage) -> tuple[tuple[bytes, bool], ...]:
    """Each frame's data, and whether it is a keyframe."""
    width, height = footage.size
    path = ((0.2 * footage.seconds, -0.1, 0.5), (0.7 * footage.seconds, 1.1, 0.5))
    scene = Scene(
        width=width,
        height=height,
        fps=footage.fps,
        duration_s=footage.seconds,
        actors=(Actor(label="person", size=(0.08, 0.3), path=path, colour=(30, 30, 160)),),
    )
    found = encoded(scene, {"h264": "libx264", "hevc": "libx265"}.get(footage.codec, footage.codec))
    return tuple((bytes(raw), raw.is_keyframe) for raw in found if raw.size)


class TransportStream:
    """MPEG-TS of one codec, a packet at a time, with one clock."""

    def __init__(self, footage: Footage, first_s: float) -> None:
        self._memory = io.BytesIO()
        self._out = av.open(
            self._memory,
            "w",
            format="mpegts",
            container_options={
                "flush_packets": "1",
                "muxdelay": "0",
                "mpegts_copyts": "1",
                "mpegts_start_pid": str(FIRST_PID[footage.codec]),
                "mpegts_pmt_start_pid": str(FIRST_PID[footage.codec] + 0x800),
            },
        )
        width, height = footage.size
        self._stream = self._out.add_mux_stream(footage.codec, rate=25, width=width, height=height)
        self._stream.time_base = TICK
        self.now_s = first_s

    def write(self, data: bytes, lasts_s: float, *, is_keyframe: bool) -> bytes:
        """What goes over the wire for one frame."""
        packet = av.Packet(len(data))
        packet.update(data)
        packet.pts = packet.dts = round(self.now_s / TICK)
        packet.time_base, packet.is_keyframe, packet.stream = TICK, is_keyframe, self._stream
        self.now_s += lasts_s
        self._out.mux_one(packet)
        sent = self._memory.getvalue()
        self._memory.seek(0)
        self._memory.truncate()
        return sent


def showing(*each: Footage, first_s: float = 10.0, again: bool = True) -> Script:
    """One footage after the other, for ever, with a clock that goes on; where the codec changes,
    a new transport stream begins."""

    def script() -> Iterator[Chunk]:
        yield (0.0, HEAD)
        stream, codec = TransportStream(each[0], first_s), each[0].codec
        while True:
            for footage in each:
                lasts_s = 1.0 / footage.fps
                if footage.codec != codec:
                    stream, codec = TransportStream(footage, stream.now_s), footage.codec
                for data, is_keyframe in packets_of(footage):
                    yield (lasts_s, stream.write(data, lasts_s, is_keyframe=is_keyframe))
            if not again:
                return

    return script


class LiveFeeds:
    """Serves `scripts` at `/name`; a script can be exchanged while the product watches."""

    def __init__(self, scripts: dict[str, Script]) -> None:
        self.scripts = dict(scripts)
        self.opened: dict[str, int] = {}
        """Connections so far, by name."""
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def url(self, name: str) -> str:
        port = self._listener.getsockname()[1]
        return f"http://127.0.0.1:{port}/{name}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        with socket.create_connection(self._listener.getsockname()):
            pass
        self._thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while not self._closing.is_set():
            connection, _ = self._listener.accept()
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)
            try:
                asked = connection.recv(4096).split()
                if len(asked) < 2:
                    return
                name = asked[1].decode("ascii", "replace").lstrip("/")
                self.opened[name] = self.opened.get(name, 0) + 1
                self._send(connection, name)
            except OSError:
                return  # the other side has had enough

    def _send(self, connection: socket.socket, name: str) -> None:
        script = self.scripts[name]
        due = time.monotonic()
        for wait_s, data in script():
            due += wait_s
            self._closing.wait(max(0.0, due - time.monotonic()))
            if self._closing.is_set() or self.scripts[name] is not script:
                return
            connection.sendall(data)
