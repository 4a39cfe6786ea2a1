"""Alerts of a running product, handled over the command line and over HTTP."""

from pathlib import Path
from typing import Any

import pytest

from tests.command import vedette
from tests.running import Running

SETTINGS = """
detector: {type: blob}
workers: 0
cameras:
  - id: yard
    source: {type: simulator, pace: realtime}
    rules:
      - id: calm
        type: when
        labels: []
        severity: critical
        when: {nobody: {height: {above: 0.99}}}
notify:
  escalate: [{after_s: 2, channels: [boss]}]
  channels:
    - {id: family, type: log}
    - {id: boss, type: log, only_escalations: true}
api: {port: 0}
"""


def told(product: Running) -> list[str]:
    found: list[dict[str, Any]] = product.http.get("/api/v1/messages").json()
    return sorted(each["channel"] for each in found)


@pytest.mark.timeout(180)
def test_an_alert_from_its_raising_to_its_end(tmp_path: Path) -> None:
    file, here = tmp_path / "vedette.yaml", ("--data", tmp_path / "data")
    file.write_text(SETTINGS)
    with Running("up", "--config", file, *here) as product:
        product.until(lambda: told(product) == ["boss", "family"], "the escalation")
        [raised] = product.http.get("/api/v1/alerts").json()
        short = raised["id"][:8]
        acknowledged = vedette("alerts", "ack", short, "--by", "ada", "--note", "seen", *here)
        twice = vedette("alerts", "ack", short, *here)
        assigned = vedette("alerts", "assign", short, "bob", "--by", "ada", *here)
        resolved = vedette("alerts", "resolve", short, "--by", "bob", *here)
        listed = vedette("alerts", "list", *here)
        shown = vedette("alerts", "show", short, *here)
        strange = vedette("alerts", "show", "zzzz", *here)
        muted = vedette("alerts", "mute", "30 min", "--camera", "yard", "--by", "ada", *here)
        wrong = vedette("alerts", "mute", "for ever", *here)
        mutes = vedette("alerts", "mutes", *here)
        unmuted = vedette("alerts", "unmute", "1", *here)
        gone = vedette("alerts", "unmute", "1", *here)
        conflict = product.http.post(f"/api/v1/alerts/{raised['id']}/resolve", json={"by": "eve"})
        wide = product.http.post("/api/v1/mutes", json={"lasts_s": -1})
        assert product.stop() == 0

    assert (raised["state"], raised["severity"]) == ("raised", "critical")
    assert "acknowledged" in acknowledged.out
    assert twice.code == 2
    assert "can be acknowledged while it is raised" in " ".join(twice.err.split())
    assert assigned.code == resolved.code == 0
    assert "resolved" in listed.out
    said = " ".join(shown.out.split())
    for words in ("acknowledged by ada seen", "assigned by ada to bob", "resolved by bob"):
        assert words in said
    assert "escalated told boss" in said
    assert strange.code == 2
    assert "vedette alerts unmute 1" in muted.out
    assert wrong.code == 2
    assert "'for ever' is no time" in wrong.err
    assert "yard" in mutes.out
    assert unmuted.code == 0
    assert "nothing is muted under the number 1" in " ".join(gone.err.split())
    assert conflict.status_code == 409
    assert wide.status_code == 422
