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
    gone: dict[str, list[UUID | int]] = {"expired": [], "aged": [], "over": []}
    freed = 0
    stopped = False
    for item in page:
        reason = _reason(item, keep, now, left_bytes=total_bytes - freed)
        if reason is None:
            stopped = True
            break
        if reason and not item.event_open and item.retention_class is not RetentionClass.KEEP:
            gone[reason].append(item.id)
            freed += item.size_bytes
    return Choice(
        expired=tuple(gone["expired"]),
        aged=tuple(gone["aged"]),
        over_budget=tuple(gone["over"]),
        freed_bytes=freed,
        stopped=stopped,
    )


def _reason(item: Kept, keep: Retention, now: datetime, *, left_bytes: int) -> str | None:
    """Why it goes; empty where it stays; None where it stays with all that are younger."""
    if item.expires_at is not None and item.expires_at <= now:
        return "expired"
    aged = keep.max_age is not None and now - item.stored_at > keep.max_age
    if aged and item.expires_at is None:
        return "aged"
    if keep.max_bytes is not None and left_bytes > keep.max_bytes:
        return "over"
    return "" if aged else None
