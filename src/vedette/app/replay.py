"""The time machine: recorded video through the present code and settings, with its own clock.

Nothing of the running product is touched: the film is a copy in a temporary folder, and what comes
out is kept in memory, compared with what is stored of that time, and forgotten.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from vedette.app.analyze import Analysis, Findings, analyze
from vedette.app.backtest import tracks_between
from vedette.app.camera_settings import CameraSettings, ModuleSettings
from vedette.app.export import export_film, opened
from vedette.app.load import load_settings
from vedette.app.settings import Settings
from vedette.contracts.errors import InvalidInput
from vedette.contracts.event import Event
from vedette.contracts.sink import TrackRecord
from vedette.contracts.verdict import Verdict
from vedette.explain.story import PASSED_OVER
from vedette.explain.words import sentence
from vedette.kit.clock import Clock, from_us, to_us
from vedette.store.events import EventFilter
from vedette.store.scope import SiteScope
from vedette.store.unit import Unit

SAME_WITHIN = timedelta(seconds=2)
"""An event is the same one where its rule opened it at nearly the same moment."""
PAGE = 200
AROUND = timedelta(minutes=1)
"""Tracks of that time that began before, or ended after it."""

Progress = Callable[[int, int], None]
"""Told of each decoded frame: how many so far, and in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """An event of only one of the two times."""

    event: Event
    stage: str
    """The first stage that went otherwise: `track`, `zones`, `rules`."""
    why: str
    """What the other time has to say of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a stage of the present code said of an object."""

    at: datetime
    track: str
    stage: str
    code: str
    said: str
    """For people: no capital, no full stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What came of it."""

    events: tuple[Event, ...]
    """Of the present code and settings."""
    decisions: tuple[Decision, ...]
    """In order of time."""
    compared: bool
    """Something is stored of that time; where nothing is, nothing is new or gone."""
    same: int
    new: tuple[Difference, ...]
    gone: tuple[Difference, ...]
    stretches: tuple[tuple[datetime, datetime], ...]
    """What was recorded, and so was replayed."""
    frames: int
    took_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Time:
    """What happened: then, or in the replay."""

    events: Sequence[Event]
    tracks: Sequence[TrackRecord]
    verdicts: Mapping[str, Sequence[Verdict]]


async def replay(
    camera_id: str,
    begin: datetime,
    end: datetime,
    config: Path,
    data: Path,
    clock: Clock,
    *,
    progress: Progress = lambda frames, in_all: None,
) -> Replayed:
    """Replay what was recorded of a camera.

    Raises:
        InvalidInput: there is no such camera, or the interval is empty or too long.
        NotFound: nothing was recorded then.
        InvalidConfig, StorageFailed, ModelUnavailable
    """
    settings = load_settings(config)
    camera = camera_called(settings, camera_id)
    found: list[Findings] = []
    stretches: list[tuple[datetime, datetime]] = []
    with tempfile.TemporaryDirectory(prefix="vedette-replay-") as folder:
        whole = await export_film(data, camera_id, (begin, end), Path(folder) / "all", _silent)
        for interval in (each for film in whole for each in film.intervals):
            stretch = from_us(interval[0]), from_us(interval[1])
            part = Path(folder) / f"from-{interval[0]}"
            [film, *_] = await export_film(data, camera_id, stretch, part, _silent)
            stretches.append(stretch)
            source = {"type": "file", "path": str(film.path), "start": stretch[0]}
            found.append(look_again(settings, camera, source, clock, progress))
    return compared(found, await what_was(data, camera_id, begin, end), stretches)


def camera_called(settings: Settings, camera_id: str) -> CameraSettings:
    """A camera of the settings.

    Raises:
        InvalidInput: there is none of that id.
    """
    camera = next((each for each in settings.cameras if each.id == camera_id), None)
    if camera is None:
        there = ", ".join(each.id for each in settings.cameras)
        raise InvalidInput(f"no camera is called {camera_id!r}; there are: {there}")
    return camera


def look_again(
    settings: Settings,
    camera: CameraSettings,
    source: ModuleSettings,
    clock: Clock,
    progress: Progress,
) -> Findings:
    """Some video through the present code, as if it came from the camera."""
    analysis = Analysis(
        camera=camera.model_copy(update={"source": source, "detect_source": None}),
        detector=settings.detector,
        more=settings.detectors,
    )
    return analyze(analysis, clock, seen=progress)


