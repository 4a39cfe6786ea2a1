"""What has to go: what has expired, then the oldest until size and age are kept. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from vedette.contracts.lifecycle import RetentionClass
from vedette.store.artifacts import Kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """What is kept; None for no limit."""

    max_bytes: int | None = 10 * 1000**3
    max_age: timedelta | None = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Artifacts (UUID) and segments (int) that have to go."""

    expired: tuple[UUID | int, ...]
    aged: tuple[UUID | int, ...]
    over_budget: tuple[UUID | int, ...]
    freed_bytes: int
    stopped: bool
    """True where what follows is younger, and the rest fits."""


def choose(page: Sequence[Kept], *, total_bytes: int, keep: Retention, now: datetime) -> Choice:
    """Which of these go: all that have expired or are too old, then the oldest until the rest fits.

    One with an end of its own goes at that end, not at the age of all; the size holds for it too.
    Artifacts of an open event and those of the class `keep` stay whatever happens; they count
    towards the total.

    Args:
        page: artifacts and segments: some that have expired, or the oldest first.
        total_bytes: of all of them, these and the others.
    """
    free = [i for i in page if not i.event_open and i.retention_class is not RetentionClass.KEEP]
    expired = [item for item in free if _expired(item, now)]
    aged = [item for item in free if item.expires_at is None and _old(item, keep, now)]
    ended = {item.id for item in (*expired, *aged)}
    left = total_bytes - sum(item.size_bytes for item in (*expired, *aged))
    over: list[Kept] = []
    for item in free:
        if _fits(left, keep):
            break
        if item.id not in ended:
            over.append(item)
            left -= item.size_bytes
    return Choice(
        expired=tuple(item.id for item in expired),
        aged=tuple(item.id for item in aged),
        over_budget=tuple(item.id for item in over),
        freed_bytes=total_bytes - left,
        stopped=_fits(left, keep)
        and not all(_expired(item, now) or _old(item, keep, now) for item in page),
    )


def _expired(item: Kept, now: datetime) -> bool:
    return item.expires_at is not None and item.expires_at <= now


def _old(item: Kept, keep: Retention, now: datetime) -> bool:
    return keep.max_age is not None and now - item.stored_at > keep.max_age


def _fits(left_bytes: int, keep: Retention) -> bool:
    return keep.max_bytes is None or left_bytes <= keep.max_bytes
