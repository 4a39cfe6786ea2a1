"""What people said of events becomes changes of settings; put in force, they do what was said."""

import asyncio
import json
import shlex
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.command import vedette
from vedette.app.folder import DataFolder
from vedette.config.environment import value_of
from vedette.contracts.event import Event, EventState
from vedette.contracts.feedback import Judgement
from vedette.contracts.sample import quantise
from vedette.contracts.sink import TrackRecord
from vedette.kit.clock import SystemClock, from_us, to_us
from vedette.kit.ids import event_id
from vedette.store.places import Camera, Site
from vedette.store.scope import SiteScope
from vedette.store.store import Store
from vedette.track.path import Path as TrackPath
from vedette.track.path import encode

SETTINGS = """
detector: {type: blob}
cameras:
  - id: yard
    source: {type: simulator}
    rules:
      - {id: visitor, type: presence, labels: [person], for_s: 0.5}
      - {id: slow, type: when, labels: [person], when: {height: {above: 0.05}, for: 1s}}
  - id: gate
    source: rtsp://viewer:${secret:GATE_PASSWORD}@127.0.0.1:9/stream
    rules:
      - {id: visitor, type: presence, labels: [person], for_s: 0.5}
  - id: door
    source: {type: simulator}
    rules:
      - {id: visitor, type: presence, labels: [person], min_score: 0.6}
  - id: quiet
    source: {type: simulator}
packs: [{pack: pack.yaml, cameras: [quiet]}]
"""
PACK = """
rules:
  - {id: anybody, labels: [person], when: {score: {above: 0.05}, for: 1s}}
"""
HOME = SiteScope(["default"])


