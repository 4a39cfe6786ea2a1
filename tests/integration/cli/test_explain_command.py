"""`vedette explain` beside the running product: why people were told, and why they were not."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.command import Ran, vedette
from tests.running import Running
from tests.scenes import film, walker
from tests.servers.webhook_receiver import WebhookReceiver
from vedette.kit.ids import alert_id

SETTINGS = """
detector: {{type: blob, contrast: 60, smallest: 0.004}}
workers: 0
sites:
  - {{id: default, place: {{time_zone: UTC}}}}
  - {{id: bogota, place: {{time_zone: America/Bogota}}}}
cameras:
  - id: yard
    source: {{type: file, path: yard.mp4, pace: realtime, start: 2026-01-31T14:03:00Z}}
    detect: {{fps: 10}}
    zones: [{{id: right, polygon: [[0.5, 0], [1, 0], [1, 1], [0.5, 1]]}}]
    rules:
      - {{id: visitor, type: enter, zone: right, labels: [person]}}
      - {{id: lingering, type: loiter, zone: right, labels: [person], dwell_s: 30}}
      - {{id: dogs, type: presence, labels: [dog]}}
  - id: till
    site: bogota
    source: {{type: file, path: yard.mp4, pace: realtime, start: 2026-01-31T14:03:00Z}}
    detect: {{fps: 10}}
    rules: [{{id: guest, type: presence, labels: [person], for_s: 0.3}}]
notify:
  quiet_s: 3600
  quiet_hours: {{windows: [{{begin: 08:30, end: 10:00}}]}}
  channels: [{{id: hook, type: webhook, url: "{hook}"}}]
api: {{port: 0}}
"""
"""Two people cross the picture one after the other: of the first people are told, then all is
quiet for an hour. At the till in Bogota it is nine o'clock, and nobody is told of anything."""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    """The data folder of a product that has seen both, and its events, the first one first."""
    folder = tmp_path_factory.mktemp("told")
    people = [
        walker((0.5, -0.1, 0.5), (3.5, 1.1, 0.5)),
        walker((5.0, -0.1, 0.5), (8.0, 1.1, 0.5)),
    ]
    film(folder / "yard.mp4", *people, duration_s=10.0)
    with WebhookReceiver() as hook:
        (folder / "vedette.yaml").write_text(SETTINGS.format(hook=hook.url))
        settings = ("--config", folder / "vedette.yaml", "--data", folder / "data")
        with Running("up", *settings) as product:
            product.until(lambda: hook.messages, "the message")

            def all_over() -> bool:
                events = product.events()
                return len(events) == 4 and all(event["ended_at"] for event in events)

            product.until(all_over, "two events at each camera")
            events = sorted(product.events(camera="yard"), key=lambda event: event["opened_at"])
            assert product.stop() == 0
    return folder / "data", events


def words(ran: Ran) -> str:
    assert ran.code == 0, ran.err
    return " ".join(ran.out.split())


def test_of_whom_people_were_told(told: tuple[Path, list[dict[str, Any]]]) -> None:
    data, (first, _) = told

    said = words(vedette("explain", first["id"], "--data", data))
    by_alert = words(vedette("explain", str(alert_id(UUID(first["id"]))), "--data", data))

    assert by_alert == said
    assert "Hook told the webhook at 127.0.0.1. Rule visitor opened an event: it came in." in said
    assert "the detector saw: person" in said
    assert "went into right" in said
    assert "rule lingering opened nothing: " in said
    assert "of 30.0 s were over" in said
    assert "Picture: " in said
    [picture] = said.split("Picture: ")[1:]
    assert Path(picture.split()[0]).is_file()


def test_of_whom_nobody_was_told_and_what_was_in_the_way(
    told: tuple[Path, list[dict[str, Any]]],
) -> None:
    data, (first, second) = told

    said = words(vedette("explain", second["track_ids"][0], "--data", data))
    as_json = vedette("explain", second["id"], "--data", data, "--json")

    assert "Of rule visitor nobody is to be told: the same was told 4.5 s before" in said
    assert "In the way: notify.quiet_s: 4.5" in said
    [story] = json.loads(as_json.out)
    assert story["remedies"] == ["notify.quiet_s: 4.5"]
    assert {line["stage"] for line in story["lines"]} >= {"motion", "detect", "rules", "alerts"}
    assert first["id"] not in as_json.out


def test_in_quiet_hours_nobody_was_told(told: tuple[Path, list[dict[str, Any]]]) -> None:
    at = ("--camera", "till", "--at", "2026-01-31T14:03:02")

    said = words(vedette("explain", *at, "--around", "0.5", "--data", told[0]))

    assert (
        "Of rule guest nobody is to be told: these are quiet hours, until "
        "2026-01-31T15:00:00+00:00." in said
    )
    assert "In the way: notify.quiet_hours: windows that leave that time out" in said


def test_a_moment_is_explained_object_by_object(
    told: tuple[Path, list[dict[str, Any]]],
) -> None:
    data, _ = told
    moment = ("explain", "--camera", "yard", "--data", data, "--at")

    second = words(vedette(*moment, "2026-01-31T14:03:06", "--around", "0.5"))
    both = words(vedette(*moment, "2026-01-31T14:03:04"))
    nobody = vedette(*moment, "2026-01-31T15:00:00")

    assert "Of rule visitor nobody is to be told" in second
    assert "Hook told" not in second
    assert both.count("person, track yard/") == 2
    assert nobody.code == 1
    assert "yard followed nothing within 10 s of 2026-01-31 15:00:00 UTC" in " ".join(
        nobody.err.split()
    )


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (["yesterday"], 2, "'yesterday' is no id of an event, an alert or a track"),
        (["6f2d7c1e-0000-5000-8000-00000000000e"], 1, "there is no event and no alert 6f2d7c1e"),
        (["yard/1/1"], 1, "there is no track 'yard/1/1'"),
        ([], 2, "say either an id, or --camera and --at"),
        (["--camera", "yard"], 2, "say either an id, or --camera and --at"),
    ],
)
def test_what_cannot_be_explained_says_why(
    told: tuple[Path, list[dict[str, Any]]], arguments: list[str], code: int, complaint: str
) -> None:
    ran = vedette("explain", *arguments, "--data", told[0])

    assert ran.code == code
    assert complaint in " ".join(ran.err.split())
