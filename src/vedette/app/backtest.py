"""Other rules over what cameras followed: what they would have opened, beside the rules in force.

Everybody is judged anew from the stored tracks, by the rules in force and by the others; nothing of
what was opened then is taken over, so the two differ by the rules alone.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from vedette.alerts.policy import AlertPolicy
from vedette.app.build import zone_map
from vedette.app.camera_settings import CameraSettings
from vedette.app.export import opened
from vedette.app.load import load_settings
from vedette.app.notices import policy_of
from vedette.app.offers import Offers
from vedette.app.packs import read_pack
from vedette.app.settings import Settings
from vedette.contracts.errors import InvalidInput
from vedette.contracts.event import Event, EventState
from vedette.contracts.sample import Samples
from vedette.contracts.sink import TrackRecord
from vedette.contracts.verdict import RuleAction, RuleVerdict
from vedette.kit.clock import from_us
from vedette.kit.ids import event_id
from vedette.pipeline.judging import Judging, Said
from vedette.pipeline.past import Past, PastTrack, sessions
from vedette.rules.build import SOMEWHERE, BuiltRule, build_rules
from vedette.rules.pack import PackUse, Scenery, at_camera
from vedette.store.scope import SiteScope
from vedette.store.unit import Unit
from vedette.zones.zones import Zones

Progress = Callable[[float, str], None]
"""Told which part is done, 0..1, and what is worked on."""

PAGE = 500
SAID_EVERY_US = 3_600_000_000
"""An hour of what happened: so often it is told how far it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Would:
    """An event that rules would have opened."""

    event: Event
    told: bool
    """People would have been told."""

    @property
    def subject(self) -> tuple[str, str, str]:
        """What makes two of them the same matter: camera, rule, and track or place."""
        event = self.event
        return event.camera_id, event.rule_id, (event.track_ids or (event.dedupe_key,))[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """What came of it."""

    others: tuple[Would, ...]
    """Of the rules that were tried."""
    in_force: tuple[Would, ...]
    """Of the rules in force that have the same ids."""
    new: tuple[Would, ...]
    gone: tuple[Would, ...]
    rules: tuple[str, ...]
    """Ids of the rules that were tried."""
    absent: Mapping[str, str]
    """Those that count nowhere, with the reason of the first camera."""
    tracks: int
    covered_s: float
    """From the first to the last thing that was followed, added over cameras."""
    took_s: float


@dataclass(slots=True, kw_only=True)
class _Wanted:
    """What is tried at one camera."""

    camera: CameraSettings
    others: tuple[BuiltRule, ...]
    in_force: tuple[BuiltRule, ...]


@dataclass(slots=True)
class _Count:
    tracks: int = 0
    covered_s: float = 0.0
    took_s: float = 0.0
    events: dict[bool, list[Event]] = field(default_factory=lambda: {True: [], False: []})
    """By whether they are of the rules that are tried."""


async def backtest(
    rules: Path,
    config: Path,
    data: Path,
    *,
    since: datetime,
    until: datetime,
    camera: str = "",
    progress: Progress = lambda part, what: None,
) -> Backtest:
    """Try the rules of a file.

    Args:
        rules: a pack of rules.
        config: the settings in force.
        camera: only this one; all where empty.
    Raises:
        InvalidConfig: the rules or the settings are wrong.
        InvalidInput: there is no such camera.
        NotFound: no product has ever used the data folder.
    """
    settings = load_settings(config)
    wanted, ids, absent = _wanted(settings, rules, config, camera)
    count = _Count()
    async with opened(data) as (store, scope):
        for number, each in enumerate(wanted):
            async with store.read() as unit:
                stored = await tracks_between(unit, scope, each.camera.id, since, until)
            began_s = time.process_time()
            tracks = [track for one in stored if (track := PastTrack.of(one)) is not None]
            for part in _judge(each, tracks, count):
                progress((number + part) / len(wanted), each.camera.id)
            count.took_s += time.process_time() - began_s
    policy = policy_of(settings)
    others, in_force = (_told(policy, count.events[new]) for new in (True, False))
    before, after = {w.subject for w in in_force}, {w.subject for w in others}
    return Backtest(
        others=others,
        in_force=in_force,
        new=tuple(w for w in others if w.subject not in before),
        gone=tuple(w for w in in_force if w.subject not in after),
        rules=ids,
        absent=absent,
        tracks=count.tracks,
        covered_s=count.covered_s,
        took_s=count.took_s,
    )


def _wanted(
    settings: Settings, rules: Path, config: Path, camera_id: str
) -> tuple[list[_Wanted], tuple[str, ...], dict[str, str]]:
    pack = read_pack(rules)
    offers = Offers(settings, config.absolute().parent)
    ids = tuple(str(rule["id"]) for rule in pack.rules)
    cameras = [c for c in settings.cameras if camera_id in ("", c.id)]
    if not cameras:
        there = ", ".join(camera.id for camera in settings.cameras)
        raise InvalidInput(f"no camera is called {camera_id!r}; there are: {there}")
    wanted: list[_Wanted] = []
    reasons: dict[str, str] = {}
    counting: set[str] = set()
    for camera in cameras:
        zones = zone_map(camera)
        place = camera.place or SOMEWHERE
        scenery = Scenery(
            zones=zones.zone_ids,
            lines=zones.line_ids,
            offers=offers.of(camera),
            labels=offers.labels(camera),
            place=place,
        )
        here, absent = at_camera(pack, PackUse(pack=pack.name), scenery)
        counting |= {str(rule["id"]) for rule in here}
        for each in absent:
            reasons.setdefault(each.rule, f"{camera.id}: {each.reason}")
        same = [rule for rule in camera.rules if rule.get("id") in ids]
        if here or same:
            wanted.append(
                _Wanted(
                    camera=camera,
                    others=build_rules(here, zones.zone_ids, zones.line_ids, place),
                    in_force=build_rules(same, zones.zone_ids, zones.line_ids, place),
                )
            )
    missing = {rule: reason for rule, reason in reasons.items() if rule not in counting}
    return wanted, ids, missing


async def tracks_between(
    unit: Unit, scope: SiteScope, camera_id: str, since: datetime, until: datetime
) -> list[TrackRecord]:
    """Every track of a camera in a span, in order of time."""
    found: list[TrackRecord] = []
    last = None
    tracks = unit.tracks(scope)
    while page := await tracks.find(camera_id, since, until, limit=PAGE, after=last):
        found += page
        last = page[-1]
    return found


def _judge(wanted: _Wanted, tracks: Sequence[PastTrack], count: _Count) -> Iterator[float]:
    """Judge everything that was followed; yields the part that is done."""
    if not tracks:
        return
    count.tracks += len(tracks)
    first_us, last_us = span_us(tracks)
    count.covered_s += (last_us - first_us) / 1e6
    said_us = 0
    for moment in judged(wanted.camera, (*wanted.others, *wanted.in_force), tracks):
        for index, (built, verdicts) in enumerate(moment.said):
            opened_ = (v for v in verdicts if v.action is RuleAction.OPEN)
            for verdict in opened_:
                event = _event(wanted.camera, built, verdict, moment.session)
                count.events[index < len(wanted.others)].append(event)
        if moment.samples.at_us - said_us > SAID_EVERY_US:
            said_us = moment.samples.at_us
            yield (said_us - first_us) / max(last_us - first_us, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastMoment:
    """What rules saw at one moment, and what they said of it."""

    samples: Samples
    session: Sequence[PastTrack]
    said: Sequence[Said]
    """Of each rule, in their order."""


def judged(
    camera: CameraSettings, rules: Sequence[BuiltRule], tracks: Sequence[PastTrack]
) -> Iterator[PastMoment]:
    """Stored tracks once more before the zones of a camera and some rules.

    Args:
        tracks: of one camera, in the order of their first samples.
    """
    labels = tuple(dict.fromkeys(track.label for track in tracks))
    step_us = round(1e6 / camera.detect.fps)
    judging = Judging(zones=Zones(zone_map(camera), camera_id=camera.id), rules=tuple(rules))
    for session in sessions(tracks):
        judging.restart()
        for moment in Past(labels, step_us=step_us).moments(session):
            samples, _ = judging.locate(moment)
            yield PastMoment(samples=samples, session=session, said=tuple(judging.step(samples)))


def span_us(tracks: Sequence[PastTrack]) -> tuple[int, int]:
    """From the first to the last thing that was followed, of at least one track."""
    return tracks[0].first_us, max(track.given_up_us for track in tracks)


def _event(
    camera: CameraSettings, built: BuiltRule, verdict: RuleVerdict, session: Sequence[PastTrack]
) -> Event:
    opened_at = from_us(verdict.at_us)
    return Event(
        id=event_id(camera.site, camera.id, built.id, verdict.key, verdict.first_us),
        site_id=camera.site,
        camera_id=camera.id,
        rule_id=built.id,
        event_type=built.kind,
        severity=built.severity,
        label=next((t.label for t in session if t.number == verdict.track), "object"),
        zone_id=built.zone,
        line_id=built.line,
        message=built.message,
        dedupe_key=verdict.key,
        track_ids=(f"{session[0].session}/{verdict.track}",) if verdict.track else (),
        state=EventState.OPEN,
        started_at=from_us(verdict.first_us),
        opened_at=opened_at,
        updated_at=opened_at,
        score=0.0,
        numbers=dict(verdict.numbers),
    )


def _told(policy: AlertPolicy, events: Sequence[Event]) -> tuple[Would, ...]:
    """In order of time, with what the alert policy says of each."""
    return tuple(_considered(policy, sorted(events, key=lambda e: (e.opened_at, str(e.id)))))


def _considered(policy: AlertPolicy, events: Sequence[Event]) -> Iterator[Would]:
    state = policy.start()
    for event in events:
        state, decision = policy.consider(state, event, event.opened_at)
        yield Would(event=event, told=decision.notice is not None)