class Yesterday:
    """A store with tracks and events of the last day."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.data.mkdir()
        self.began = SystemClock().now() - timedelta(hours=20)
        self.at = self.began
        self.tracks: list[TrackRecord] = []
        self.events: list[tuple[Event, Judgement | None]] = []

    def walks(
        self,
        camera: str,
        way: Sequence[tuple[float, float]],
        *,
        score: float = 0.9,
        tall: float = 0.4,
        rules: Sequence[str] = ("visitor",),
        said: Judgement | None = None,
    ) -> datetime:
        """Somebody goes from foot point to foot point for four seconds; their events are marked."""
        n, number = 21, len(self.tracks) + 1
        along = np.linspace(0, len(way) - 1, n)
        x = np.interp(along, range(len(way)), [point[0] for point in way])
        y = np.interp(along, range(len(way)), [point[1] for point in way])
        boxes = np.stack((x - tall / 6, y - tall, x + tall / 6, y), axis=1)
        path = TrackPath(
            offsets_ms=(np.arange(n) * 200).astype(np.uint32),
            boxes=quantise(boxes),
            scores=quantise(np.full(n, score)),
        )
        t0_us = to_us(self.at) // 1000 * 1000
        track = TrackRecord(
            id=f"{camera}/s1/{number}",
            camera_id=camera,
            label="person",
            t0_us=t0_us,
            t1_us=t0_us + 4_000_000,
            median_score=score,
            best_score=score,
            samples=n,
            path=encode(path),
            confirmed_us=t0_us + 200_000,
            given_up_us=t0_us + 5_000_000,
        )
        self.tracks.append(track)
        for rule in rules:
            self.events.append((self._event(track, rule), said))
        was, self.at = self.at, self.at + timedelta(minutes=10)
        return was

    def _event(self, track: TrackRecord, rule: str) -> Event:
        number = track.id.rpartition("/")[2]
        began = from_us(track.t0_us)
        return Event(
            id=event_id("default", track.camera_id, rule, f"track-{number}", track.t0_us),
            site_id="default",
            camera_id=track.camera_id,
            rule_id=rule,
            event_type="presence",
            label="person",
            dedupe_key=f"track-{number}",
            track_ids=(track.id,),
            state=EventState.CLOSED,
            started_at=began,
            opened_at=began,
            updated_at=began,
            ended_at=began + timedelta(seconds=4),
            score=track.median_score,
        )

    def keep(self) -> None:
        asyncio.run(self._keep())

    async def _keep(self) -> None:
        store = await Store.open(DataFolder(root=self.data).database, SystemClock())
        cameras = sorted({track.camera_id for track in self.tracks} | {"quiet"})
        async with store.write() as unit:
            await unit.sites(HOME).save([Site(id="default", name="Home")])
            await unit.cameras(HOME).save(
                [Camera(id=each, site_id="default", name=each) for each in cameras]
            )
            stored = [("default", track) for track in self.tracks]
            await unit.tracks(HOME).add(stored, now=unit.now)
            for event, said in self.events:
                await unit.events(HOME).save(event, now=unit.now)
                if said is not None:
                    await unit.feedback(HOME).mark(event, said, "", now=unit.now)
        await store.close()


ACROSS = ((0.1, 0.7), (0.9, 0.7))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "vedette.yaml").write_text(SETTINGS)
    (tmp_path / "pack.yaml").write_text(PACK)
    (tmp_path / ".env").write_text("GATE_PASSWORD=hunter2\n")
    return tmp_path


def suggested(folder: Path, *more: str) -> dict[str, Any]:
    config, data = folder / "vedette.yaml", folder / "data"
    done = vedette("rules", "suggest", "-c", config, "-d", data, "--since", "2d", "--json", *more)
    assert done.code == 0, done.err
    found: dict[str, Any] = json.loads(done.out)
    return found


def put_in_force(folder: Path, command: str) -> None:
    """What `config set` would lay over the settings, beside them as the settings of production."""
    words = shlex.split(command)
    assert words[:3] == ["vedette", "config", "set"]
    keys = words[3].split(".")
    value = value_of(words[4], "the value")
    camera = {"id": keys[1], keys[2]: [{"id": keys[3], **nested(keys[4:], value)}]}
    text = json.dumps({"cameras": [camera]})
    (folder / "vedette.production.yaml").write_text(text)


def nested(keys: Sequence[str], value: Any) -> dict[str, Any]:
    for key in reversed(keys):
        value = {key: value}
    found: dict[str, Any] = value
    return found


def test_a_score_spares_what_was_false_and_costs_nobody(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    past = Yesterday(folder)
    for _ in range(3):
        past.walks("yard", ACROSS, score=0.42, said=Judgement.FALSE)
        past.walks("yard", ACROSS, score=0.8, said=Judgement.TRUE)
        past.walks("yard", ACROSS, score=0.9)  # nobody said anything: not to be lost either
    past.keep()

    found, again = suggested(folder), suggested(folder)
    put_in_force(folder, found["items"][0]["apply"])
    monkeypatch.setenv("VEDETTE_ENV", "production")
    after = suggested(folder)

    assert found == again, "the same words give the same suggestions"
    [one] = found["items"]
    assert one["setting"] == "cameras.yard.rules.visitor.min_score"
    assert 0.42 < one["new"] < 0.8
    assert (one["false"], one["false_removed"]) == (3, 3)
    assert (one["others"], one["others_lost"], one["more"]) == (6, 0, 0)
    assert one["tracks"] == 9
    assert after["items"] == []
    assert after["notes"] == [
        "yard, rule visitor: the settings in force open none of the false ones any more"
    ]


def test_a_place_is_ignored_where_neither_score_nor_size_tells_them_apart(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    past = Yesterday(folder)
    for number in range(3):
        past.walks("gate", ((0.85, 0.95), (0.86, 0.95)), said=Judgement.FALSE)
        past.walks("gate", ((0.1, 0.7), (0.5, 0.7 + number / 100)))
    past.keep()

    [one] = suggested(folder)["items"]
    put_in_force(folder, one["apply"])
    monkeypatch.setenv("VEDETTE_ENV", "production")
    after = suggested(folder)

    assert one["kind"] == "place"
    assert one["setting"] == "cameras.gate.zones.ignored-1"
    assert one["new"]["kind"] == "exclude"
    assert one["new"]["labels"] == ["person"]
    assert (one["false_removed"], one["others_lost"], one["others"]) == (3, 0, 3)
    assert after["items"] == []


def test_what_costs_a_true_event_is_told_and_less_is_proposed_where_nothing_is_free(
    folder: Path,
) -> None:
    past = Yesterday(folder)
    for _ in range(4):
        past.walks("gate", ACROSS, score=0.5, said=Judgement.FALSE)
    past.walks("gate", ACROSS, score=0.45, said=Judgement.TRUE)
    past.walks("gate", ACROSS, score=0.9, said=Judgement.TRUE)
    past.keep()

    [one] = suggested(folder)["items"]

    assert one["setting"] == "cameras.gate.rules.visitor.min_score"
    assert (one["false_removed"], one["others_lost"]) == (4, 1)
    assert "1 of the others is lost" in one["why"]


def test_a_missed_moment_gets_the_threshold_that_would_have_seen_it(folder: Path) -> None:
    past = Yesterday(folder)
    missed = past.walks("door", ACROSS, score=0.5, rules=())
    past.walks("door", ACROSS, score=0.3, rules=())  # nobody misses this one
    past.walks("door", ACROSS)
    past.keep()
    data = folder / "data"
    nobody = past.at + timedelta(hours=1)
    said = vedette(
        "events", "mark", "--missed", "--camera", "door", "-d", data, "--at", f"{missed:%FT%T}"
    )
    vedette("events", "mark", "--missed", "--camera", "door", "-d", data, "--at", f"{nobody:%FT%T}")

    found = suggested(folder)

    assert said.code == 0, said.err
    [one] = found["items"]
    assert one["setting"] == "cameras.door.rules.visitor.min_score"
    assert (one["old"], one["new"]) == (0.6, 0.5)
    assert (one["missed"], one["missed_found"], one["more"]) == (2, 1, 1)
    assert ["nobody was followed" in note for note in found["notes"]] == [True]


def test_a_rule_of_a_pack_is_taken_over_whole(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    past = Yesterday(folder)
    for _ in range(2):
        past.walks("quiet", ACROSS, tall=0.1, rules=("anybody",), said=Judgement.FALSE)
        past.walks("quiet", ACROSS, rules=("anybody",))
    past.keep()

    [one] = suggested(folder)["items"]
    put_in_force(folder, one["apply"])
    monkeypatch.setenv("VEDETTE_ENV", "production")
    after = suggested(folder)

    assert one["setting"] == "cameras.quiet.rules.anybody"
    assert one["new"]["type"] == "when"
    assert 0.1 < one["new"]["min_height"] < 0.4
    assert after["items"] == []
    assert "open none of the false ones any more" in after["notes"][0]


def test_it_says_what_it_cannot_do(folder: Path) -> None:
    past = Yesterday(folder)
    past.walks("gate", ACROSS, said=Judgement.FALSE)
    past.walks("gate", ACROSS)
    past.keep()
    config, data = folder / "vedette.yaml", folder / "data"
    here = ("rules", "suggest", "-c", config, "-d", data)

    alike = suggested(folder)
    shown = vedette(*here)
    strange = vedette(*here, "--camera", "moon")
    nothing = vedette(*here, "--camera", "yard")
    mark = ("events", "mark", "--missed", "-d", data)
    to_come = vedette(*mark, "--camera", "gate", "--at", "2100-01-01T00:00")
    nowhere = vedette(*mark, "--camera", "moon", "--at", "2026-01-01T00:00")
    half = vedette(*mark, "--camera", "gate")

    assert alike["items"] == []
    assert "no single change keeps the false ones out" in alike["notes"][0]
    assert "no single change" in shown.out
    assert strange.code == 2
    assert "there are: yard, gate, door, quiet" in " ".join(strange.err.split())
    assert "nothing was marked false or missed" in nothing.out
    assert "has not come yet" in to_come.err
    assert "no camera is called 'moon'" in nowhere.err
    assert half.code == 2
    assert "--missed --camera yard --at" in " ".join(half.err.split())
