"""Events for what tells of them."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from vedette.contracts.event import Event, EventState, Severity

BEGAN = datetime(2026, 11, 21, 14, 3, 22, tzinfo=UTC)


def an_event(number: int, *tracks: str, severity: Severity = Severity.WARNING) -> Event:
    """One that is open, at the camera `yard`."""
    at = BEGAN + timedelta(seconds=number)
    return Event(
        id=UUID(int=number << 100),
        site_id="home",
        camera_id="yard",
        rule_id="visitors",
        event_type="enter",
        label="person",
        severity=severity,
        zone_id="drive",
        dedupe_key=f"track-{number}",
        track_ids=tracks,
        state=EventState.OPEN,
        started_at=at,
        opened_at=at,
        updated_at=at,
        score=0.8,
        box=(0.25, 0.25, 0.5, 0.75),
    )


def closed(event: Event) -> Event:
    """The same, five seconds later."""
    over = event.opened_at + timedelta(seconds=5)
    return event.model_copy(
        update={"state": EventState.CLOSED, "updated_at": over, "ended_at": over}
    )
