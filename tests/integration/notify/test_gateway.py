"""The notification gateway as a service of its own: who may ask, what is told, what is answered."""

import json
import os
import signal
import socket
from base64 import b64encode
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.command import vedette
from tests.gateways import KEY, RunningGateway, a_request
from tests.servers.chat_space import ChatSpace
from tests.servers.web import Heard, Reply
from tests.servers.webhook_receiver import WebhookReceiver
from vedette.services.courier import SAID_BEFORE
from vedette.testing.channel_contract import JPEG

ONE = '  channels: [{{id: hook, type: webhook, url: "{0}/", include_picture: true}}]'
TWO = """
  channels:
    - {{id: hook, type: webhook, url: "{0}/"}}
    - {{id: guard, type: webhook, url: "{1}/"}}
"""


@pytest.mark.timeout(120)
def test_a_request_is_told_answered_and_logged(tmp_path: Path) -> None:
    with WebhookReceiver() as hook, RunningGateway(tmp_path, ONE.format(hook.url)) as gateway:
        said = gateway.ask(
            items=["nvr-7 12 minutes", "nvr-9 3 minutes"],
            links=[{"text": "Open", "url": "https://nvr.example/7"}],
            picture=b64encode(JPEG).decode(),
        )
        (message,) = hook.messages.values()
        assert said["status"] == "sent"
        assert said["alert_id"] == message["id"]
        assert [each["status"] for each in said["channels"]] == ["sent"]
        assert message["title"] == "NVR 7 does not answer"
        assert message["event"]["severity"] == "warning", "the seed's word for it is suspect"
        assert message["picture_base64"] == b64encode(JPEG).decode()

        again = gateway.ask(title="NVR 7 still does not answer")
        assert (again["duplicate"], again["alert_id"]) == (True, said["alert_id"])
        other = gateway.ask(dedup_key="nvr-7/2026-11-24T02:00")
        assert other["duplicate"] is False
        assert len(hook.messages) == 2, "another outage is another message"

        listed = gateway.http.get("/api/v1/messages").json()
        assert [each["id"] for each in listed] == [*other["log_ids"], *said["log_ids"]]
        metrics = httpx2.get(f"{gateway.url}/metrics").text
        assert 'vmm_notification_sent_total{channel="hook"} 2.0' in metrics
        assert httpx2.get(f"{gateway.url}/healthz").status_code == 200
        assert gateway.stop() == 0


@pytest.mark.timeout(120)
def test_who_may_not_ask_and_what_cannot_be_asked(tmp_path: Path) -> None:
    with WebhookReceiver() as hook, RunningGateway(tmp_path, ONE.format(hook.url)) as gateway:
        wrong: list[tuple[Any, int, str]] = [
            (a_request(site_id="moon"), 404, "no site 'moon'; there are: farm, home"),
            (a_request(channels=["pigeon"]), 404, "no channel is called 'pigeon'; there are: hook"),
            ({k: v for k, v in a_request().items() if k != "site_id"}, 422, "site_id"),
            (a_request(severity="dire"), 422, "severity"),
            (a_request(title=" "), 422, "title"),
            (a_request(sound="loud"), 422, "sound"),
            (a_request(links=[{"text": "x", "url": "javascript:alert(1)"}]), 422, "url"),
            (a_request(picture=b64encode(b"MZ no picture").decode()), 422, "it is no JPEG"),
            (a_request(picture="***"), 422, "picture"),
            ([1, 2], 422, "body"),
        ]
        for body, status, why in wrong:
            answer = gateway.post(body)
            assert (answer.status_code, why in answer.text) == (status, True), answer.text
        for key in ("none", "another key of the same kind"):
            assert gateway.post(a_request(), key=key).status_code == 401
        much = httpx2.post(
            f"{gateway.url}/internal/notify",
            content=b"x" * (9 * 1024 * 1024),
            headers={"Authorization": f"Bearer {KEY}"},
        )
        assert much.status_code == 413
        assert hook.heard == []
        assert gateway.http.get("/api/v1/messages").json() == []
        assert gateway.http.post("/internal/notify", json=a_request()).status_code == 404
        assert gateway.stop() == 0
        assert KEY not in "\n".join([*gateway.lines, *gateway.complaints])


