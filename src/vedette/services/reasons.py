"""Why something happened, or did not: the stories of events, alerts, tracks and moments."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from uuid import UUID

import av
import numpy as np

from vedette.contracts.artifact import Artifact, ArtifactKind
from vedette.contracts.errors import InvalidInput, NotFound, StorageFailed
from vedette.contracts.event import Event
from vedette.contracts.sample import dequantise
from vedette.contracts.sink import TrackRecord
from vedette.contracts.verdict import Verdict
from vedette.explain.story import PASSED_OVER, Story, story_of
from vedette.kit.clock import from_us, to_us
from vedette.media.picture import Mark, draw, jpeg, scaled
from vedette.services.playback import Playback, Player
from vedette.store.notifications import Delivery
from vedette.store.scope import SiteScope
from vedette.store.store import Store
from vedette.store.unit import Unit
from vedette.track.path import decode

MOST_STORIES = 50
"""Of one moment; a busy square has more, and nobody reads them."""
WIDEST = 1280
"""Pixels of a picture."""
NEAR_US = 1_000_000
"""Somebody is pointed out where they were within this time of the moment."""
LOOK_US = 2_000_000
"""The first picture within this time after the moment is that of the moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A story, with what shows it."""

    story: Story
    camera_id: str
    at: datetime
    """The moment that it turns on."""
    pictures: tuple[Artifact, ...] = ()
    """Of its events."""
    mark: Mark | None = None
    """Where it was at that moment; None where that is not known."""
    followed: bool = True
    """False where it was only seen."""


class StoreReasons:
    """Out of what is stored: what opened an event at once, the rest when it has left."""

    def __init__(self, store: Store, player: Player) -> None:
        """`player` of the recordings, for pictures of a moment."""
        self._store = store
        self._player = player

    async def of(self, scope: SiteScope, what: str) -> Explained:
        """One event, alert or track.

        Args:
            what: id of an event or of an alert, or `camera/session/number` of a track.
        Raises:
            InvalidInput: it is neither.
            NotFound: there is none.
        """
        async with self._store.read() as unit:
            library = _Library(unit, scope)
            if what.count("/") == 2:
                return await library.of_track(await unit.tracks(scope).get(what))
            try:
                number = UUID(what)
            except ValueError:
                raise InvalidInput(
                    f"{what!r} is no id of an event, an alert or a track; ids of events are in "
                    "messages and links, those of tracks look like yard/1700000000/12"
                ) from None
            return await library.of_event(await library.event(number))

    async def of_moment(
        self, scope: SiteScope, camera_id: str, at: datetime, around: timedelta
    ) -> list[Explained]:
        """Every object that a camera saw at a moment, in the order in which they came.

        Raises:
            NotFound: it followed nothing then, and doubted nothing.
        """
        async with self._store.read() as unit:
            library = _Library(unit, scope)
            found = await unit.tracks(scope).find(
                camera_id, at - around, at + around, limit=MOST_STORIES
            )
            if not found:
                raise NotFound(
                    f"{camera_id} followed nothing within {around.total_seconds():g} s of "
                    f"{at:%Y-%m-%d %H:%M:%S} UTC; look further with --around, or at what was "
                    "recorded with `vedette recordings list`. What is in view now is told when it "
                    "has left"
                )
            return [await library.of_track(track, at) for track in found]

    async def picture(self, scope: SiteScope, found: Sequence[Explained]) -> bytes:
        """What the camera saw, out of its recording, as JPEG, with all that was there marked.

        Args:
            found: of one camera, at least one; its moment is that of the first who was followed,
                or of the first.
        Raises:
            NotFound: nothing is recorded of that moment.
            StorageFailed: what is recorded cannot be read.
        """
        first = next((each for each in found if each.followed), found[0])
        at_us = to_us(first.at)
        film = await self._player.film(scope, first.camera_id, at_us, at_us + LOOK_US)
        marks = [each.mark for each in found if each.mark is not None and each.at == first.at]
        caption = f"{first.camera_id}  {first.at:%Y-%m-%d %H:%M:%S} UTC"
        return await asyncio.to_thread(_first_picture, film, marks, caption)


class _Library:
    """What the store knows, within one transaction."""

    def __init__(self, unit: Unit, scope: SiteScope) -> None:
        self._unit = unit
        self._scope = scope

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
        return Explained(
            story=story_of(about, verdicts, await self._told([event.id])),
            camera_id=event.camera_id,
            at=event.opened_at,
            pictures=await self._pictures([event.id]),
        )

    async def of_track(self, track: TrackRecord, at: datetime | None = None) -> Explained:
        """Of one object, at a moment, or at its best."""
        verdicts = await self._verdicts(track.id)
        events = [
            UUID(str(verdict.numbers["event"]))
            for verdict in verdicts
            if (verdict.stage, verdict.code) == ("media", "captured")
        ]
        over = next((v for v in verdicts if (v.stage, v.code) == PASSED_OVER), None)
        who = f"track {track.id}" if over is None else "seen and not followed"
        about = f"{track.label}, {who}, {_span(from_us(track.t0_us), from_us(track.t1_us))}"
        followed_us = _best_us(track) if at is None else to_us(at)
        at_us = followed_us if over is None else over.at_us
        return Explained(
            story=story_of(about, verdicts, await self._told(events)),
            camera_id=track.camera_id,
            at=from_us(at_us),
            pictures=await self._pictures(events),
            mark=_mark_at(track, at_us) if over is None else _mark_of(over),
            followed=over is None,
        )

    async def _verdicts(self, track_id: str) -> tuple[Verdict, ...]:
        return await self._unit.verdicts(self._scope).of_track(track_id)

    async def _told(self, events: list[UUID]) -> list[Delivery]:
        log = self._unit.notifications(self._scope)
        return [each for event in events for each in await log.of_event(event)]

    async def _pictures(self, events: list[UUID]) -> tuple[Artifact, ...]:
        files = await self._unit.artifacts(self._scope).of_events(events)
        return tuple(
            artifact
            for event in events
            for artifact in files[event]
            if artifact.kind is ArtifactKind.SNAPSHOT_ANNOTATED
        )


def _best_us(track: TrackRecord) -> int:
    """When a track was surest."""
    path = decode(track.path)
    if not len(path):
        return track.t0_us
    return track.t0_us + int(path.offsets_ms[int(path.scores.argmax())]) * 1000


def _mark_at(track: TrackRecord, at_us: int) -> Mark | None:
    """Where a track was at a moment; None where it was not seen near it."""
    path = decode(track.path)
    if not len(path):
        return None
    away_us = np.abs(track.t0_us + path.offsets_ms.astype(np.int64) * 1000 - at_us)
    row = int(away_us.argmin())
    if away_us[row] > NEAR_US:
        return None
    left, top, right, bottom = dequantise(path.boxes[row]).tolist()
    score = float(dequantise(path.scores[row : row + 1])[0])
    return Mark(box=(left, top, right, bottom), label=track.label, score=score)


def _mark_of(over: Verdict) -> Mark:
    """Where something was that nobody followed."""
    left, top, right, bottom = (
        float(over.numbers[edge]) for edge in ("left", "top", "right", "bottom")
    )
    score = float(over.numbers["score"])
    label = str(over.numbers["label"])
    return Mark(box=(left, top, right, bottom), label=label, score=score, strong=False)


def _first_picture(film: Playback, marks: Sequence[Mark], caption: str) -> bytes:
    """Raises NotFound, StorageFailed."""
    content = BytesIO(b"".join(film.content.chunks(0, film.content.size)))
    try:
        with av.open(content, "r") as video:
            for frame in video.decode(video=0):
                bgr = np.asarray(frame.to_ndarray(format="bgr24"), dtype=np.uint8)
                return jpeg(draw(scaled(bgr, WIDEST), marks=marks, caption=caption))
    except av.FFmpegError as error:
        raise StorageFailed(f"the recording of that moment cannot be decoded: {error}") from error
    raise NotFound("the recording of that moment holds no picture")


def _span(begin: datetime, end: datetime | None) -> str:
    until = "still" if end is None else f"to {end:%H:%M:%S}"
    return f"{begin:%Y-%m-%d %H:%M:%S} {until} UTC"
