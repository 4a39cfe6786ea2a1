"""What the decode gate is asked for, and what it orders: settings and answers, no decisions."""

from dataclasses import dataclass
from enum import StrEnum

from vedette.contracts.packet import Packet

LOOK_S = 0.5
"""While closed, keyframes that follow each other faster than this are not all decoded."""
RARE_LOOK_S = 5.0
"""The same while packet sizes tell of whatever moves, and nothing is in view."""
ANSWER_S = 0.5
"""From a decoded frame to the alert, with some reserve."""


class GateMode(StrEnum):
    ADAPTIVE = "adaptive"
    """Closed: keyframes are decoded, and the sizes of packets watched."""
    KEYFRAME = "keyframe"
    """Closed: keyframes are decoded."""
    ALWAYS = "always"
    """Never closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatePlan:
    """What one camera's settings say of its gate."""

    mode: GateMode | None = GateMode.ADAPTIVE
    """None: whatever `alert_within_s` demands."""
    alert_within_s: float | None = None
    close_after_s: float = 10.0
    fps: float = 5.0
    """Frames that are analysed: where every packet is a keyframe, others need no decoding."""
    max_bytes: int = 64 * 1024 * 1024
    """Most that is held for a second decoding."""

    def choose(self, gop_s: float, *, sizes_tell: bool) -> GateMode:
        """The mode that is asked for, or the cheapest that is fast enough.

        Args:
            gop_s: distance of keyframes; 0.0 while unknown.
            sizes_tell: packet sizes were seen to tell busy from idle.
        """
        if self.mode is not None:
            return self.mode
        within_s = self.alert_within_s
        if within_s is None:
            return GateMode.ADAPTIVE
        if not gop_s:
            return GateMode.ALWAYS
        if delay_s(GateMode.KEYFRAME, gop_s, sizes_tell=sizes_tell) <= within_s:
            return GateMode.KEYFRAME
        if delay_s(GateMode.ADAPTIVE, gop_s, sizes_tell=sizes_tell) <= within_s:
            return GateMode.ADAPTIVE
        return GateMode.ALWAYS


def delay_s(mode: GateMode, gop_s: float, *, sizes_tell: bool) -> float:
    """How long after something begins an alert may come, at worst, while the gate is closed."""
    if mode is GateMode.ALWAYS:
        return ANSWER_S
    if mode is GateMode.ADAPTIVE and sizes_tell:
        return 2 * ANSWER_S
    return max(gop_s, LOOK_S) + ANSWER_S


class Task(StrEnum):
    GO_ON = "go_on"
    """Decode these; more follows."""
    ALONE = "alone"
    """Decode this keyframe, with nothing before it and nothing after."""
    PROBE = "probe"
    """The same, and open the gate if it shows motion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to decode now."""

    task: Task
    packets: tuple[Packet, ...]
    """In decoding order; the first one of a fresh order is a keyframe."""
    epoch: int
    """An order of another epoch than the gate's is void."""
    fresh: bool
    """Nothing of what the decoder knows counts any more."""
