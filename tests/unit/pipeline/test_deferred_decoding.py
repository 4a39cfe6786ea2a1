"""What nobody looks at is decoded with what somebody looks at, or never; the same is seen."""

import threading
from collections.abc import Sequence
from itertools import pairwise

import pytest

from tests.unit.pipeline.gate_rig import PickyStream, packet, stream_of
from vedette.contracts.frame import Frame
from vedette.contracts.packet import Packet
from vedette.contracts.sight import NO_BOXES, Motion
from vedette.motion.slices import starts_anew
from vedette.pipeline.decode_gate import DecodeGate
from vedette.pipeline.decoding import Decoding
from vedette.pipeline.deferred import Deferred
from vedette.pipeline.effort import Effort
from vedette.pipeline.gate import LookGate, Sampler
from vedette.pipeline.gate_plan import GateMode, GatePlan, Order, Task
from vedette.testing.fakes import FakeClock

IDR, NOT_IDR, SPS, SEI = b"\x65", b"\x41", b"\x67", b"\x06"
START = b"\x00\x00\x00\x01"


class Camera:
    """Five frames a second of it are looked at; something always moves."""

    def __init__(self, stream: PickyStream, mode: GateMode = GateMode.ADAPTIVE) -> None:
        self.stream = stream
        self.looked: list[int] = []
        self.decoded_at: dict[int, int] = {}
        """By frame that was looked at: the packet that had just come."""
        self._came = -1
        self._look = LookGate(fps=5.0, recheck_s=2.0)
        self.gate = DecodeGate(plan=GatePlan(mode=mode))
        self.decoding = Decoding(
            camera_id="yard",
            gate=self.gate,
            effort=Effort(),
            clock=FakeClock(),
            lock=threading.RLock(),
            see=self._see,
            moves=lambda _: True,
            chosen=self._look.chooses,
        )
        self.decoding.begin(stream)

    def take(self, packets: Sequence[Packet]) -> None:
        for one in packets:
            self._came = one.pts
            self.decoding.take(self.stream.info, one, one, busy=False)

    def _see(self, seen: Frame) -> None:
        self.gate.seen_us = seen.at_us
        if self._look.samples(seen.at_us):
            self.looked.append(seen.number - 1)
            self.decoded_at[seen.number - 1] = self._came
            motion = Motion(fraction=0.1, boxes=NO_BOXES, active=True, code="motion")
            self.gate.saw(seen.at_us, motion, unsettled=False)


class SkippingStream(PickyStream):
    """Knows `skip`, and which packets were decoded for the sake of others."""

    def __init__(self) -> None:
        super().__init__("vp9")
        self.skipped: list[int] = []

    def skip(self, packet: Packet) -> int:
        self.skipped.append(packet.pts)
        return len(self.decode(packet))


def test_a_frame_that_is_looked_at_comes_at_once_and_with_it_those_between() -> None:
    stream = SkippingStream()
    camera = Camera(stream)

    camera.take(list(stream_of(1.0)))

    assert camera.looked == [0, 5, 10, 15, 20]
    assert all(number == came for number, came in camera.decoded_at.items())
    assert stream.decoded == list(range(21)), "21 to 24 still wait"
    assert stream.skipped == [n for n in range(21) if n % 5]
    assert camera.decoding.stats.frames == 16, "those that nobody sees are counted, too"


def test_what_waits_for_a_picture_when_a_keyframe_comes_is_never_decoded() -> None:
    stream = PickyStream("vp9")
    camera = Camera(stream)

    camera.take(list(stream_of(4.0, gop_s=1.0)))

    assert camera.looked == list(range(0, 100, 5))
    assert camera.gate.skipped["unsampled"] == 4 * 3, "after the last sample of three groups"
    assert len(stream.decoded) == 96 - 12


def test_what_still_waits_at_the_end_is_decoded() -> None:
    stream = PickyStream("vp9")
    camera = Camera(stream)

    camera.take(list(stream_of(1.0)))
    camera.decoding.catch_up()
    camera.decoding.catch_up()

    assert stream.decoded == list(range(25))


def test_nothing_waits_where_frames_come_out_later_than_their_packets() -> None:
    stream = PickyStream("vp9", delayed=True)
    camera = Camera(stream)

    camera.take(list(stream_of(2.0, gop_s=1.0)))

    assert stream.decoded == list(range(50))
    assert camera.looked == list(range(0, 49, 5))
    assert camera.decoded_at[5] == 6


def test_nothing_waits_where_everything_is_to_be_decoded() -> None:
    stream = PickyStream("vp9")
    camera = Camera(stream, GateMode.ALWAYS)

    camera.take(list(stream_of(1.0, gop_s=0.48)))

    assert stream.decoded == list(range(25))


