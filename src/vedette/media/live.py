"""Live video by packet copy: fragmented MP4 for each viewer, from the last keyframe on.

The camera's thread only appends to queues; muxing happens where the viewer reads.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator

from vedette.contracts.errors import SourceLost, TooMany
from vedette.contracts.packet import Packet, StreamInfo
from vedette.media.mux import Muxer, Wrap, wrap_for
from vedette.media.part import EXACT_TIMES, KEEP_TIMES
from vedette.media.timing import Timing

MOST_VIEWERS = 16
"""Of one camera."""
MOST_BYTES = 8 * 1024 * 1024
"""That wait for one viewer, and that are kept for the next one: 8 s at 8 Mb/s."""
MOST_POLLED = 1024 * 1024
MOST_SKIPS = 10
"""A viewer that cannot keep up skips to the next keyframe; after this many times it is closed."""
WAIT_S = 10.0
"""A viewer of a camera that sends nothing for this long is closed."""

_OPTIONS = {
    "mp4": {
        "movflags": f"+frag_every_frame{EXACT_TIMES}+skip_trailer",
        **KEEP_TIMES,
        "flush_packets": "1",
        "max_interleave_delta": "200000",
    },
    "matroska": {"live": "1", "cluster_time_limit": "100", "flush_packets": "1"},
}
_OPTIONS["mov"] = _OPTIONS["mp4"]

_Item = tuple[StreamInfo, Packet]


class LiveStream:
    """The `PacketTap` that viewers subscribe to; costs next to nothing while nobody does."""

    def __init__(
        self, camera_id: str, *, most_viewers: int = MOST_VIEWERS, most_bytes: int = MOST_BYTES
    ) -> None:
        self._camera_id = camera_id
        self._most_viewers = most_viewers
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._group: list[_Item] = []
        self._group_bytes = 0
        self._viewers: tuple[Viewer, ...] = ()

    @property
    def viewers(self) -> int:
        return len(self._viewers)

    def packet(self, info: StreamInfo, packet: Packet) -> None:
        """See `PacketTap`."""
        with self._lock:
            self._remember(info, packet)
            viewers = self._viewers
        for viewer in viewers:
            viewer.offer(info, packet)

    def lost(self, cause: str) -> None:
        """See `PacketTap`: what is shown ends here."""
        del cause
        with self._lock:
            self._group, self._group_bytes = [], 0
            viewers, self._viewers = self._viewers, ()
        for viewer in viewers:
            viewer.end()

    def subscribe(self) -> "Viewer":
        """One more viewer; it begins with the last keyframe, so there is a picture at once.

        Raises:
            SourceLost: the camera sends nothing now.
            TooMany: there are as many viewers as there may be.
        """
        with self._lock:
            if not self._group:
                raise SourceLost(f"camera {self._camera_id!r} sends no pictures now")
            if len(self._viewers) >= self._most_viewers:
                raise TooMany(
                    f"camera {self._camera_id!r} has {self._most_viewers} viewers already; "
                    "close one of them"
                )
            viewer = Viewer(self._group, most_bytes=self._most_bytes, gone=self._leave)
            self._viewers = (*self._viewers, viewer)
        return viewer

    def _remember(self, info: StreamInfo, packet: Packet) -> None:
        """Keep the group of pictures that is on its way."""
        if packet.is_keyframe:
            self._group, self._group_bytes = [], 0
        elif not self._group:
            return
        self._group.append((info, packet.bare()))
        self._group_bytes += len(packet.data)
        if self._group_bytes > self._most_bytes:  # the next viewer waits for the next keyframe
            self._group, self._group_bytes = [], 0

    def _leave(self, viewer: "Viewer") -> None:
        with self._lock:
            self._viewers = tuple(each for each in self._viewers if each is not viewer)


class _Sink:
    """Collects what the muxer writes."""

    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, data: bytes) -> int:
        self.data += data
        return len(data)

    def taken(self) -> bytes:
        found = bytes(self.data)
        self.data.clear()
        return found


class Viewer(Iterator[bytes]):
    """The bytes for one viewer; ends when the camera is lost, its format changes, or at `close`.

    Read by one thread; `offer` is called by the camera's, `close` by any.
    """

    def __init__(
        self,
        group: list[_Item],
        *,
        most_bytes: int = MOST_BYTES,
        gone: Callable[["Viewer"], None] = lambda viewer: None,
    ) -> None:
        """Begin with a group of pictures, the first of which is a keyframe."""
        self.info = group[0][0]
        self._wrap: Wrap = wrap_for(self.info)
        self._most_bytes = most_bytes
        self._gone = gone
        self._waiting: deque[_Item] = deque(group)
        self._bytes = sum(len(packet.data) for _, packet in group)
        self._skipping = False
        self._skips = 0
        self._ended = False
        self._closed = False
        self._arrived = threading.Condition()
        self._sink = _Sink()
        self._rest = b""
        self._muxer: Muxer | None = None
        self._timing = Timing(group[0][1].at_us)

    @property
    def media_type(self) -> str:
        return self._wrap.media_type

    @property
    def skips(self) -> int:
        """How often it skipped to a keyframe, because it was read too slowly."""
        return self._skips

    def offer(self, info: StreamInfo, packet: Packet) -> None:
        """One more packet; where there is no room, everything up to the next keyframe goes."""
        with self._arrived:
            if self._closed or self._ended:
                return
            if self._skipping and not packet.is_keyframe:
                return
            self._skipping = False
            if self._bytes + len(packet.data) > self._most_bytes:
                self._waiting.clear()
                self._bytes = 0
                self._skips += 1
                self._skipping = not packet.is_keyframe
                if self._skips > MOST_SKIPS:
                    self._closed = True
            if not self._skipping and not self._closed:
                self._waiting.append((info, packet.bare()))
                self._bytes += len(packet.data)
            self._arrived.notify()

    def end(self) -> None:
        """Nothing more will come; what waits is still given."""
        with self._arrived:
            self._ended = True
            self._arrived.notify_all()

    def close(self) -> None:
        """End it; who waits for bytes gets the end."""
        with self._arrived:
            self._closed = True
            self._arrived.notify_all()
        self._gone(self)

    def __iter__(self) -> "Viewer":
        return self

    def __next__(self) -> bytes:
        """The next bytes; waits for them."""
        while True:
            items = self._take(WAIT_S)
            if not items:
                self.close()
                raise StopIteration
            data = self._muxed(items)
            if data:
                return data

    def poll(self) -> bytes | None:
        """Some of the bytes that are there now, maybe none; None at the end. Never waits."""
        if not self._rest:
            items = self._take(0.0)
            if not items and (self._ended or self._closed):
                return None
            self._rest = self._muxed(items) if items else b""
        data, self._rest = self._rest[:MOST_POLLED], self._rest[MOST_POLLED:]
        return data

    def _take(self, wait_s: float) -> list[_Item]:
        """Everything that waits; nothing at the end."""
        with self._arrived:
            self._arrived.wait_for(
                lambda: self._waiting or self._ended or self._closed, timeout=wait_s
            )
            if self._closed:
                return []
            items = list(self._waiting)
            self._waiting.clear()
            self._bytes = 0
            return items

    def _muxed(self, items: list[_Item]) -> bytes:
        if self._muxer is None:
            options = _OPTIONS[self._wrap.format]
            self._muxer = Muxer(self._sink, self.info, self._wrap, options=options)
            self._muxer.begin()
        for info, packet in items:
            if info is not self.info:
                self.close()  # whoever looks opens it again, with the new format
                break
            if packet.at_us >= self._timing.start_us:
                pts, dts = self._timing.place(info, packet)
                self._muxer.write(packet, pts=pts, dts=dts)
        return self._sink.taken()
