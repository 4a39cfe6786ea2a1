"""Numbered packets, a decoder that insists on what they refer to, and scripted motion."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from vedette.contracts.frame import Frame
from vedette.contracts.packet import Packet, StreamInfo
from vedette.contracts.sight import NO_BOXES, Motion
from vedette.pipeline.decode_gate import DecodeGate
from vedette.pipeline.decoding import Decoding
from vedette.pipeline.effort import Effort
from vedette.pipeline.gate_plan import GateMode, GatePlan
from vedette.sources.stats import SourceStats
from vedette.testing.fakes import FakeClock

US = 1_000_000
PLANE = np.zeros((2, 2), dtype=np.uint8)


def packet(
    number: int, *, key: bool, fps: float = 25.0, size: int = 200, data: bytes = b""
) -> Packet:
    """The access unit of frame `number`; time counts from 100 s."""
    return Packet(
        data=data or bytes(size),
        pts=number,
        dts=number,
        duration=1,
        is_keyframe=key,
        at_us=100 * US + round(number * US / fps),
    )


def stream_of(
    seconds: float,
    *,
    gop_s: float = 2.0,
    fps: float = 25.0,
    sizes: Callable[[float], int] | None = None,
) -> Iterator[Packet]:
    """Packets as an IP camera sends them.

    Args:
        sizes: bytes of a packet between keyframes, by second.
    """
    gop = max(1, round(gop_s * fps))
    for number in range(round(seconds * fps)):
        size = 200 if sizes is None else sizes(number / fps)
        key = number % gop == 0
        yield packet(number, key=key, fps=fps, size=6000 if key else size)


class PickyStream:
    """Decodes one frame from each packet, and nothing whose predecessor it did not decode."""

    def __init__(
        self, codec: str = "h264", *, skippable: bool = False, delayed: bool = False
    ) -> None:
        """`delayed`: a frame comes out with the next packet, as where there are B frames."""
        self.info = StreamInfo(
            codec=codec, width=2, height=2, time_base=Fraction(1, 25), frame_rate=25.0
        )
        self.stats = SourceStats()
        self.decoded: list[int] = []
        self.flushes = 0
        self._skippable = skippable
        self._delayed = delayed
        self._inside: list[Frame] = []
        self._last: int | None = None

    def packets(self) -> Iterator[Packet]:
        return iter(())

    def decode(self, packet: Packet) -> Sequence[Frame]:
        if not packet.is_keyframe:
            assert self._last is not None, f"packet {packet.pts} refers to nothing"
            follows = packet.pts > self._last if self._skippable else packet.pts == self._last + 1
            assert follows, f"packet {packet.pts} after {self._last}"
        self._last = packet.pts
        self.decoded.append(packet.pts)
        self._inside.append(frame(packet))
        return [self._inside.pop(0)] if len(self._inside) > self._delayed else []

    def flush(self) -> Sequence[Frame]:
        self.flushes += 1
        self._last = None
        inside, self._inside = self._inside, []
        return inside

    def close(self) -> None:
        """Nothing is open."""


def frame(packet: Packet) -> Frame:
    return Frame(
        camera_id="yard", number=packet.pts + 1, at_us=packet.at_us, y=PLANE, u=PLANE, v=PLANE
    )


@dataclass(slots=True, kw_only=True)
class Watcher:
    """A gate with its decoder, and stages for which motion is what a script says it is."""

    plan: GatePlan = field(default_factory=lambda: GatePlan(mode=GateMode.ADAPTIVE))
    moving: Callable[[float], bool] = lambda second: False
    unsettled: Callable[[float], bool] = lambda second: False
    stream: PickyStream = field(default_factory=PickyStream)
    seen: list[int] = field(default_factory=list)
    """Numbers of the frames that went on to the stages."""
    gate: DecodeGate = field(init=False)
    decoding: Decoding = field(init=False)

    def __post_init__(self) -> None:
        self.gate = DecodeGate(plan=self.plan)
        self.decoding = Decoding(
            camera_id="yard",
            gate=self.gate,
            effort=Effort(),
            clock=FakeClock(),
            lock=threading.RLock(),
            see=self.see,
            moves=lambda seen: self.moving(second(seen.at_us)),
        )
        self.decoding.begin(self.stream)

    def take(self, packets: Iterator[Packet]) -> None:
        for one in packets:
            self.decoding.take(self.stream.info, one, one, busy=False)

    def see(self, seen: Frame) -> None:
        if self.gate.seen_us is not None and seen.at_us <= self.gate.seen_us:
            return
        self.gate.seen_us = seen.at_us
        self.seen.append(seen.number - 1)
        at_s = second(seen.at_us)
        moving = self.moving(at_s)
        motion = Motion(
            fraction=0.0, boxes=NO_BOXES, active=moving, code="motion" if moving else "quiet"
        )
        self.gate.saw(seen.at_us, motion, unsettled=self.unsettled(at_s))


def second(at_us: int) -> float:
    """Seconds since the first packet."""
    return (at_us - 100 * US) / US


def between(*spans: tuple[float, float]) -> Callable[[float], bool]:
    """True within one of the spans, in seconds."""
    return lambda at_s: any(start <= at_s < end for start, end in spans)