def compared(
    found: Sequence[Findings],
    then: Time | None,
    stretches: Sequence[tuple[datetime, datetime]],
) -> Replayed:
    """What came of it, beside what happened then; None: nothing is known of that."""
    now = Time(
        events=[held.event for one in found for held in one.events],
        tracks=[track for one in found for track in (*one.tracks, *one.passed_over)],
        verdicts={key: said for one in found for key, said in one.verdicts.items()},
    )
    other = then or now
    return Replayed(
        events=tuple(now.events),
        decisions=tuple(_decisions(now)),
        compared=then is not None,
        same=sum(_counterpart(event, now.events) is not None for event in other.events),
        new=tuple(_differences(now, other)),
        gone=tuple(_differences(other, now)),
        stretches=tuple(stretches),
        frames=sum(one.stats.frames for one in found),
        took_s=sum(one.took_s for one in found),
    )


def _decisions(time: Time) -> list[Decision]:
    found = [
        Decision(
            at=from_us(each.at_us),
            track=track,
            stage=each.stage,
            code=each.code,
            said=sentence(each),
        )
        for track, said in sorted(time.verdicts.items())
        for each in said
    ]
    return sorted(found, key=lambda each: each.at)


async def what_was(data: Path, camera_id: str, begin: datetime, end: datetime) -> Time:
    """What is stored of that time.

    Raises:
        NotFound: no product has ever used the data folder.
    """
    async with opened(data) as (store, scope), store.read() as unit:
        tracks = await tracks_between(unit, scope, camera_id, begin - AROUND, end + AROUND)
        verdicts = unit.verdicts(scope)
        return Time(
            events=await _events(unit, scope, camera_id, begin, end),
            tracks=tracks,
            verdicts={track.id: await verdicts.of_track(track.id) for track in tracks},
        )


async def _events(
    unit: Unit, scope: SiteScope, camera_id: str, begin: datetime, end: datetime
) -> list[Event]:
    wanted = EventFilter(cameras=(camera_id,), since=begin, until=end)
    found: list[Event] = []
    after: str | None = None
    while True:
        page = await unit.events(scope).find(wanted, limit=PAGE, after=after)
        found += page.events
        if (after := page.next) is None:
            return sorted(found, key=lambda event: event.opened_at)


def _counterpart(event: Event, among: Sequence[Event]) -> Event | None:
    """The same matter at the other time."""
    for other in among:
        apart = abs(other.opened_at - event.opened_at)
        if (other.rule_id, other.label) == (event.rule_id, event.label) and apart <= SAME_WITHIN:
            return other
    return None


def _differences(mine: Time, others: Time) -> list[Difference]:
    """Events that only `mine` has, each with the first stage that went otherwise."""
    return [
        _explained(event, mine, others)
        for event in mine.events
        if _counterpart(event, others.events) is None
    ]


def _explained(event: Event, mine: Time, others: Time) -> Difference:
    track = _there(event, others.tracks)
    if track is None and (doubt := _passed_over(event, others)) is not None:
        return Difference(event=event, stage="detect", why=sentence(doubt))
    if track is None:
        why = "nobody was followed at that moment"
        return Difference(event=event, stage="track", why=why)
    own = _there(event, mine.tracks)
    if own is not None and own.zones != track.zones:
        places = ", ".join(track.zones) or "no zone"
        return Difference(event=event, stage="zones", why=f"it was in {places}")
    said = [
        verdict
        for verdict in others.verdicts.get(track.id, ())
        if verdict.stage == "rules" and verdict.numbers.get("rule") == event.rule_id
    ]
    why = sentence(said[-1]) if said else f"rule {event.rule_id} had no word about it"
    return Difference(event=event, stage="rules", why=why)


def _passed_over(event: Event, time: Time) -> Verdict | None:
    """What was seen then of its class, and nobody was followed for."""
    for track in time.tracks:
        if not track.samples and track.label == event.label and _then(event, track):
            for verdict in time.verdicts.get(track.id, ()):
                if (verdict.stage, verdict.code) == PASSED_OVER:
                    return verdict
    return None


def _then(event: Event, track: TrackRecord) -> bool:
    return track.t0_us <= to_us(event.opened_at) <= (track.given_up_us or track.t1_us)


def _there(event: Event, tracks: Sequence[TrackRecord]) -> TrackRecord | None:
    """Who was followed when an event opened: of its class where there is one."""
    there = [each for each in tracks if each.samples and _then(event, each)]
    return next((each for each in there if each.label == event.label), next(iter(there), None))


def _silent(done: int, in_all: int) -> None:
    """Writing the film is the quick part."""
