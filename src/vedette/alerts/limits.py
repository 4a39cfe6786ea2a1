"""How many may be told: so many before anything is, and so many at most. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

Times = tuple[tuple[UUID, datetime], ...]
"""Of what was counted, each once: its id and its time, in the order in which it came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRule:
    """How the events of some rules become alerts, where it is not as for all."""

    rules: tuple[str, ...] = ()
    """Ids; of all rules where empty."""
    cameras: tuple[str, ...] = ()
    at_least: int = 1
    """So many events of one subject within `within_s`, before the first alert."""
    within_s: float = 600.0
    quiet_s: float | None = None
    """As for all where absent."""

    def concerns(self, camera_id: str, rule_id: str) -> bool:
        return (not self.rules or rule_id in self.rules) and (
            not self.cameras or camera_id in self.cameras
        )


PLAIN = AlertRule()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceiling:
    """So many alerts of one camera within a minute; critical ones have their own."""

    most: int = 10
    most_critical: int = 120

    def of(self, *, critical: bool) -> int:
        return self.most_critical if critical else self.most


MINUTE = timedelta(minutes=1)


def counted(times: Times, of: UUID, at: datetime, within: timedelta, most: int) -> Times:
    """One more, once; without those that are too old, at most so many of the latest."""
    if any(known == of for known, _ in times):
        return times
    recent = [each for each in times if abs(at - each[1]) <= within]
    return (*recent, (of, at))[-most:]


def pruned(times: Mapping[str, Times], at: datetime, within: timedelta) -> dict[str, Times]:
    """Without the entries in which nothing is recent."""
    return {key: held for key, held in times.items() if held and abs(at - held[-1][1]) <= within}
