"""What has to go, so that what is kept stays within its size and age: the oldest first. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from vedette.store.artifacts import Kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """What is kept; None for no limit."""

    max_bytes: int | None = 10 * 1000**3
    max_age: timedelta | None = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Artifacts (UUID) and segments (int) that have to go."""

    aged: tuple[UUID | int, ...]
    over_budget: tuple[UUID | int, ...]
    freed_bytes: int
    stopped: bool
    """True where what follows is younger, and the rest fits."""


def choose(
    oldest_first: Sequence[Kept], *, total_bytes: int, keep: Retention, now: datetime
) -> Choice:
    """Which of these go: all that are too old, then the oldest until the rest fits.

    Artifacts of an open event stay whatever happens; they count towards the total.

    Args:
        oldest_first: a page of artifacts and segments.
        total_bytes: of all of them, these and the others.
    """
    aged: list[UUID | int] = []
    over: list[UUID | int] = []
    freed = 0
    for item in oldest_first:
        if item.event_open:
            continue
        if keep.max_age is not None and now - item.stored_at > keep.max_age:
            aged.append(item.id)
        elif keep.max_bytes is not None and total_bytes - freed > keep.max_bytes:
            over.append(item.id)
        else:
            return Choice(
                aged=tuple(aged), over_budget=tuple(over), freed_bytes=freed, stopped=True
            )
        freed += item.size_bytes
    return Choice(aged=tuple(aged), over_budget=tuple(over), freed_bytes=freed, stopped=False)
