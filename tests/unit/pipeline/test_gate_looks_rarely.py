"""While packet sizes tell of motion, keyframes are only a safeguard, and are decoded rarely."""

from dataclasses import dataclass
from itertools import pairwise

from tests.unit.pipeline.gate_rig import Watcher, between, stream_of
from vedette.contracts.frame import Frame
from vedette.contracts.sight import NO_BOXES, Motion
from vedette.pipeline.gate_plan import GateMode, GatePlan

BUSY = between((20.0, 30.0))
CLOSED_FROM = 60 * 25


def sizes(at_s: float) -> int:
    """Four times as much where somebody moves."""
    return 800 if BUSY(at_s) else 200


@dataclass(slots=True, kw_only=True)
class Yard(Watcher):
    """A watcher in whose view something stands, or nothing."""

    occupied: bool = False

    def see(self, seen: Frame) -> None:
        Watcher.see(self, seen)
        still = Motion(fraction=0.0, boxes=NO_BOXES, active=False, code="learning")
        if not self.gate.is_open:
            self.gate.saw(seen.at_us, still, unsettled=False, watching=self.occupied)


def keyframes(yard: Watcher) -> list[int]:
    """Numbers of the keyframes that were decoded in the last minute."""
    return [number for number in yard.stream.decoded if number >= CLOSED_FROM]


def test_where_sizes_tell_a_keyframe_is_decoded_every_six_seconds() -> None:
    yard = Watcher(moving=BUSY)
    yard.take(stream_of(120, sizes=sizes))

    assert yard.gate.sizes.tell
    looked = keyframes(yard)
    assert {later - earlier for earlier, later in pairwise(looked)} == {150}


def test_where_sizes_do_not_tell_every_keyframe_is_decoded() -> None:
    yard = Watcher(moving=BUSY)
    yard.take(stream_of(120))

    assert keyframes(yard) == list(range(CLOSED_FROM, 120 * 25, 50))


def test_the_mode_keyframe_decodes_every_keyframe() -> None:
    yard = Watcher(plan=GatePlan(mode=GateMode.KEYFRAME), moving=BUSY)
    yard.take(stream_of(120, sizes=sizes))

    assert keyframes(yard) == list(range(CLOSED_FROM, 120 * 25, 50))


def test_while_something_stands_in_view_every_keyframe_is_decoded() -> None:
    yard = Yard(moving=BUSY, occupied=True)
    yard.take(stream_of(120, sizes=sizes))

    assert keyframes(yard)[1:] == list(range(CLOSED_FROM + 50, 120 * 25, 50))
