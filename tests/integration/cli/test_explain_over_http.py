"""The reasons over HTTP, of what was followed and what was not, and what the camera saw then."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.command import vedette
from tests.running import Running
from tests.scenes import film, walker
from vedette.media.picture import colour_of

SETTINGS = """
detector: {type: blob, contrast: 60, smallest: 0.004}
workers: 0
cameras:
  - id: yard
    source: {type: file, path: yard.mp4, pace: realtime, start: 2026-01-31T14:03:00Z}
    detect: {fps: 10}
    record: {mode: always, segment_s: 1}
    rules: [{id: visitor, type: presence, labels: [person], for_s: 0.3}]
  - id: blind
    source: {type: file, path: yard.mp4, pace: realtime, start: 2026-01-31T14:03:00Z}
    detect: {fps: 10}
    tracker: {type: byte, new_score: 1.0, high_score: 1.0}
    record: {mode: always, segment_s: 1}
    rules: [{id: visitor, type: presence, labels: [person], for_s: 0.3}]
api: {port: 0}
"""
"""Somebody crosses the picture; the second camera follows nobody who is not perfectly sure."""

IN_THE_MIDDLE = "2026-01-31T14:03:02Z"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reasons")


@pytest.fixture(scope="module")
def product(folder: Path) -> Iterator[Running]:
    film(folder / "yard.mp4", walker((0.5, -0.1, 0.5), (3.5, 1.1, 0.5)), duration_s=6.0)
    (folder / "vedette.yaml").write_text(SETTINGS)
    arguments = ("up", "--config", folder / "vedette.yaml", "--data", folder / "data")
    with Running(*arguments) as running:
        running.until(lambda: any(e["ended_at"] for e in running.events()), "an event")
        running.until(lambda: explained(running, camera="blind", at=IN_THE_MIDDLE), "the doubt")
        yield running
        assert running.stop() == 0


def explained(product: Running, **asked: str) -> list[dict[str, Any]]:
    answer = product.http.get("/api/v1/explain", params=asked)
    return list(answer.json()) if answer.status_code == 200 else []


def shown(content: bytes) -> "np.ndarray[Any, Any]":
    """(height, width, BGR)"""
    assert content.startswith(b"\xff\xd8\xff")
    found = cv2.imdecode(np.frombuffer(content, dtype=np.uint8), cv2.IMREAD_COLOR)
    assert found is not None
    return found


def test_an_event_and_a_moment_have_their_stories(product: Running) -> None:
    (event,) = product.events()

    (by_id,) = explained(product, of=event["id"])
    (then,) = explained(product, camera="yard", at=IN_THE_MIDDLE)

    assert any(answer.startswith("Rule visitor opened an event") for answer in by_id["answers"])
    assert by_id["camera_id"] == "yard"
    assert then["about"].startswith("person, track yard/")
    assert [line["stage"] for line in then["lines"]][:3] == ["motion", "detect", "track"]
    picture = product.http.get(by_id["pictures"][0])
    assert shown(picture.content).ndim == 3


def test_who_was_seen_and_not_followed_has_one_too(product: Running) -> None:
    (story,) = explained(product, camera="blind", at=IN_THE_MIDDLE, around_s="30")

    assert story["about"].startswith("person, seen and not followed, 2026-01-31 14:03:0")
    assert story["answers"][0].startswith("Nobody was followed: the detector saw: person, ")
    assert "100 % are needed to follow it" in story["answers"][0]
    assert [remedy.partition(":")[0] for remedy in story["remedies"]] == [
        *("tracker.new_score", "tracker.high_score")
    ]


@pytest.mark.parametrize("camera", ["yard", "blind"])
def test_the_picture_of_the_moment_points_at_them(product: Running, camera: str) -> None:
    asked = {"camera": camera, "at": IN_THE_MIDDLE}
    answer = product.http.get("/api/v1/explain.jpg", params=asked)

    assert answer.headers["content-type"] == "image/jpeg"
    marked = shown(answer.content)
    with_box = np.abs(marked.astype(int) - colour_of("person")).sum(axis=2) < 90
    assert marked.shape[:2] == (180, 320)
    assert with_box.sum() > 50, "the colour of people's boxes"


def test_the_command_writes_the_same_picture(
    product: Running, folder: Path, tmp_path: Path
) -> None:
    file = tmp_path / "then.jpg"
    at = ("--camera", "blind", "--at", "2026-01-31T14:03:02", "--data", folder / "data")

    ran = vedette("explain", *at, "--picture", file)
    nowhere = vedette("explain", *at, "--picture", tmp_path / "missing" / "then.jpg")

    assert ran.code == 0, ran.err
    assert f"Picture: {file}" in "".join(ran.out.splitlines())
    params = {"camera": "blind", "at": IN_THE_MIDDLE}
    assert file.read_bytes() == product.http.get("/api/v1/explain.jpg", params=params).content
    assert nowhere.code != 0
    assert "cannot be written" in " ".join(nowhere.err.split())


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        ({}, 422, "say either `of`"),
        ({"of": "x", "camera": "yard"}, 422, "say either `of`"),
        ({"camera": "yard"}, 422, "say either `of`"),
        ({"of": "yesterday"}, 422, "is no id of an event, an alert or a track"),
        ({"of": "6f2d7c1e-0000-5000-8000-00000000000e"}, 404, "there is no event and no alert"),
        (
            {"camera": "yard", "at": "2026-01-31T15:00:00Z"},
            404,
            "yard followed nothing within 10 s",
        ),
        ({"camera": "yard", "at": "2026-01-31T14:03:02"}, 422, "time zone"),
    ],
)
def test_what_cannot_be_explained_says_why(
    product: Running, asked: dict[str, str], status: int, said: str
) -> None:
    for path in ("/api/v1/explain", "/api/v1/explain.jpg"):
        answer = product.http.get(path, params=asked)

        assert answer.status_code == status
        assert said in answer.text.replace("timezone", "time zone")


@pytest.mark.timeout(120)
def test_the_reasons_of_an_event_outlive_a_kill_while_it_goes_on(tmp_path: Path) -> None:
    film(tmp_path / "yard.mp4", walker((0.5, -0.1, 0.5), (60.0, 1.1, 0.5)), duration_s=30.0)
    config, data = tmp_path / "vedette.yaml", tmp_path / "data"
    config.write_text(SETTINGS)
    with Running("up", "--config", config, "--data", data) as product:
        (event,) = product.until(product.events, "an event")
        while_it_lasts = product.until(lambda: explained(product, of=event["id"]), "its story")
        product.kill()
    afterwards = vedette("explain", event["id"], "--data", data)

    assert event["state"] == "open"
    assert any(each.startswith("Rule visitor opened") for each in while_it_lasts[0]["answers"])
    stages = [line["stage"] for line in while_it_lasts[0]["lines"]]
    assert stages[:3] == ["motion", "detect", "track"]
    assert "rules" in stages
    assert "Rule visitor opened an event" in " ".join(afterwards.out.split())
