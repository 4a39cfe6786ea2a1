"""The HTTP door: events, paging, bytes with Range, health, and what it refuses."""

from datetime import datetime, timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest

from tests.integration.api.conftest import CLIP, PICTURE
from vedette.contracts.health import Health, HealthLevel, PartHealth
from vedette.kit.clock import SystemClock


async def test_events_come_newest_first_with_their_artifacts(door: SimpleNamespace) -> None:
    body = (await door.client.get("/api/v1/events")).json()

    assert [item["id"] for item in body["items"]] == door.ids[::-1]
    assert {a["kind"] for a in body["items"][0]["artifacts"]} == {"snapshot_annotated", "clip"}
    assert body["next"] is None


async def test_a_saved_artifact_has_a_name_that_says_camera_class_and_moment(
    door: SimpleNamespace,
) -> None:
    event = (await door.client.get(f"/api/v1/events/{door.ids[1]}")).json()
    began = datetime.fromisoformat(event["started_at"])
    for kind, more, extension in (
        ("clip", "", ".mp4"),
        ("snapshot_annotated", "_annotated", ".jpg"),
    ):
        answer = await door.client.get(f"/api/v1/events/{door.ids[1]}/artifacts/{kind}")
        name = f"gate_person{more}_{began:%Y%m%d_%H%M%S}{extension}"
        assert answer.headers["content-disposition"] == f'inline; filename="{name}"'


async def test_an_artifact_says_how_long_it_is_kept(door: SimpleNamespace) -> None:
    started = SystemClock().now()
    plain, short = [
        (await door.client.get(f"/api/v1/events/{door.ids[place]}")).json()["artifacts"][0]
        for place in (0, 1)
    ]

    said = ("expires_at", "retention_class", "lifecycle_tag")
    assert [plain[key] for key in said] == [None, "standard", ""]
    assert [short[key] for key in said[1:]] == ["standard", "doorbell"]
    left = datetime.fromisoformat(short["expires_at"]) - started
    assert timedelta(days=1.99) < left < timedelta(days=2)


async def test_pages_join_without_gap_or_repeat(door: SimpleNamespace) -> None:
    first = (await door.client.get("/api/v1/events", params={"limit": 2})).json()
    rest = await door.client.get("/api/v1/events", params={"limit": 2, "cursor": first["next"]})

    ids = [item["id"] for item in (*first["items"], *rest.json()["items"])]
    assert ids == door.ids[::-1]


@pytest.mark.parametrize(
    ("filters", "places"),
    [
        ({"camera": "gate"}, [1]),
        ({"rule": ["r", "other"]}, [2, 1, 0]),
        ({"label": "car"}, []),
        ({"zone": "lawn", "severity": "warning", "state": "closed"}, [2, 1, 0]),
        ({"severity": "critical"}, []),
    ],
)
async def test_filters(door: SimpleNamespace, filters: dict[str, str], places: list[int]) -> None:
    body = (await door.client.get("/api/v1/events", params=filters)).json()

    assert [item["id"] for item in body["items"]] == [door.ids[place] for place in places]


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("limit=0", "limit"),
        ("limit=many", "limit"),
        ("cursor=nonsense", "cursor"),
        ("since=yesterday", "since"),
        ("state=ajar", "state"),
        ("colour=red", "colour"),
    ],
)
async def test_a_wrong_question_is_refused_with_a_sentence(
    door: SimpleNamespace, query: str, word: str
) -> None:
    answer = await door.client.get(f"/api/v1/events?{query}")

    assert answer.status_code == 422
    assert answer.json()["error"] == "InvalidInput"
    assert word in answer.json()["detail"]


async def test_one_event_and_none(door: SimpleNamespace) -> None:
    known = await door.client.get(f"/api/v1/events/{door.ids[0]}")
    missing = await door.client.get(f"/api/v1/events/{uuid4()}")

    assert known.json()["dedupe_key"] == "track-1"
    assert missing.status_code == 404
    assert missing.json()["error"] == "NotFound"


async def test_an_event_of_another_site_is_not_there_in_any_way(door: SimpleNamespace) -> None:
    listed = (await door.client.get("/api/v1/events", params={"camera": "shop"})).json()
    opened = await door.client.get(f"/api/v1/events/{door.foreign}")
    clip = await door.client.get(f"/api/v1/events/{door.foreign}/artifacts/clip")
    page = await door.client.get(f"/events/{door.foreign}")

    assert listed["items"] == []
    assert {opened.status_code, clip.status_code, page.status_code} == {404}