@pytest.mark.timeout(120)
def test_what_sites_let_out_stands_in_the_seed_s_file(tmp_path: Path) -> None:
    policies = {
        "sites": {
            "home": {
                "rateLimitPerSitePerMin": 2,
                "gchat": {"mode": "text"},
                "routes": [
                    {"minSeverity": "critical", "channels": ["guard"]},
                    {"channels": ["hook"]},
                ],
            },
            "farm": {"enabled": False},
        }
    }
    file = tmp_path / "gateway.json"
    file.write_text(json.dumps(policies))
    with (
        WebhookReceiver() as hook,
        WebhookReceiver() as guard,
        RunningGateway(
            tmp_path / "run", TWO.format(hook.url, guard.url), more=f"policies: {file}"
        ) as gateway,
    ):
        said = [gateway.ask(dedup_key=f"outage {n}") for n in range(4)]
        assert [each["status"] for each in said] == ["sent", "sent", "suppressed", "suppressed"]
        shut = {each["channel"]: each["error"] for each in said[2]["channels"]}
        assert shut == {
            "guard": "the site sends such alerts to hook",
            "hook": "site home has sent 2 alerts within a minute",
        }
        urgent = gateway.ask(dedup_key="fire", severity="critical")
        assert {each["channel"]: each["status"] for each in urgent["channels"]} == {
            "guard": "sent",
            "hook": "suppressed",
        }, "critical ones go elsewhere, and past the limit"
        off = gateway.ask(site_id="farm")
        assert off["status"] == "suppressed"
        assert {each["error"] for each in off["channels"]} == {"nothing goes out of site farm"}
        assert len(hook.messages) == 2
        assert len(guard.messages) == 1
        listed = vedette("notify", "log", "--status", "suppressed", "--data", tmp_path / "run/data")
        assert "nothing goes out of site farm" in listed.out


@pytest.mark.timeout(120)
def test_the_mode_of_a_site_makes_text_of_cards(tmp_path: Path) -> None:
    with ChatSpace() as space:
        channel = f'  channels: [{{id: chat, type: gchat, url: "{space.webhook}"}}]'
        told = []
        for mode in ("text", "cards"):
            file = tmp_path / f"{mode}.json"
            file.write_text(json.dumps({"sites": {"home": {"gchat": {"mode": mode}}}}))
            with RunningGateway(tmp_path / mode, channel, more=f"policies: {file}") as gateway:
                assert gateway.ask(dedup_key=mode)["status"] == "sent"
            told.append(list(space.messages.values())[-1])
    assert ["cardsV2" in each for each in told] == [False, True]


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "line 1, column 2"),
        ('{"sites": {"moon": {}}}', "no site is called 'moon'"),
        ('{"sites": {"home": {"channels": ["pigeon"]}}}', "no channel is called 'pigeon'"),
        ('{"sites": {"home": {"rateLimit": 3}}}', "sites.home.rateLimit"),
        ('{"sites": {"home": {"rateLimitPerSitePerMin": 0}}}', "sites.home.rateLimitPerSitePerMin"),
    ],
)
def test_a_wrong_file_of_policies_is_told_before_anything_begins(
    tmp_path: Path, text: str, why: str
) -> None:
    policies, file = tmp_path / "gateway.json", tmp_path / "vedette.yaml"
    policies.write_text(text)
    file.write_text(
        f"sites: [{{id: home}}]\nnotify:\n  gateway: {{key: {KEY}, policies: {policies}}}\n"
        "  channels: [{type: log}]\n"
    )
    done = vedette("run", "notifier", "--config", file, "--data", tmp_path / "data")
    assert done.code == 3
    assert why in " ".join(done.err.split())


