"""Tells a far end that is away from a message that it does not like, and when to try again."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from vedette.kit.supervise import backoff_s

MISSES = 3
"""So many failures in a row, of whatever messages: the far end is away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPlan:
    """How often, and how long after, a message is tried again."""

    max_attempts: int = 5
    base_s: float = 1.0
    cap_s: float = 60.0
    longest_asked_s: float = 900.0
    """A far end may ask for a longer wait than `cap_s`, but not for longer than this."""
    attempt_s: float = 120.0
    """An attempt that takes longer is given up; channels have shorter limits of their own."""
    patience_s: float = 0.0
    """While the far end is away, messages younger than this are kept, however often tried."""
    digest_over: int = 5
    """When it is back and more than so many wait, they are told as one."""

    def pause_s(self, number: int, asked_s: float | None, rng: random.Random) -> float:
        """Seconds to wait after failed attempt `number`; `asked_s` as the far end asked."""
        own_s = backoff_s(number, rng, base_s=self.base_s, cap_s=self.cap_s)
        return max(own_s, min(asked_s or 0.0, self.longest_asked_s))


@dataclass(slots=True)
class Outage:
    """Of one channel. Not stored: after a restart the first failures tell it anew."""

    misses: int = 0
    since: datetime | None = None
    """Of the first failure in a row."""
    next_at: datetime | None = None
    """When something may be tried; until then all waits."""
    reached_at: datetime | None = None
    """When a message last arrived."""
    one_by_one: bool = False
    """It refused a digest."""

    @property
    def away(self) -> bool:
        return self.misses >= MISSES

    def missed(self, now: datetime, pause_s: float) -> bool:
        """An attempt failed that may succeed later; True where the far end is away by that."""
        before = self.away
        self.misses += 1
        self.since = self.since or now
        self.next_at = now + timedelta(seconds=pause_s)
        return self.away and not before

    def reached(self, now: datetime) -> bool:
        """It answered; True where it had been away."""
        before = self.away
        self.misses, self.since, self.next_at, self.reached_at = 0, None, None, now
        self.one_by_one = False
        return before

    def keeps(self, created_at: datetime, now: datetime, patience_s: float) -> bool:
        """A message that was tried often enough is kept: nothing arrived since it waits."""
        tells = self.reached_at is not None and self.reached_at >= created_at
        return not tells and (now - created_at).total_seconds() < patience_s
