"""Why something happened, or did not, out of a data folder; the product may run."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from vedette.app.export import opened
from vedette.app.folder import DataFolder
from vedette.blobs.local import LocalBlobs
from vedette.contracts.artifact import ArtifactKind
from vedette.contracts.errors import InvalidInput, NotFound
from vedette.contracts.event import Event
from vedette.contracts.sink import TrackRecord
from vedette.contracts.verdict import Verdict
from vedette.explain.story import Story, story_of
from vedette.kit.clock import from_us
from vedette.store.notifications import Delivery
from vedette.store.scope import SiteScope
from vedette.store.unit import Unit

MOST_STORIES = 50
"""Of one moment; a busy square has more, and nobody reads them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A story, with the pictures of its events."""

    story: Story
    pictures: tuple[Path, ...] = ()


async def explain(data: Path, what: str) -> list[Explained]:
    """One event, alert or track.

    Args:
        what: id of an event or of an alert, or `camera/session/number` of a track.

    Raises:
        InvalidInput: it is neither.
        NotFound: there is none, or no product has ever used the data folder.
    """
    async with opened(data) as (store, scope), store.read() as unit:
        library = _Library(unit, scope, LocalBlobs(DataFolder(root=data).artifacts))
        if what.count("/") == 2:
            return [await library.of_track(await unit.tracks(scope).get(what))]
        try:
            number = UUID(what)
        except ValueError:
            raise InvalidInput(
                f"{what!r} is no id of an event, an alert or a track; ids of events are in "
                "messages and links, those of tracks look like yard/1700000000/12"
            ) from None
        return [await library.of_event(await library.event(number))]


async def explain_moment(
    data: Path, camera_id: str, at: datetime, around: timedelta
) -> list[Explained]:
    """Every object that a camera followed at a moment, in the order in which they came.

    Raises:
        NotFound: nothing was followed then, or no product has ever used the data folder.
    """
    async with opened(data) as (store, scope), store.read() as unit:
        library = _Library(unit, scope, LocalBlobs(DataFolder(root=data).artifacts))
        found = await unit.tracks(scope).find(
            camera_id, at - around, at + around, limit=MOST_STORIES
        )
        if not found:
            raise NotFound(
                f"{camera_id} followed nothing within {around.total_seconds():g} s of "
                f"{at:%Y-%m-%d %H:%M:%S} UTC; look further with --around, or at what was recorded "
                "with `vedette recordings list`. What is in view now is told when it has left"
            )
        return [await library.of_track(track) for track in found]


class _Library:
    """What the store knows, within one transaction."""

    def __init__(self, unit: Unit, scope: SiteScope, blobs: LocalBlobs) -> None:
        self._unit = unit
        self._scope = scope
        self._blobs = blobs

    async def event(self, number: UUID) -> Event:
        """By its own id, or by that of its alert.

        Raises:
            NotFound: there is neither.
        """
        events = self._unit.events(self._scope)
        found = await events.find_one(number)
        if found is not None:
            return found
        told = await self._unit.notifications(self._scope).of_alert(number)
        if not told:
            raise NotFound(f"there is no event and no alert {number}")
        return await events.get(told[0].notice.event_id)

    async def of_event(self, event: Event) -> Explained:
        """Of the objects that it is about; without any, of the event alone."""
        verdicts = [verdict for track in event.track_ids for verdict in await self._verdicts(track)]
        about = (
            f"event {event.id}: {event.label}, rule {event.rule_id} at {event.camera_id}, "
            f"{_span(event.opened_at, event.ended_at)}"
        )
        story = story_of(about, verdicts, await self._told([event.id]))
        return Explained(story=story, pictures=await self._pictures([event.id]))

    async def of_track(self, track: TrackRecord) -> Explained:
        verdicts = await self._verdicts(track.id)
        events = [
            UUID(str(verdict.numbers["event"]))
            for verdict in verdicts
            if (verdict.stage, verdict.code) == ("media", "captured")
        ]
        about = (
            f"{track.label}, track {track.id}, {_span(from_us(track.t0_us), from_us(track.t1_us))}"
        )
        story = story_of(about, verdicts, await self._told(events))
        return Explained(story=story, pictures=await self._pictures(events))

    async def _verdicts(self, track_id: str) -> tuple[Verdict, ...]:
        return await self._unit.verdicts(self._scope).of_track(track_id)

    async def _told(self, events: list[UUID]) -> list[Delivery]:
        log = self._unit.notifications(self._scope)
        return [each for event in events for each in await log.of_event(event)]

    async def _pictures(self, events: list[UUID]) -> tuple[Path, ...]:
        files = await self._unit.artifacts(self._scope).of_events(events)
        return tuple(
            self._blobs.local_path(artifact.storage_path)
            for event in events
            for artifact in files[event]
            if artifact.kind is ArtifactKind.SNAPSHOT_ANNOTATED
        )


def _span(begin: datetime, end: datetime | None) -> str:
    until = "still" if end is None else f"to {end:%H:%M:%S}"
    return f"{begin:%Y-%m-%d %H:%M:%S} {until} UTC"
