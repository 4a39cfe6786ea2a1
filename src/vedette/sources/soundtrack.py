"""The sound of one opening: copied or turned into AAC, and placed beside the pictures."""

from collections import deque
from collections.abc import Iterator
from typing import Any

import av

from vedette.contracts.packet import Packet
from vedette.sources.aac import Piece
from vedette.sources.container import Opened
from vedette.sources.sound import SoundTime, VideoTime
from vedette.sources.stats import SourceStats
from vedette.sources.timemap import Stamp

MOST_PACKET_BYTES = 2**20
_HELD = 64
"""Packets that wait for the first picture."""


class Soundtrack:
    """Belongs to the thread of its stream. Damage costs sound, never the video."""

    def __init__(self, opened: Opened, timeline: VideoTime, stats: SourceStats) -> None:
        self.index = -1 if opened.sound is None else opened.sound.index
        """Of its packets in the container; -1 where there is no sound."""
        self._encoder = opened.encoder
        self._stats = stats
        self._held: deque[Any] = deque(maxlen=_HELD)
        self._time: SoundTime | None = None
        if opened.info.audio is not None:
            self._time = SoundTime(
                timeline,
                time_base=opened.info.audio.time_base,
                video_base=opened.info.time_base,
                stats=stats,
            )

    def take(self, opened: Opened) -> None:
        """Go on with another container of the same format."""
        self.index = -1 if opened.sound is None else opened.sound.index
        self._encoder = opened.encoder
        self._held.clear()

    def hold(self, raw: Any) -> None:
        """Keep a packet until there is a picture to place it by."""
        self._held.append(raw)

    def held(self) -> Iterator[Packet]:
        """What waited."""
        while self._held:
            yield from self.packets(self._held.popleft())

    def packets(self, raw: Any) -> Iterator[Packet]:
        """What one packet of the container becomes, as far as it has a place in time."""
        for piece in self._pieces(raw):
            stamp = self._time and self._time.stamp(piece.pts, piece.duration)
            if isinstance(stamp, Stamp):
                self._stats.audio_packets += 1
                self._stats.audio_bytes += len(piece.data)
                yield Packet(
                    data=piece.data,
                    pts=stamp.pts,
                    dts=stamp.dts,
                    duration=piece.duration,
                    is_keyframe=False,
                    at_us=stamp.at_us,
                    is_audio=True,
                )

    def _pieces(self, raw: Any) -> list[Piece]:
        try:
            if not raw.is_corrupt and raw.size <= MOST_PACKET_BYTES:
                if self._encoder is not None:
                    return list(self._encoder.encode(raw))
                return [Piece(bytes(raw), raw.pts, raw.duration or 0)]
        except av.FFmpegError:
            pass
        self._stats.audio_dropped += 1
        return []
