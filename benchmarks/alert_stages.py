"""Where the time of an alert goes, by the times that the product notes in its own store."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import median

_TOLD = """
    select event.opened_at, opened.created_at, alert.created_at, sent.created_at
    from notification_log alert
    join ai_event event on event.id = alert.event_id
    join outbox opened on opened.key = 'event.opened:' || json_extract(alert.payload, '$.event_id')
    join outbox sent on sent.key = 'notify.' || alert.channel || '.sent:'
        || json_extract(alert.payload, '$.alert_id')
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """Medians in milliseconds, each from the end of the one before."""

    seen: float
    """From the picture that an event opened with until the store takes the event up: the stream,
    decoding, the detector, the rule, the way to the control process, the snapshot's file."""
    stored: float
    """Until the alert is about to be noted for its channel: the event is on the disk and told."""
    sent: float
    """Until the far end has answered: the alert is on the disk, claimed, and sent."""

    def __str__(self) -> str:
        return (
            f"By the store's own times {self.seen:.0f} ms passed from the picture until the event "
            f"was taken up, {self.stored:.0f} until the alert was, {self.sent:.0f} until the "
            "webhook had answered (medians)."
        )


def stages(database: Path, since: float, until: float) -> Stages:
    """Of the alerts for events that opened between two unix times.

    Raises:
        ValueError: there was none.
    """
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as store:
        rows = [[_unix_s(text) for text in row] for row in store.execute(_TOLD)]
    chosen = [row for row in rows if since <= row[0] <= until]
    if not chosen:
        raise ValueError(f"{database} knows of no alert between {since:.0f} and {until:.0f}")
    steps = zip(*([b - a for a, b in pairwise(row)] for row in chosen), strict=True)
    seen, stored, sent = (median(step) * 1e3 for step in steps)
    return Stages(seen=seen, stored=stored, sent=sent)


def _unix_s(text: str) -> float:
    return datetime.fromisoformat(f"{text}+00:00").timestamp()
