"""The watch over a camera's loop: stuck is stuck, and waiting is not."""

from concurrent.futures import Future
from fractions import Fraction
from typing import Any

import pytest

from tests.unit.pipeline.gate_rig import PickyStream, packet
from vedette.contracts.errors import SourceLost
from vedette.contracts.frame import Frame
from vedette.contracts.packet import Packet
from vedette.contracts.sight import Detections
from vedette.link.box import Doing, Side
from vedette.pipeline.watch import Patience, Progress, WatchedSource, WatchedStream, stuck_for_s
from vedette.testing.fakes import FakeClock
from vedette.testing.scripted import ScriptedSource, drawn

PATIENCE = Patience(working_s=15.0, decoding_s=2.5, opening_s=120.0)


def progress(**parts: Any) -> tuple[Progress, FakeClock]:
    clock = FakeClock()
    clock.advance(100.0)
    return Progress(clock=clock, **parts), clock


@pytest.mark.parametrize(
    ("doing", "after_s", "stuck"),
    [
        (Doing.WORKING, 14.9, False),
        (Doing.WORKING, 15.1, True),
        (Doing.OPENING, 119.0, False),
        (Doing.OPENING, 121.0, True),
        (Doing.WAITING, 10_000.0, False),
        (Doing.NOTHING, 10_000.0, False),
    ],
)
def test_a_loop_is_stuck_after_its_patience(doing: Doing, after_s: float, stuck: bool) -> None:
    seen, clock = progress()
    seen.now(doing)
    clock.advance(after_s)

    assert stuck_for_s(seen, PATIENCE) == (pytest.approx(after_s) if stuck else 0.0)


def test_who_waits_for_the_detector_is_not_stuck() -> None:
    seen, clock = progress()
    answer: Future[Detections] = Future()
    sides: list[tuple[Side, bool]] = []
    seen.note_side = lambda side, busy: sides.append((side, busy))
    ask = seen.detecting(lambda frame: answer)
    seen.now(Doing.WORKING)
    ask(drawn(1))
    clock.advance(60.0)
    assert stuck_for_s(seen, PATIENCE) == 0.0

    answer.set_result(Detections.none(("person",)))
    assert stuck_for_s(seen, PATIENCE) == pytest.approx(60.0)
    assert sides == [(Side.DETECTING, True), (Side.DETECTING, False)]


def test_a_packet_that_is_decoded_for_seconds_is_stuck_also_beside_a_detector_at_work() -> None:
    seen, clock = progress(asked=Future())
    seen.now(Doing.WAITING)  # packets go on: another thread decodes
    with seen.decoding():
        clock.advance(2.4)
        assert stuck_for_s(seen, PATIENCE) == 0.0
        clock.advance(0.2)
        assert stuck_for_s(seen, PATIENCE) == pytest.approx(2.6)
    assert stuck_for_s(seen, PATIENCE) == 0.0


def test_a_decoder_that_fails_is_not_decoding_any_more() -> None:
    seen, clock = progress()
    with pytest.raises(SourceLost), seen.decoding():
        raise SourceLost("damaged")
    clock.advance(60.0)
    assert stuck_for_s(seen, PATIENCE) == 0.0


def test_pictures_that_are_not_looked_at_while_packets_come_are_a_stuck_loop() -> None:
    looked_s = 100.0
    seen, clock = progress(looking_s=lambda: looked_s)
    for _ in range(20):  # a packet a second, and the other thread does not move
        seen.now(Doing.WORKING)
        seen.now(Doing.WAITING)
        clock.advance(1.0)
    assert stuck_for_s(seen, PATIENCE) == pytest.approx(19.0)

    looked_s = clock.monotonic()
    assert stuck_for_s(seen, PATIENCE) == 0.0


def test_a_camera_that_sends_nothing_is_not_stuck_whatever_was_looked_at() -> None:
    seen, clock = progress(looking_s=lambda: 100.0)
    seen.now(Doing.WAITING)
    clock.advance(1000.0)
    assert stuck_for_s(seen, PATIENCE) == 0.0


def test_a_source_tells_what_its_camera_does() -> None:
    seen, _ = progress()
    noted: list[str] = []
    seen.note = lambda doing: noted.append(doing.name.lower())
    seen.note_side = lambda side, busy: noted.append(f"{side.name.lower()} {busy}")
    source = WatchedSource(ScriptedSource([drawn(1), drawn(2)]), seen)
    assert str(source) == "a script"
    assert source.live

    stream = source.open()
    assert stream.info.time_base == Fraction(1, 1_000_000)
    for one in stream.packets():
        noted.append("packet")
        frames: list[Frame] = list(stream.decode(one))
        assert len(frames) == 1
    assert stream.flush() == ()
    stream.close()

    each = ["working", "packet", "decoding True", "decoding False", "waiting"]
    assert noted == ["opening", "waiting", "waiting", *each, *each, "working", "nothing"]


def test_a_source_that_cannot_be_opened_leaves_nobody_at_work() -> None:
    seen, _ = progress()
    source = WatchedSource(ScriptedSource(SourceLost("away")), seen)
    with pytest.raises(SourceLost):
        source.open()
    assert seen.doing is Doing.NOTHING


def test_what_else_a_stream_can_do_is_still_there() -> None:
    seen, _ = progress()
    inner = ScriptedSource([drawn(1)])
    source: Any = WatchedSource(inner, seen)
    assert source.opened == 0
    assert source.open().closed is inner.streams[0].closed


class Skipping(PickyStream):
    """Decodes for the sake of what follows."""

    def skip(self, packet: Packet) -> int:
        return len(self.decode(packet))


@pytest.mark.parametrize("stream", [PickyStream("vp9"), Skipping("vp9")])
def test_decoding_for_what_follows_is_noted_as_decoding(stream: PickyStream) -> None:
    noted: list[tuple[Side, bool]] = []
    told, _ = progress(note_side=lambda side, busy: noted.append((side, busy)))

    count = WatchedStream(stream, told).skip(packet(0, key=True))

    assert (count, stream.decoded) == (1, [0])
    assert noted == [(Side.DECODING, True), (Side.DECODING, False)]
