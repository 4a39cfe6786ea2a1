"""The modules of a running product: seen, kept down, begun again, asked, and told to systemd."""

import json
import os
import socket
from pathlib import Path

import pytest

from tests.command import vedette
from tests.running import Running

SETTINGS = """
cameras:
  - {id: yard, source: {type: simulator, pace: realtime}}
detector: {type: blob}
api: {port: 0}
workers: 0
health: {every_s: 0.5}
resilience:
  enabled: true
  scenarios:
    lossy: {kind: drop, topics: "event.*"}
"""
CRITICAL = {"bus", "relay", "event-writer", "recordings", "cameras"}


def test_modules_are_seen_kept_down_and_begun_again(tmp_path: Path) -> None:
    settings, data = tmp_path / "vedette.yaml", tmp_path / "data"
    settings.write_text(SETTINGS)
    with Running("up", "--config", settings, "--data", data) as product:
        listed = vedette("modules", "list", "--data", data)
        every = product.http.get("/health/modules").json()["modules"]
        shown = json.loads(vedette("modules", "show", "cameras", "--data", data).out)

        down = vedette("modules", "quarantine", "janitor", "--why", "too loud", "--data", data)
        ready = product.http.get("/health/ready")
        alone = product.http.get("/health/modules/janitor")
        status = vedette("status", "--data", data)
        metrics = product.http.get("/metrics").text
        sick = vedette("doctor", "--port", "0", "--data", data)
        again = vedette("modules", "restart", "janitor", "--data", data)
        well = vedette("doctor", "--port", "0", "--data", data)
        healthy = product.http.get("/health/ready").json()
        refused = vedette("modules", "restart", "cameras", "--data", data)
        nobody = vedette("modules", "restart", "moon", "--data", data)
        analysed = product.http.get("/api/v1/status").json()["cameras"][0]["fps_analysed"]
        assert product.stop() == 0

    assert {each["name"] for each in every if each["criticality"] == "critical"} == CRITICAL
    assert all(each["name"] in listed.out for each in every)
    assert {part["name"] for part in shown["parts"]} == {"camera loops", "detector", "camera yard"}
    assert "quarantined" in down.out
    assert (ready.status_code, ready.json()["degraded"]) == (200, True)
    assert (alone.status_code, alone.json()["detail"]) == (503, "too loud")
    assert status.code == 0, "an optional module that is down leaves the product ready"
    assert "too loud" in " ".join(status.out.split())
    assert 'vedette_module_up{class="low",module="janitor"} 0.0' in metrics
    assert "janitor: too loud" in " ".join(sick.out.split())
    assert "modules are well" in " ".join(well.out.split())
    assert "running" in again.out
    assert not healthy["degraded"]
    assert refused.code == 2
    assert "lives as long as the product" in " ".join(refused.err.split())
    assert nobody.code == 1
    assert "there are:" in nobody.err
    assert analysed > 0.0


def test_a_drill_is_switched_by_a_question_and_named_while_it_lasts(tmp_path: Path) -> None:
    settings, data = tmp_path / "vedette.yaml", tmp_path / "data"
    settings.write_text(SETTINGS)
    with Running("up", "--config", settings, "--data", data) as product:
        words = ("modules", "ask", "resilience", "toggle", "--data", data, "--with")
        on = vedette(*words, '{"scenario": "lossy", "on": true}')
        during = product.http.get("/health/modules/resilience").json()
        off = vedette(*words, '{"scenario": "lossy", "on": false}')
        wrong = vedette(*words, '{"scenario": "flood"}')
        strange = vedette(*words, "[1]")
        after = product.http.get("/health/modules/resilience").json()
        assert product.stop() == 0

    assert json.loads(on.out)["scenarios"]["lossy"]["on"] is True
    assert (during["level"], during["detail"]) == ("degraded", "trouble on purpose: lossy")
    assert json.loads(off.out)["scenarios"]["lossy"]["on"] is False
    assert after["level"] == "healthy"
    assert "no scenario is called 'flood'; there are: lossy" in " ".join(wrong.err.split())
    assert "JSON object" in strange.err


@pytest.mark.timeout(60)
def test_systemd_hears_that_it_is_ready_alive_and_stopping(tmp_path: Path) -> None:
    settings, data = tmp_path / "vedette.yaml", tmp_path / "data"
    settings.write_text(SETTINGS)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(20.0)
        env = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "1000000"}
        with Running("up", "--config", settings, "--data", data, env=env) as product:
            said: list[str] = []
            while not (any("READY=1" in s for s in said) and said.count("WATCHDOG=1") >= 3):
                said.append(systemd.recv(4096).decode())
            os.kill(product.pid, 15)
            while not any("STOPPING=1" in each for each in said):
                said.append(systemd.recv(4096).decode())
            assert product.ended(within_s=20) == 0

    ready = next(each for each in said if "READY=1" in each)
    assert product.address in ready
    assert any(each.startswith("STATUS=healthy") for each in said)
