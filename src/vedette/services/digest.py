"""One message instead of a flood: what happened while a channel could not be reached. Pure."""

from collections.abc import Sequence
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from vedette.contracts.notice import MOST_ITEMS, Notice

TYPE = "digest"


def digest_of(notices: Sequence[Notice], channel: str, since: datetime, now: datetime) -> Notice:
    """What to say of several notices of one site, which went to nobody so far.

    The same notices always make the same id, so that a digest is never queued twice.

    Args:
        notices: at least one, in the order in which they came.
        since: when the channel was first missed.
    """
    first, last = notices[0], notices[-1]
    count = f"{len(notices)} alerts" if len(notices) > 1 else "1 alert"
    ids = "".join(str(each.alert_id) for each in notices)
    mine = uuid5(NAMESPACE_URL, f"digest/{channel}/{ids}")
    return Notice(
        alert_id=mine,
        event_id=mine,
        site_id=first.site_id,
        event_type=TYPE,
        severity=max((each.severity for each in notices), key=lambda each: each.rank),
        title=f"{count} while {channel} could not be reached",
        text=f"{channel} could not be reached from {_moment(since)} to {_moment(now)}. "
        "This happened meanwhile:",
        at=last.at,
        items=_lines(notices),
    )


def _lines(notices: Sequence[Notice]) -> tuple[str, ...]:
    """A line for each kind of alert: the most severe first, then in order."""
    kinds: dict[str, list[Notice]] = {}
    for each in notices:
        kinds.setdefault(each.title, []).append(each)
    groups = sorted(kinds.values(), key=lambda group: -max(n.severity.rank for n in group))
    lines = [_line(group) for group in groups]
    if len(lines) <= MOST_ITEMS:
        return tuple(lines)
    shown = MOST_ITEMS - 1
    left = sum(len(group) for group in groups[shown:])
    return (*lines[:shown], f"and {left} more")


def _line(group: Sequence[Notice]) -> str:
    title, first, last = group[0].title[:200], group[0].at, group[-1].at
    if len(group) == 1:
        return f"{first:%H:%M:%S} {title}"
    return f"{first:%H:%M:%S} to {last:%H:%M:%S} {title}, {len(group)} times"


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
