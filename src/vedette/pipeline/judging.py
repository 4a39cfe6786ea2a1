"""Zones and rules of one camera, with what they remember; others may come between two pictures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from vedette.contracts.sample import Samples
from vedette.contracts.sight import Tracks
from vedette.contracts.verdict import RuleVerdict, Verdict
from vedette.rules.build import BuiltRule
from vedette.zones.zones import Zones

Said = tuple[BuiltRule, Sequence[RuleVerdict]]
"""A rule, and its verdicts."""


@dataclass(slots=True, kw_only=True)
class Judging:
    """Belongs to the camera's thread."""

    zones: Zones
    rules: tuple[BuiltRule, ...]
    _zone_state: Any = None
    _rule_states: list[Any] = field(default_factory=list)
    _blind_us: int = -1
    """When rules about the camera itself were asked last."""

    def restart(self, *, also_blind: bool = True) -> None:
        """Remember nothing of the scene; of the camera itself, where that is said, too."""
        self._zone_state = self.zones.start()
        before = dict(zip((built.id for built in self.rules), self._rule_states, strict=False))
        self._rule_states = [
            before[built.id]
            if built.blind and not also_blind and built.id in before
            else built.rule.start()
            for built in self.rules
        ]

    def locate(self, tracks: Tracks, tampering: str = "") -> tuple[Samples, tuple[Verdict, ...]]:
        """What rules see of this moment, and what is new of tracks and zones."""
        self._zone_state, samples, verdicts = self.zones.step(self._zone_state, tracks)
        return replace(samples, tampering=tampering) if tampering else samples, verdicts

    def step(self, samples: Samples) -> Iterator[Said]:
        """Each rule, with what it says of this moment.

        Without a picture only those about the camera itself. These are asked in order of time: a
        picture that was on its way longer than the last look at the camera tells them nothing.
        """
        late = samples.at_us <= self._blind_us
        self._blind_us = max(self._blind_us, samples.at_us)
        for index, built in enumerate(self.rules):
            if late if built.blind else samples.away:
                continue
            state, verdicts = built.rule.step(self._rule_states[index], samples)
            self._rule_states[index] = state
            yield built, verdicts

    def finish(self, at_us: int, code: str, *, also_blind: bool = True) -> Iterator[Said]:
        """Each rule, with what it says at the end; `restart` afterwards."""
        for state, built in zip(self._rule_states, self.rules, strict=True):
            if also_blind or not built.blind:
                yield built, built.rule.finish(state, at_us, code)

    def exchange(
        self, zones: Zones, rules: Sequence[BuiltRule], at_us: int, code: str
    ) -> list[Said]:
        """Other zones and rules from now on; tracks go on, and so do rules that are not concerned.

        Returns:
            The end of each rule that is not there any more, or is another one now.
        """
        same_zones = zones.config == self.zones.config
        known = dict(zip((built.id for built in self.rules), self._rule_states, strict=True))
        before = {built.id: built for built in self.rules}
        ended: list[Said] = []
        kept: dict[str, BuiltRule] = {}
        for built in self.rules:
            fresh = next((each for each in rules if each.id == built.id), None)
            if fresh is not None and _goes_on(built, fresh, same_zones=same_zones):
                kept[built.id] = before[built.id]
            else:
                ended.append((built, built.rule.finish(known[built.id], at_us, code)))
        if not same_zones:
            self.zones, self._zone_state = zones, zones.start()
        self.rules = tuple(kept.get(each.id, each) for each in rules)
        self._rule_states = [
            known[each.id] if each.id in kept else each.rule.start() for each in self.rules
        ]
        return ended


def _goes_on(old: BuiltRule, new: BuiltRule, *, same_zones: bool) -> bool:
    """True where it is the same rule, about the same place."""
    somewhere = old.zone is not None or old.line is not None
    alike = old.kind == new.kind and old.config == new.config and old.config is not None
    return alike and (same_zones or not somewhere)