async def test_bytes_come_whole_and_in_part(door: SimpleNamespace) -> None:
    url = f"/api/v1/events/{door.ids[0]}/artifacts/clip"
    whole = await door.client.get(url)
    part = await door.client.get(url, headers={"Range": "bytes=10-19"})
    beyond = await door.client.get(url, headers={"Range": "bytes=999999-"})

    assert (whole.status_code, whole.content) == (200, CLIP)
    assert whole.headers["content-type"] == "video/mp4"
    assert (part.status_code, part.content) == (206, CLIP[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(CLIP)}"
    assert beyond.status_code == 416


async def test_a_file_that_is_gone_is_said_to_be_gone(door: SimpleNamespace) -> None:
    for file in door.artifacts.rglob("clip*.mp4"):
        file.unlink()

    answer = await door.client.get(f"/api/v1/events/{door.ids[0]}/artifacts/clip")

    assert answer.status_code == 404
    assert "no longer stored" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/healthz", "/health"])
async def test_health_is_well(door: SimpleNamespace, path: str) -> None:
    assert (await door.client.get(path)).status_code == 200


async def test_readiness_names_what_fails_and_liveness_does_not_care(
    door: SimpleNamespace,
) -> None:
    sick = Health(level=HealthLevel.UNHEALTHY, detail="cannot be used: yard")
    door.said.append(sick)

    ready = await door.client.get("/health/ready")

    assert ready.status_code == 503
    cameras = next(each for each in ready.json()["checks"] if each["name"] == "cameras")
    assert (cameras["ok"], cameras["detail"]) == (False, "cannot be used: yard")
    assert (await door.client.get("/health/live")).status_code == 200


async def test_a_degraded_product_is_ready_and_says_so(door: SimpleNamespace) -> None:
    door.said.append(Health(level=HealthLevel.DEGRADED, detail="away: yard"))

    ready = await door.client.get("/health/ready")

    assert ready.status_code == 200
    assert ready.json()["degraded"]


async def test_each_module_has_its_own_health(door: SimpleNamespace) -> None:
    part = PartHealth(name="camera yard", level=HealthLevel.UNHEALTHY, detail="no such file")
    door.said.append(Health(level=HealthLevel.UNHEALTHY, parts=(part,)))

    sick = await door.client.get("/health/modules/cameras")
    well = await door.client.get("/health/modules/janitor")
    nobody = await door.client.get("/health/modules/nobody")
    summary = (await door.client.get("/health/modules")).json()

    assert sick.status_code == 503
    assert sick.json()["parts"][0]["detail"] == "no such file"
    assert (well.status_code, well.json()["state"]) == (200, "running")
    assert nobody.status_code == 404
    assert "there are: janitor, cameras" in nobody.json()["detail"]
    assert (summary["ready"], summary["level"]) == (False, "unhealthy")


async def test_a_module_is_kept_down_and_begun_again(door: SimpleNamespace) -> None:
    path = "/api/v1/modules/janitor"

    down = await door.client.post(f"{path}/quarantine", json={"why": "it is in the way"})
    ready = await door.client.get("/health/ready")
    again = await door.client.post(f"{path}/restart")

    assert (down.json()["state"], down.json()["detail"]) == ("quarantined", "it is in the way")
    assert (ready.status_code, ready.json()["degraded"]) == (200, True)
    assert again.json()["state"] == "running"


@pytest.mark.parametrize(
    ("path", "body", "status", "sentence"),
    [
        ("cameras/restart", {}, 422, "lives as long as the product"),
        ("moon/restart", {}, 404, "there are: cameras, janitor"),
        ("janitor/requests", {"what": "hello"}, 422, "answers no questions"),
        ("janitor/requests", {}, 422, "what"),
        ("..%2fx/restart", {}, 404, ""),
    ],
)
async def test_what_a_module_cannot_do_is_said(
    door: SimpleNamespace, path: str, body: dict[str, str], status: int, sentence: str
) -> None:
    answer = await door.client.post(f"/api/v1/modules/{path}", json=body)

    assert answer.status_code == status
    assert sentence in answer.json()["detail"]


async def test_metrics_are_text(door: SimpleNamespace) -> None:
    answer = await door.client.get("/metrics")

    assert answer.text == "vedette_camera_online 1\n"
    assert answer.headers["content-type"].startswith("text/plain")


async def test_live_pictures(door: SimpleNamespace) -> None:
    assert (await door.client.get("/live/yard.jpg")).content == PICTURE
    assert (await door.client.get("/live/gate.jpg")).status_code == 404
    assert "yard" in (await door.client.get("/live/nobody.jpg")).json()["detail"]


async def test_the_page_shows_cameras_and_events_and_escapes_what_it_is_told(
    door: SimpleNamespace,
) -> None:
    text = (await door.client.get("/")).text

    assert "/live/yard.jpg" in text
    assert "&lt;b&gt;bold" in text
    assert text.count('class="card warning"') == 3
    for name in ("/style.css", "/page.js", f"/events/{door.ids[0]}"):
        assert (await door.client.get(name)).status_code == 200


async def test_another_host_name_is_refused(door: SimpleNamespace) -> None:
    answer = await door.client.get("/api/v1/events", headers={"Host": "evil.example"})

    assert answer.status_code == 400


async def test_every_answer_carries_safe_headers(door: SimpleNamespace) -> None:
    answer = await door.client.get("/")

    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'self'" in answer.headers["content-security-policy"]
