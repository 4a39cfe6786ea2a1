"""A camera's endless stream, spliced from the groups of pictures of a base stream in memory.

Bytes are made as a network would bring them: FLV tags (the simplest container there is), one per
read, so that each camera has a real demuxer of its own and never reads ahead.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.fleet_media import FRAME_US, GOP_S, STORM_GOPS, WALK_GOPS, Base, plan
from benchmarks.media import FPS, GOP
from benchmarks.scenes import Seen

_HEADER = b"FLV\x01\x01\x00\x00\x00\x09\x00\x00\x00\x00"
_VIDEO = 9
_AVC = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """What happens at a camera, group by group."""

    base: Base
    gops: tuple[int, ...]
    """Groups of the base stream, in the order in which they are sent."""
    walks_s: tuple[float, ...]
    """When somebody begins to walk by, in seconds of the camera's stream."""

    def picture(self, number: int) -> int:
        """Number in the base stream of a picture of the camera's stream."""
        return self.gops[number // GOP % len(self.gops)] * GOP + number % GOP

    def seen(self, at_us: int) -> tuple[Seen, ...]:
        """Who is in the picture at a time of the stream."""
        return self.base.truth[self.picture(round(at_us / FRAME_US))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """How busy a fleet is."""

    busy: float
    """Part of the time that somebody walks by."""
    storms_s: tuple[float, ...] = ()
    """When the light changes at every camera, within a second of each other."""
    quiet_s: float = 0.0
    """At least so long between two walks."""


LEARN_S = 30.0
"""In the first seconds every camera sees its place, and somebody walk by, as it would on its first
day; what follows is what is measured."""
_LESSON = 5
"""The group with which that walk begins."""


def shift(base: Base, activity: Activity, length_s: float, seed: int) -> Shift:
    """Walks at random times (a Poisson process), storms at those of everybody."""
    rng = np.random.default_rng((seed, base.number))
    whole = plan()
    count = round(length_s / GOP_S)
    quiet = list(whole.quiet)
    gops = [quiet[(number + int(rng.integers(50))) % len(quiet)] for number in range(count)]
    free = np.ones(count, dtype=bool)
    for storm_s in activity.storms_s:
        first = round(storm_s / GOP_S)
        for step in range(min(STORM_GOPS, count - first)):
            gops[first + step], free[first + step] = whole.storm + step, False
    free[: round(LEARN_S / GOP_S)] = False
    lesson = int(rng.choice(whole.walks))
    gops[_LESSON : _LESSON + WALK_GOPS] = range(lesson, lesson + WALK_GOPS)
    walks_s = []
    at = 0.0
    mean = WALK_GOPS / max(activity.busy, 1e-9) - WALK_GOPS - activity.quiet_s / GOP_S
    while True:
        at += max(rng.exponential(max(mean, 0.1)), 0.0) + activity.quiet_s / GOP_S
        first = round(at)
        if first + WALK_GOPS > count:
            break
        if free[first : first + WALK_GOPS].all():
            walk = int(rng.choice(whole.walks))
            gops[first : first + WALK_GOPS] = range(walk, walk + WALK_GOPS)
            walks_s.append(first * GOP_S)
        at += WALK_GOPS
    return Shift(base=base, gops=tuple(gops), walks_s=tuple(walks_s))


class Feed:
    """A file that libav reads: the camera's stream, a tag at a time; the end is its end."""

    def __init__(self, script: Shift, pictures: int) -> None:
        self._tags = self._make(script, pictures)
        self._rest = b""

    def read(self, size: int) -> bytes:
        """At most `size` bytes, at most one tag."""
        if not self._rest:
            self._rest = next(self._tags, b"")
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken

    @staticmethod
    def _make(script: Shift, pictures: int) -> Iterator[bytes]:
        yield _HEADER + tag(0, script.base.extradata, config=True, key=True)
        for number in range(pictures):
            data = script.base.packet(script.picture(number))
            yield tag(number * 1000 // FPS, data, config=False, key=number % GOP == 0)


def tag(at_ms: int, data: bytes, *, config: bool, key: bool) -> bytes:
    """An FLV tag of H.264 (Adobe, Video File Format Specification 10.1, annex E)."""
    kind = (1 if key else 2) << 4 | _AVC
    size = len(data) + 5
    header = bytes((_VIDEO, size >> 16, size >> 8 & 255, size & 255))
    time = (at_ms & 0xFFFFFF).to_bytes(3, "big") + (at_ms >> 24 & 255).to_bytes(1, "big")
    body = bytes((kind, 0 if config else 1, 0, 0, 0))
    return b"".join((header, time, b"\x00\x00\x00", body, data, (size + 11).to_bytes(4, "big")))


def write(script: Shift, pictures: int, path: Path) -> None:
    """The camera's stream as a file, for contestants who read files."""
    with path.open("wb") as file:
        feed = Feed(script, pictures)
        while data := feed.read(1 << 20):
            file.write(data)


def half_and_half(bases: Sequence[Base], count: int) -> list[Base]:
    """A base stream per camera: every second one at a variable rate, the others constant."""
    by_rate = [[base for base in bases if base.rate == rate] for rate in ("vbr", "cbr")]
    return [by_rate[n % 2][n // 2 % len(by_rate[n % 2])] for n in range(count)]