def test_a_keyframe_that_does_not_begin_anew_needs_what_was_before_it() -> None:
    stream = PickyStream("h264")
    camera = Camera(stream)
    recovery = START + SEI + b"\x06" + START + NOT_IDR + bytes(90)
    packets = [packet(n, key=n % 12 == 0, data=recovery) for n in range(26)]

    camera.take(packets)

    assert stream.decoded == list(range(26))
    assert camera.gate.skipped["unsampled"] == 0


def test_large_pictures_wait_one_by_one_at_most() -> None:
    waiting = Deferred(chosen=lambda after_us, until_us: False)
    small = PickyStream("vp9").info
    sizes = {(1280, 720): 9, (1920, 1080): 4, (3840, 2160): 1}

    for (width, height), most in sizes.items():
        info = type(small)(
            codec="vp9", width=width, height=height, time_base=small.time_base, frame_rate=25.0
        )
        orders = [waiting.take(ordered(one), one, info) for one in list(stream_of(2.0))[1:]]
        waiting.rest()
        assert {len(order.packets) for order in orders if order} == {most}


def test_what_waits_is_void_when_the_gate_orders_something_else() -> None:
    waiting = Deferred(chosen=lambda after_us, until_us: False)
    info = PickyStream("vp9").info
    packets = list(stream_of(1.0))
    for one in packets[:3]:
        assert waiting.take(ordered(one), one, info) is None

    opening = Order(task=Task.GO_ON, packets=tuple(packets[:5]), epoch=2, fresh=True)
    assert waiting.take(opening, packets[4], info) is opening
    assert (waiting.void, waiting.rest()) == (3, None)


def test_a_fresh_keyframe_that_nobody_needed_leaves_the_next_one_fresh() -> None:
    waiting = Deferred(chosen=lambda after_us, until_us: False)
    info = PickyStream("vp9").info
    first, second = packet(0, key=True), packet(1, key=True)

    waiting.take(ordered(first, fresh=True), first, info)
    waiting.take(ordered(second), second, info)
    order = waiting.rest()

    assert order is not None
    assert (order.packets, order.fresh, waiting.unsampled) == ((second,), True, 1)


@pytest.mark.parametrize("fps", [1.0, 3.0, 5.0, 7.5])
@pytest.mark.parametrize("rate", [4.0, 10.0, 12.5, 25.0, 30.0])
def test_what_is_chosen_ahead_is_what_is_taken(fps: float, rate: float) -> None:
    sampler = Sampler(fps=fps)
    times_us = [10_000_000 + round(n * 1e6 / rate) for n in range(200)]

    assert sampler.chooses(-1, times_us[0])
    assert sampler.takes(times_us[0])
    for before_us, at_us in pairwise(times_us):
        ahead = sampler.chooses(before_us, at_us)
        assert sampler.takes(at_us) == ahead
    assert sampler.chooses(times_us[-1], 0), "time was put back"


def test_several_moments_ahead_are_chosen_as_if_each_had_been_taken() -> None:
    sampler = Sampler(fps=5.0)
    sampler.takes(0)
    times_us = [n * 40_000 for n in range(101)]

    ahead = [sampler.chooses(*pair) for pair in pairwise(times_us)]

    assert ahead == [n % 5 == 0 for n in range(1, 101)]


def test_every_frame_is_chosen_where_every_frame_is_looked_at() -> None:
    gate = LookGate(fps=5.0, recheck_s=2.0, every_frame=True)
    gate.samples(0)

    assert gate.chooses(0, 1)


@pytest.mark.parametrize(
    ("codec", "data", "anew"),
    [
        ("h264", START + SPS + bytes(9) + START + IDR, True),
        ("h264", START + SEI + bytes(9) + START + NOT_IDR, False),
        ("h264", b"\x00\x00\x00\x02\x67\x00\x00\x00\x00\x02\x65\x00\x00", True),
        ("h264", b"", False),
        ("hevc", START + bytes([19 << 1, 1, 0]), True),
        ("hevc", START + bytes([21 << 1, 1, 0]), False),
        ("hevc", START + bytes([1 << 1, 1, 0]), False),
        ("vp9", b"anything", True),
    ],
)
def test_which_keyframes_need_nothing_before_them(codec: str, data: bytes, anew: bool) -> None:
    assert starts_anew(codec, data) is anew


def ordered(one: Packet, *, fresh: bool = False) -> Order:
    return Order(task=Task.GO_ON, packets=(one,), epoch=1, fresh=fresh)