@pytest.mark.timeout(120)
def test_what_waits_is_answered_as_waiting_and_arrives_later(tmp_path: Path) -> None:
    class Asleep(WebhookReceiver):
        awake = False

        def answer(self, request: Heard) -> Reply:
            return super().answer(request) if self.awake else Reply(status=503)

    with (
        Asleep() as hook,
        RunningGateway(tmp_path, ONE.format(hook.url), more="wait_s: 0.5") as gateway,
    ):
        said = gateway.ask()
        assert said["status"] == "queued"
        assert "503" in said["channels"][0]["error"]
        hook.awake = True
        gateway.until(lambda: hook.messages, "the message")
        gateway.until(lambda: gateway.ask()["status"] == "sent", "its later answer")


@pytest.mark.timeout(120)
def test_killed_between_sending_and_noting_it_says_once_more_that_it_may_be_known(
    tmp_path: Path,
) -> None:
    class Killer(WebhookReceiver):
        """The gateway dies when it has sent, before it has heard that it arrived."""

        victim: int | None = None

        def answer(self, request: Heard) -> Reply:
            reply = super().answer(request)
            if self.victim is not None:
                os.kill(self.victim, signal.SIGKILL)
                self.victim = None
            return reply

    with Killer() as hook:
        with RunningGateway(tmp_path, ONE.format(hook.url)) as gateway:
            hook.victim = gateway.pid
            with pytest.raises(httpx2.HTTPError):
                gateway.ask()
            gateway.ended(within_s=10)
        with RunningGateway(tmp_path, ONE.format(hook.url)) as gateway:
            gateway.until(lambda: len(hook.heard) >= 2, "the message once more")
            said = gateway.ask()
            assert (said["status"], said["duplicate"]) == ("sent", True)
            assert gateway.stop() == 0
    first, second = (json.loads(each.body) for each in hook.heard)
    assert first["id"] == second["id"], "a receiver that remembers ids has it once"
    assert SAID_BEFORE not in first["text"]
    assert SAID_BEFORE in second["text"]


@pytest.mark.timeout(120)
def test_one_installation_tells_by_way_of_another(tmp_path: Path) -> None:
    """The channel `gateway`: what this one decides to tell, that one brings to people."""
    with WebhookReceiver() as hook, RunningGateway(tmp_path / "far", ONE.format(hook.url)) as far:
        key = "key: {secret: GATEWAY_KEY}"
        way = f'  channels: [{{id: far, type: gateway, url: "{far.url}", {key}, source: near}}]'
        with RunningGateway(tmp_path / "near", way) as near:
            said = near.ask(items=["a line"], picture=b64encode(JPEG).decode())
            assert said["status"] == "sent"
            assert "(sent)" in said["channels"][0]["target"]
            lost = near.ask(site_id="farm", channels=["far"], dedup_key="of the farm")
            assert lost["status"] == "sent"
        (first, second) = hook.messages.values()
        assert first["picture_base64"] == b64encode(JPEG).decode()
        assert second["event"]["site_id"] == "farm"
        assert far.stop() == 0


def test_a_service_that_there_is_not_and_one_without_a_key(tmp_path: Path) -> None:
    file = tmp_path / "vedette.yaml"
    file.write_text("cameras: [{id: yard, source: simulator}]\n")
    unknown = vedette("run", "oracle", "--config", file)
    assert (unknown.code, "there are: notifier" in unknown.err) == (2, True)
    keyless = vedette("run", "notifier", "--config", file, "--data", tmp_path / "data")
    assert keyless.code == 3
    assert "notify.gateway is missing" in " ".join(keyless.err.split())


def test_a_busy_port_and_an_open_address_are_said(tmp_path: Path) -> None:
    file = tmp_path / "vedette.yaml"
    file.write_text(f"notify: {{gateway: {{key: {KEY}, host: 0.0.0.0}}}}\n")
    done = vedette("run", "notifier", "--config", file, "--data", tmp_path / "data")
    assert done.code == 3
    assert "give it a certificate" in " ".join(done.err.split())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        file.write_text(f"api: {{port: 0}}\nnotify: {{gateway: {{key: {KEY}, port: {port}}}}}\n")
        busy = vedette("run", "notifier", "--config", file, "--data", tmp_path / "data")
    assert busy.code == 3
    assert "set notify.gateway.port to a free port" in " ".join(busy.err.split())
