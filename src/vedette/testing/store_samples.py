"""Events, artifacts, messages and tracks to fill a store with, in tests."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from vedette.contracts.artifact import Artifact, ArtifactKind
from vedette.contracts.event import Event, EventState, Severity
from vedette.contracts.notice import Notice
from vedette.contracts.sink import NewSegment, TrackRecord
from vedette.contracts.verdict import Verdict
from vedette.kit.clock import to_us
from vedette.kit.ids import alert_id, artifact_id, event_id
from vedette.store.places import Camera, Site
from vedette.store.scope import SiteScope
from vedette.store.store import Store

NOON = datetime(2026, 3, 14, 12, 0, 0, tzinfo=UTC)
HOME = SiteScope("home")
BOTH = SiteScope({"home", "farm"})


def make_event(number: int = 0, **changes: Any) -> Event:
    """An open event of site `home`; `number` is its second after noon."""
    started = NOON + timedelta(seconds=number)
    fields: dict[str, Any] = {
        "site_id": "home",
        "camera_id": "yard",
        "rule_id": "visitor",
        "event_type": "enter",
        "severity": Severity.INFO,
        "label": "person",
        "zone_id": "lawn",
        "dedupe_key": f"track-{number}",
        "track_ids": (f"yard/s1/{number}",),
        "state": EventState.OPEN,
        "started_at": started,
        "opened_at": started + timedelta(seconds=1),
        "updated_at": started + timedelta(seconds=1),
        "score": 0.75,
        "box": (0.1, 0.2, 0.3, 0.4),
        "numbers": {"dwell_s": 1.5},
        **changes,
    }
    identity = event_id(
        fields["site_id"],
        fields["camera_id"],
        fields["rule_id"],
        fields["dedupe_key"],
        to_us(fields["started_at"]),
    )
    return Event(id=identity, **fields)


def make_artifact(
    event: Event, kind: ArtifactKind = ArtifactKind.SNAPSHOT, revision: int = 1
) -> Artifact:
    """The row of a file that nobody wrote."""
    return Artifact(
        id=artifact_id(event.id, kind.value, revision),
        event_id=event.id,
        site_id=event.site_id,
        camera_id=event.camera_id,
        kind=kind,
        revision=revision,
        storage_path=f"{event.site_id}/{event.camera_id}/2026-03-14/{event.id}/{kind}-{revision}.x",
        media_type="image/jpeg",
        size_bytes=1000,
        sha256="0" * 64,
        started_at=event.started_at,
    )


def make_notice(event: Event) -> Notice:
    """What a person would be told of an event."""
    return Notice(
        alert_id=alert_id(event.id),
        event_id=event.id,
        site_id=event.site_id,
        camera_id=event.camera_id,
        rule_id=event.rule_id,
        event_type=event.event_type,
        severity=event.severity,
        title="person in lawn (yard)",
        text="A person entered the lawn.",
        at=event.opened_at,
        picture=b"\xff\xd8 a picture",
    )


def make_track(number: int = 1, camera_id: str = "yard") -> TrackRecord:
    """A finished track of ten seconds."""
    begin = to_us(NOON) + number * 1_000_000
    return TrackRecord(
        id=f"{camera_id}/s1/{number}",
        camera_id=camera_id,
        label="person",
        t0_us=begin,
        t1_us=begin + 10_000_000,
        median_score=0.75,
        best_score=0.875,
        samples=50,
        path=bytes(range(256)),
        zones=("lawn",),
    )


def make_segment(second: int = 0, *, length_s: int = 10, camera_id: str = "yard") -> NewSegment:
    """A recorded file that nobody wrote; `second` is its start after noon."""
    started_us = to_us(NOON) + second * 1_000_000
    return NewSegment(
        camera_id=camera_id,
        started_us=started_us,
        ended_us=started_us + length_s * 1_000_000,
        path=f"home/{camera_id}/2026-03-14/12/{started_us}.mp4",
        media_type="video/mp4",
        codec="h264",
        width=1280,
        height=720,
        packets=250,
        size_bytes=1000,
        sha256="0" * 64,
        has_audio=True,
    )


def make_verdict(code: str, track: int = 1, camera_id: str = "yard") -> Verdict:
    """One line of the ledger."""
    return Verdict(
        camera_id=camera_id,
        track=track,
        stage="rules",
        at_us=to_us(NOON),
        code=code,
        numbers={"dwell_s": 1.5, "needed_s": 10.0, "zone": "lawn"},
    )


async def with_places(store: Store) -> Store:
    """Add two sites with a camera each: home/yard and farm/barn."""
    async with store.write() as unit:
        await unit.sites(BOTH).save([Site(id="home", name="Home"), Site(id="farm", name="Farm")])
        await unit.cameras(BOTH).save(
            [
                Camera(id="yard", site_id="home", name="Yard"),
                Camera(id="barn", site_id="farm", name="Barn"),
            ]
        )
    return store


async def add_events(store: Store, events: Sequence[Event]) -> None:
    async with store.write() as unit:
        for event in events:
            await unit.events(BOTH).save(event, now=unit.now)
