"""What people said of events, turned into changes of settings, each tried on the stored tracks."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from vedette.app.backtest import tracks_between
from vedette.app.export import opened
from vedette.app.load import secrets_of
from vedette.app.settings import Settings
from vedette.app.settings_file import SettingsFile
from vedette.app.suggest_camera import CameraTrial, Said
from vedette.config.check import validate
from vedette.config.document import Document
from vedette.config.overlay import applied
from vedette.config.secrets import resolve
from vedette.contracts.errors import InvalidInput
from vedette.contracts.feedback import Judgement
from vedette.contracts.suggestion import Suggestion, Suggestions
from vedette.pipeline.past import PastTrack
from vedette.store.events import EventFilter
from vedette.store.scope import SiteScope
from vedette.store.store import Store

PAGE = 500

Progress = Callable[[float, str], None]
"""Told which part is done, 0..1, and what is worked on."""


def in_force(file: Path, changes: Mapping[str, Any]) -> tuple[Settings, dict[str, frozenset[str]]]:
    """The settings with what lies over them, and ids of each camera's own rules.

    Raises:
        InvalidConfig: they are wrong.
    """
    files = SettingsFile(file)
    document = applied(files.document(), changes) if changes else files.document()
    return files.settings(document), own_rules(document, file)


def own_rules(document: Document, file: Path) -> dict[str, frozenset[str]]:
    """Ids of the rules that stand in the settings themselves, by camera.

    Args:
        document: all layers together, secrets by reference.
        file: beside which the secrets are.
    Raises:
        InvalidConfig: they are wrong.
    """
    cameras = validate(Settings, resolve(document, secrets_of(file))).cameras
    return {each.id: frozenset(str(rule["id"]) for rule in each.rules) for each in cameras}


async def what_was_said(
    store: Store,
    scope: SiteScope,
    settings: Settings,
    own: Mapping[str, frozenset[str]],
    *,
    since: datetime,
    until: datetime,
    camera: str = "",
) -> list[Said]:
    """Of each camera of whose events somebody said that they were false, or missed.

    Raises:
        InvalidInput: there is no such camera, or the span is empty.
        StorageFailed: a stored path is damaged.
    """
    cameras = [each for each in settings.cameras if camera in ("", each.id)]
    if not cameras:
        there = ", ".join(each.id for each in settings.cameras)
        raise InvalidInput(f"no camera is called {camera!r}; there are: {there}")
    found: list[Said] = []
    async with store.read() as unit:
        words = await unit.feedback(scope).since(since, camera_id=camera)
        for each in cameras:
            mine = [word for word in words if word.camera_id == each.id and word.at <= until]
            wrong = {word.event_id for word in mine if word.judgement is Judgement.FALSE}
            missed = tuple(word for word in mine if word.of_moment)
            if not wrong and not missed:
                continue
            false: dict[str, set[str]] = {}
            others: set[str] = set()
            after: str | None = None
            wanted = EventFilter(cameras=(each.id,), since=since, until=until)
            while True:
                page = await unit.events(scope).find(wanted, limit=PAGE, after=after)
                for event in page.events:
                    if event.id in wrong:
                        false.setdefault(event.rule_id, set()).update(event.track_ids[:1])
                    else:
                        others.update(event.track_ids[:1])
                if (after := page.next) is None:
                    break
            stored = await tracks_between(unit, scope, each.id, since, until)
            tracks = tuple(track for one in stored if (track := PastTrack.of(one)) is not None)
            found.append(
                Said(
                    camera=each,
                    own=own.get(each.id, frozenset()),
                    false={rule: frozenset(ids) for rule, ids in false.items()},
                    others=frozenset(others),
                    missed=missed,
                    tracks=tracks,
                )
            )
    return found


def suggest(cases: Sequence[Said], progress: Progress = lambda part, what: None) -> Suggestions:
    """The change for each rule that is worth one; takes as long as some backtests."""
    items: list[Suggestion] = []
    notes: list[str] = []
    for number, case in enumerate(cases):
        progress(number / len(cases), case.camera.id)
        if not case.tracks:
            notes.append(f"{case.camera.id}: nothing that it followed then is stored any more")
            continue
        one = CameraTrial(case)
        items += one.suggestions()
        notes += one.notes
    return Suggestions(items=tuple(items), notes=tuple(notes))


async def suggest_offline(
    config: Path,
    data: Path,
    *,
    since: datetime,
    until: datetime,
    camera: str = "",
    progress: Progress = lambda part, what: None,
) -> Suggestions:
    """The same out of a data folder; the product may run.

    Raises:
        InvalidConfig: the settings are wrong.
        InvalidInput: there is no such camera, or the span is empty.
        NotFound: no product has ever used the data folder.
        StorageFailed: the store cannot be read.
    """
    async with opened(data) as (store, scope):
        async with store.read() as unit:
            last = await unit.config_versions().last()
        settings, own = in_force(config, {} if last is None else last.changes)
        cases = await what_was_said(
            store, scope, settings, own, since=since, until=until, camera=camera
        )
    return suggest(cases, progress)
