"""People read their messages in the product, and their browsers are told while none looks."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.command import vedette
from tests.running import Running
from tests.servers.push_service import Browser, PushService

SETTINGS = """
detector: {type: blob}
workers: 0
api: {port: 0}
cameras:
  - id: yard
    source: {type: simulator, pace: realtime}
    detect: {fps: 10}
    rules: [{id: anybody, type: presence, labels: []}]
notify:
  quiet_s: 0
  channels:
    - {type: in_app}
    - {type: web_push, contact: "mailto:me@example.org", allow_private: true}
"""


def heard(product: Running, after: int, count: int) -> list[dict[str, Any]]:
    """What a page that listens hears."""
    found: list[dict[str, Any]] = []
    headers = {"Last-Event-ID": str(after)}
    with product.http.stream("GET", "/api/v1/inbox/stream", headers=headers) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        for line in stream.iter_lines():
            if line.startswith("data: "):
                found.append(json.loads(line.removeprefix("data: ")))
            if len(found) == count:
                break
    return found


@pytest.mark.timeout(180)
def test_messages_are_read_in_the_product_and_told_to_browsers(tmp_path: Path) -> None:
    config, data = tmp_path / "vedette.yaml", tmp_path / "data"
    config.write_text(SETTINGS)
    with PushService() as service, Running("up", "--config", config, "--data", data) as product:
        service.key = product.http.get("/api/v1/push/key").json()["key"]
        _, subscribed = service.subscribe()
        added = product.http.post("/api/v1/push/subscriptions", json=subscribed)
        product.until(lambda: service.pushed, "a message for the browser")
        inbox = product.until(
            lambda: (page := product.http.get("/api/v1/inbox").json())["items"] and page,
            "a message to read",
        )
        first = inbox["items"][-1]
        news = heard(product, first["number"] - 1, 2)
        page = product.http.get("/inbox").text
        read = product.http.post(f"/api/v1/inbox/{first['number']}/read").json()
        again = product.http.get("/api/v1/inbox", params={"limit": "500"}).json()
        newest = again["items"][0]["number"]
        all_read = product.http.post("/api/v1/inbox/read", json={"last": newest}).json()
        which = {"endpoint": subscribed["endpoint"]}
        path = "/api/v1/push/subscriptions"
        removed = product.http.request("DELETE", path, json=which)
        missing = product.http.request("DELETE", path, json=which)
        wrong = bad_subscriptions(product.http, service)
        assert product.stop() == 0

    assert added.status_code == 201
    assert service.refused == []
    said = service.pushed[0].said
    assert said["link"] == f"/events/{first['event_id']}" or said["link"].startswith("http")
    assert first["read_at"] is None
    assert first["title"] in page
    assert news[0]["number"] == first["number"]
    assert all(earlier["number"] < later["number"] for earlier, later in pairwise(news))
    assert read["read_at"] is not None
    assert again["unread"] == sum(each["read_at"] is None for each in again["items"])
    assert all_read["read"] == again["unread"]
    assert (removed.status_code, missing.status_code) == (204, 404)
    assert [answer.status_code for answer in wrong] == [422] * len(wrong)
    for answer in wrong:
        assert "not-a-key" not in answer.text
    assert (data / "keys" / "push.key").stat().st_mode & 0o777 == 0o600
    lines = "\n".join([*product.lines, *product.complaints])
    assert subscribed["endpoint"].rpartition("/")[2] not in lines, "whoever knows it can push"


def bad_subscriptions(http: httpx2.Client, service: PushService) -> list[httpx2.Response]:
    """Answers to what no browser would send."""
    keys, endpoint = Browser().keys, service.url + "/push/x"
    wrong: list[Any] = [
        {"endpoint": endpoint, "keys": {**keys, "p256dh": "not-a-key"}},
        {"endpoint": endpoint, "keys": {**keys, "auth": "not-a-key"}},
        {"endpoint": "file:///etc/passwd", "keys": keys},
        {"endpoint": endpoint + "y" * 1000, "keys": keys},
        {"endpoint": endpoint},
        [],
    ]
    return [http.post("/api/v1/push/subscriptions", json=each) for each in wrong]


@pytest.mark.timeout(120)
def test_where_nobody_is_told_in_the_product_it_says_how(tmp_path: Path) -> None:
    config, data = tmp_path / "vedette.yaml", tmp_path / "data"
    start, _, _ = SETTINGS.partition("notify:")
    config.write_text(start)
    with Running("up", "--config", config, "--data", data) as product:
        page = product.http.get("/inbox").text
        key = product.http.get("/api/v1/push/key")
        missing = product.http.post("/api/v1/inbox/7/read")
        assert product.stop() == 0

    assert "type: in_app" in page
    assert key.status_code == 404
    assert "web_push" in key.text
    assert missing.status_code == 404
    assert "no message 7" in missing.text


@pytest.mark.timeout(120)
def test_a_test_message_reaches_the_page_and_the_browsers(tmp_path: Path) -> None:
    config, data = tmp_path / "vedette.yaml", tmp_path / "data"
    start, _, told = SETTINGS.partition("rules:")
    config.write_text(f"{start}rules: []\nnotify:{told.partition('notify:')[2]}")
    never = vedette("notify", "test", "in_app", config, "--data", data)
    with PushService() as service, Running("up", "--config", config, "--data", data) as product:
        service.key = product.http.get("/api/v1/push/key").json()["key"]
        unasked = vedette("notify", "test", "web_push", config, "--data", data)
        _, subscribed = service.subscribe()
        product.http.post("/api/v1/push/subscriptions", json=subscribed)
        page = vedette("notify", "test", "in_app", config, "--data", data)
        browser = vedette("notify", "test", "web_push", config, "--data", data)
        (message,) = product.http.get("/api/v1/inbox").json()["items"]
        assert product.stop() == 0

    assert never.code != 0
    assert "name the folder with --data" in " ".join(never.err.split())
    assert unasked.code != 0
    assert "no browser wants to be told" in " ".join(unasked.err.split())
    assert page.out == "told: the list of messages\n", page.err
    assert browser.out == "told: 1 browser\n", browser.err
    assert message["title"] == service.pushed[0].said["title"] == "Test of this channel (Vedette)"
    assert service.pushed[0].said["link"] == "/inbox"
