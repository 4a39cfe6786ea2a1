"""Which packets are decoded: all while something happens, else a keyframe now and then. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from vedette.contracts.packet import Packet
from vedette.contracts.sight import Motion
from vedette.motion.sizes import PacketSizes
from vedette.motion.slices import dispensable
from vedette.pipeline.gate import Sampler
from vedette.pipeline.gate_plan import (
    LOOK_S,
    RARE_LOOK_S,
    GateMode,
    GatePlan,
    Order,
    Task,
    delay_s,
)
from vedette.pipeline.held import HeldPackets
from vedette.pipeline.rhythm import Rhythm
from vedette.pipeline.stats import CameraStats

EARLY_S = 0.05
"""A keyframe that comes this much too early is still the one that was meant."""
ALERTED_S = 2.0
"""An alarm that pixels do not confirm keeps the gate open for so long."""
EXTRA_S = 10.0
"""What is not settled yet keeps the gate open for so much longer."""
TRIGGER_S = 60.0
"""Who triggers and never says that it is over is not believed for longer."""
THIN, NO_DISPENSABLE, KEYFRAMES = 1, 2, 3
"""Levels of pressure, see `vedette.kit.pressure`."""

_BUSY = {("motion", True): True, ("quiet", False): False}
"""What a picture says of the sizes of its packets; other pictures say nothing."""


@dataclass(slots=True, kw_only=True)
class DecodeGate:
    """The gate of one stream. Pure: time is the packets' own.

    `take` says of each packet, in decoding order, what is to be decoded because of it; who does
    it tells `saw` what came of it. Both may be in different threads if a lock keeps them apart:
    what was ordered before the gate opened or closed is then void (`Order.epoch`).
    """

    plan: GatePlan
    codec: str = ""
    """FFmpeg's name; set by `begin`."""
    sizes: PacketSizes = field(default_factory=PacketSizes)
    rhythm: Rhythm = field(default_factory=Rhythm)
    skipped: Counter[str] = field(default_factory=Counter)
    """Packets that were not decoded, by cause: `gate`, `pressure`, `dispensable` (pressure, of
    pictures that no other one needs), `lag`, `no_keyframe`, `unsampled`, `memory` (there was none
    for looking at the picture)."""
    opened: Counter[str] = field(default_factory=Counter)
    """Openings by cause: `start`, `motion`, `sizes`, the name of a trigger ..."""
    false_alarms: int = 0
    """Openings by sizes in which no pixel moved."""
    seen_us: int | None = None
    """Time of the latest frame that was handed on."""
    is_open: bool = True
    epoch: int = 0
    """Counts openings and closings."""
    _mode: GateMode = GateMode.ALWAYS
    _chained: bool = False
    """The decoder has what the next packet refers to."""
    _cause: str = "no_keyframe"
    """Why it has not."""
    _look_us: int | None = None
    """Time of the latest keyframe that was to be decoded alone."""
    _active_us: int | None = None
    _why: str = "start"
    _confirmed: bool = False
    """Pixels moved since the gate opened."""
    _watching: bool = False
    """Something was in view when a frame was last analysed."""
    _triggers: dict[str, int] = field(default_factory=dict)
    _held: HeldPackets = field(init=False)
    _sampler: Sampler = field(init=False)
    _listens: bool = field(init=False)
    """Packet sizes may matter."""

    def __post_init__(self) -> None:
        self._held = HeldPackets(max_bytes=self.plan.max_bytes)
        self._sampler = Sampler(fps=self.plan.fps)
        self._listens = self.plan.mode in {None, GateMode.ADAPTIVE}

    @property
    def mode(self) -> GateMode:
        """As it is now: `always` also where the stream leaves no choice."""
        return GateMode.ALWAYS if self._whole else self._mode

    @property
    def may_skip(self) -> bool:
        """Not everything was asked to be decoded."""
        return self.plan.mode is not GateMode.ALWAYS

    @property
    def expected_delay_s(self) -> float:
        """How long after something begins an alert may come, at worst, while the gate is closed."""
        return delay_s(self.mode, self.rhythm.gop_s, sizes_tell=self.sizes.tell)

    @property
    def note(self) -> str:
        """What to expect, in a sentence."""
        rhythm, within = self.rhythm, f"expect alerts within {self.expected_delay_s:.1f} s"
        if rhythm.blind:
            return f"the stream has no keyframes, so every packet is decoded: {within}"
        if rhythm.too_long and self._mode is not GateMode.ALWAYS:
            return (
                f"keyframes come only every {rhythm.gop_s:.0f} s, so every packet is decoded (set "
                f"2 s in the camera to save most of the work): {within}"
            )
        if self.mode is GateMode.ALWAYS:
            return f"everything is decoded: {within}"
        sizes = self.mode is GateMode.ADAPTIVE and self.sizes.tell
        watched = "keyframes and the sizes of packets" if sizes else "keyframes"
        return f"while nothing moves, only {watched} are looked at: {within}"

    @property
    def openings(self) -> int:
        """How often it opened, without the openings of the camera itself."""
        return self.opened.total() - self.opened["start"]

    @property
    def held_bytes(self) -> int:
        """What is kept for a second decoding; most of it is in the packet ring anyway."""
        return self._held.bytes

    def note_in(self, stats: CameraStats) -> None:
        """How it is, for whoever looks at the camera."""
        stats.gate_open, stats.gate_mode = self.is_open, self.mode.value
        stats.gate_opened, stats.gate_note = self.openings, self.note
        stats.expected_delay_s = self.expected_delay_s

    def begin(self, codec: str = "") -> None:
        """The camera was opened (again): everything is looked at until it proves to be quiet."""
        self.codec = codec
        self.rhythm = Rhythm()
        self.sizes.begin()
        self._held.clear()
        self._set_open("start")
        self._chained, self._cause = False, "no_keyframe"
        self._active_us = self._look_us = None

    def trigger(self, name: str, at_us: int, *, active: bool) -> None:
        """Somebody else says that something happens since `at_us`, or that it is over; opens at
        the next packet and keeps open until it is over, a minute at most.
        """
        if active:
            self._triggers[name] = at_us
        else:
            self._triggers.pop(name, None)

    def take(self, packet: Packet, level: int = 0) -> Order | None:
        """One more packet of video; what is to be decoded now.

        Args:
            level: how hard-pressed we are, 0 to 3.
        """
        self.rhythm.add(packet)
        self._hold(packet)
        if self._triggers:
            self._expire(packet.at_us)
        loud = self._listens and self.sizes.add(
            len(packet.data), packet.at_us, key=packet.is_keyframe
        )
        if packet.is_keyframe:
            self._mode = self.plan.choose(self.rhythm.gop_s, sizes_tell=self.sizes.tell)
        if self.is_open:
            return self._live(packet, level)
        why = self._reason(loud=loud)
        if not why or level >= KEYFRAMES:
            return self._closed(packet)
        packets = self.open(why, packet.at_us, level)
        if packets:
            return self._order(Task.GO_ON, packets, fresh=True)
        return self._live(packet, level)

    def open(self, why: str, at_us: int, level: int = 0) -> tuple[Packet, ...]:
        """Open at the latest packet; the packets to decode first, with a decoder that is empty.

        They begin with the last keyframe that was seen, so that nothing after it is missed; under
        pressure with the last one that is there. Nothing where none is held.
        """
        if not self.is_open:
            self._set_open(why)
        self._active_us = at_us
        packets = self._held.after(self.seen_us, latest=level >= THIN)
        self._chained = bool(packets)
        if self.rhythm.intra:
            self._sampler.forget()
            since_us = -1 if self.seen_us is None else self.seen_us
            packets = [p for p in packets if p.at_us > since_us and self._sampler.takes(p.at_us)]
        return tuple(packets)

    def saw(self, at_us: int, motion: Motion, *, unsettled: bool, watching: bool = False) -> None:
        """A frame was analysed; closes the gate when it has been quiet for long enough.

        Args:
            at_us: its time.
            motion: what its pixels say.
            unsettled: something in view needs more looks before it is known.
            watching: something is in view, so that keyframes are looked at often.
        """
        moving, self._watching = motion.active, watching
        if self._listens:
            self.sizes.label(at_us, busy=_BUSY.get((motion.code, moving)))
        if not self.is_open:
            return
        if self._active_us is None or (moving and at_us > self._active_us):
            self._active_us = at_us
        self._confirmed = self._confirmed or moving
        if self._whole or self._triggers or not self.rhythm.gop_s:
            return
        quiet_s = (at_us - self._active_us) / 1e6
        if quiet_s >= self._patience_s + (EXTRA_S if unsettled else 0.0):
            self._close()

    def broke(self) -> None:
        """Packets were left out on the way: nothing can be decoded before the next keyframe."""
        self._chained, self._cause = False, "lag"
        self.epoch += 1

    @property
    def _patience_s(self) -> float:
        if self._confirmed or self._why in {"start", "motion"}:
            return self.plan.close_after_s
        return min(self.plan.close_after_s, ALERTED_S)

    @property
    def _whole(self) -> bool:
        """Everything must be decoded."""
        return self._mode is GateMode.ALWAYS or self.rhythm.too_long or self.rhythm.blind

    def _hold(self, packet: Packet) -> None:
        """Keep what a second decoding may need."""
        if self.may_skip:
            self._held.add(packet)
            if packet.is_keyframe:
                self._held.keep_from(self.seen_us, packet.at_us)

    def _live(self, packet: Packet, level: int) -> Order | None:
        if level >= KEYFRAMES and not self.rhythm.blind:
            self._chained, self._cause = False, "pressure"
            if packet.is_keyframe and self._due(packet):
                return self._order(Task.ALONE, (packet,), fresh=True)
            return self._skip("pressure")
        fresh = packet.is_keyframe and not self._chained
        self._chained = self._chained or packet.is_keyframe or self.rhythm.blind
        if not self._chained:
            return self._skip(self._cause)
        if level >= NO_DISPENSABLE and dispensable(self.codec, packet.data):
            return self._skip("dispensable")
        thinned = self.rhythm.intra and self.may_skip
        if thinned and not self._sampler.takes(packet.at_us):
            return self._skip("gate")
        return self._order(Task.GO_ON, (packet,), fresh=fresh)

    def _closed(self, packet: Packet) -> Order | None:
        told = self._mode is GateMode.ADAPTIVE and self.sizes.tell and not self._watching
        if packet.is_keyframe and self._due(packet, RARE_LOOK_S if told else LOOK_S):
            return self._order(Task.PROBE, (packet,), fresh=True)
        return self._skip("gate")

    def _due(self, packet: Packet, least_s: float = LOOK_S) -> bool:
        """A keyframe that is far enough from the last one that was looked at."""
        look_us = self._look_us
        gap_s = max(least_s, 1.0 / self.plan.fps) - EARLY_S
        if look_us is not None and 0 <= packet.at_us - look_us < gap_s * 1e6:
            return False
        self._look_us = packet.at_us
        return True

    def _expire(self, at_us: int) -> None:
        """Nobody is believed for ever, nor about the future."""
        for name, since_us in list(self._triggers.items()):
            self._triggers[name] = min(since_us, at_us)
            if at_us - since_us > TRIGGER_S * 1e6:
                del self._triggers[name]

    def _reason(self, *, loud: bool) -> str:
        """Why the gate must open at this packet, other than for what a picture shows."""
        if self._triggers:
            return next(iter(self._triggers))
        if self._whole:
            return "always"
        return "sizes" if loud and self._mode is GateMode.ADAPTIVE else ""

    def _set_open(self, why: str) -> None:
        self.is_open, self._why, self._confirmed = True, why, False
        self.epoch += 1
        self.opened[why] += 1

    def _close(self) -> None:
        if self._why == "sizes" and not self._confirmed:
            self.false_alarms += 1
            self.sizes.false_alarm()
        self.is_open, self._chained, self._look_us = False, False, None
        self.epoch += 1

    def _order(self, task: Task, packets: Sequence[Packet], *, fresh: bool) -> Order:
        return Order(task=task, packets=tuple(packets), epoch=self.epoch, fresh=fresh)

    def _skip(self, cause: str) -> Order | None:
        """No order, and why."""
        self.skipped[cause] += 1
        return None
