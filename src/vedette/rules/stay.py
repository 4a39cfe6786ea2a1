"""How long has each track been where it should not be? Shared by presence and loiter."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from vedette.contracts.verdict import RuleAction, RuleVerdict
from vedette.rules.base import Judge, Judged, Refusals, refuse, reject, seconds, track_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """One track that fulfils every predicate, or did a moment ago."""

    since_us: int
    last_us: int
    """When it last fulfilled them."""
    open: bool = False

    @property
    def length_us(self) -> int:
        return self.last_us - self.since_us


@dataclass(frozen=True, slots=True, kw_only=True)
class StayState:
    """Never changed in place."""

    stays: Mapping[int, Stay] = field(default_factory=dict)
    ended_us: Mapping[int, int] = field(default_factory=dict)
    """By track: when its last stay ended, so that the next one begins later."""
    short_us: Mapping[int, int] = field(default_factory=dict)
    """By track: the longest stay that was said to be too short."""
    told: Refusals = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StayTimer:
    """Opens after `needed_us`; breaks are forgiven for `forgive_us` before and `end_us` after."""

    code: str
    """Of the OPEN."""
    needed_us: int
    forgive_us: int
    end_us: int

    def step(
        self, judge: Judge, state: StayState, judged: Judged
    ) -> tuple[StayState, list[RuleVerdict]]:
        """One moment on."""
        counted = {track for track, stay in state.stays.items() if stay.open}
        told, verdicts = refuse(judge, judged, state.told, counted)
        stays, ended_us = dict(state.stays), dict(state.ended_us)
        short_us = dict(state.short_us)
        at_us, ended = judged.samples.at_us, judged.samples.ended
        faults = dict(zip(judged.samples.ids.tolist(), judged.faults, strict=True))
        for row, (track, fault) in enumerate(faults.items()):
            if not fault:
                stay = stays.get(track) or _begin(judged, row, ended_us.get(track))
                stays[track], opened = self._go_on(track, stay, at_us)
                verdicts += opened
        for track, stay in list(stays.items()):
            fault = "lost" if track in ended else faults.get(track, "outside")
            if self._over(stay, fault, at_us):
                code = "left" if fault == "outside" else fault
                if stay.open or stay.length_us > short_us.get(track, -1):
                    verdicts.append(self._end(track, stay, at_us, code))
                if not stay.open:
                    short_us[track] = max(stay.length_us, short_us.get(track, 0))
                ended_us[track] = at_us
                del stays[track]
        for track in ended:
            ended_us.pop(track, None)
            short_us.pop(track, None)
        return StayState(stays=stays, ended_us=ended_us, short_us=short_us, told=told), verdicts

    def finish(self, state: StayState, at_us: int, code: str) -> list[RuleVerdict]:
        """Close what is open, and say of the others how far they came."""
        return [self._end(track, stay, at_us, code) for track, stay in state.stays.items()]

    def _go_on(self, track: int, stay: Stay, at_us: int) -> tuple[Stay, list[RuleVerdict]]:
        stay = replace(stay, last_us=at_us)
        if stay.open or at_us - stay.since_us < self.needed_us:
            return stay, []
        opened = RuleVerdict(
            action=RuleAction.OPEN,
            key=track_key(track),
            at_us=at_us,
            code=self.code,
            track=track,
            first_us=stay.since_us,
            numbers={"dwell_s": seconds(at_us - stay.since_us)},
        )
        return replace(stay, open=True), [opened]

    def _over(self, stay: Stay, fault: str, at_us: int) -> bool:
        if not fault:
            return False
        patience_us = self.end_us if stay.open else self.forgive_us
        return fault == "lost" or at_us - stay.last_us >= patience_us

    def _end(self, track: int, stay: Stay, at_us: int, code: str) -> RuleVerdict:
        dwell_s = seconds(stay.length_us)
        if not stay.open:
            numbers = {"dwell_s": dwell_s, "needed_s": seconds(self.needed_us)}
            return reject(track, at_us, "dwell_short", numbers)
        return RuleVerdict(
            action=RuleAction.CLOSE,
            key=track_key(track),
            at_us=at_us,
            code=code,
            track=track,
            numbers={"dwell_s": dwell_s},
        )


def _begin(judged: Judged, row: int, ended_us: int | None) -> Stay:
    """A stay since the track entered; since now, where it has ended since then."""
    at_us, since_us = judged.samples.at_us, judged.entered_us[row]
    if ended_us is not None and since_us <= ended_us:
        since_us = at_us
    return Stay(since_us=since_us, last_us=at_us)
