"""Events are called right or wrong beside the running product, whose figures follow."""

import re
import shlex
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.command import vedette
from tests.running import Running

SETTINGS = """
cameras:
  - id: yard
    source: {type: simulator, pace: realtime}
    detect: {fps: 10}
    rules: [{id: anybody, type: presence, labels: []}]
detector: {type: blob}
workers: 0
api: {port: 0}
"""


def figure(text: str, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


@pytest.mark.timeout(180)
def test_what_people_say_of_events_moves_the_precision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, data = tmp_path / "vedette.yaml", tmp_path / "data"
    settings.write_text(SETTINGS)
    with Running("up", "--config", settings, "--data", data) as product:
        product.until(lambda: len(product.events()) >= 2, "two events")
        first, second = (event["id"] for event in product.events()[:2])
        right = vedette("events", "mark", first, "true", "--data", data)
        wrong = vedette("events", "mark", second, "true", "--data", data)
        changed = vedette(
            "events", "mark", second, "false", "--note", "a cat's shadow", "--data", data
        )

        def precision() -> float:
            text = product.http.get("/metrics").text
            return figure(text, 'vedette_event_precision{rule="anybody"}')

        def missed() -> float:
            text = product.http.get("/metrics").text
            said = 'vedette_events_judged{camera="yard",judgement="missed",rule="anybody"}'
            return figure(text, said)

        moment = ("--missed", "--camera", "yard", "--rule", "anybody", "--at", "1m")
        assert vedette("events", "mark", *moment, "--data", data).code == 0
        anybody = (*moment[:3], "--at", "2m")
        assert vedette("events", "mark", *anybody, "--data", data).code == 0
        product.until(lambda: precision() == 0.5, "one of two that was right")
        product.until(lambda: missed() == 1.0, "what was missed is counted")
        assert precision() == 0.5, "what was missed is no event that was right"
        text = product.http.get("/metrics").text
        stored = len(product.events(limit="500"))
        unknown = vedette("events", "mark", str(uuid4()), "true", "--data", data)
        nonsense = vedette("events", "mark", "yesterday", "true", "--data", data)
        assert product.stop() == 0

    assert (right.code, wrong.code, changed.code) == (0, 0, 0), changed.err
    assert "anybody at yard" in changed.out
    said = 'vedette_events_judged{camera="yard",judgement="%s",rule="anybody"}'
    assert figure(text, said % "true") == 1.0
    assert figure(text, said % "false") == 1.0
    counted = figure(text, 'ai_events_total{site="default",type="presence"}')
    assert 2 <= counted <= stored
    assert "vedette_event_score_bucket{label=" in text
    assert unknown.code == 1
    assert nonsense.code == 2
    assert "is no id of an event" in " ".join(nonsense.err.split())


@pytest.mark.timeout(180)
def test_the_running_product_suggests_what_spares_the_false_ones(tmp_path: Path) -> None:
    settings, data = tmp_path / "vedette.yaml", tmp_path / "data"
    settings.write_text(SETTINGS.replace("labels: []", "labels: [], for_s: 0.2"))
    with Running("up", "--config", settings, "--data", data) as product:

        def closed() -> list[dict[str, Any]]:
            return [e for e in product.events(limit="500") if e["state"] == "closed"]

        product.until(lambda: len(closed()) >= 2, "two events that are over")
        before = product.http.get("/api/v1/suggestions").json()
        chosen = closed()[0]
        assert vedette("events", "mark", chosen["id"], "false", "--data", data).code == 0
        answer = product.http.get("/api/v1/suggestions", params={"camera": "yard"})
        found = answer.json()
        strange = product.http.get("/api/v1/suggestions", params={"camera": "moon"})
        offline = vedette("rules", "suggest", "-c", settings, "-d", data, "--since", "7d")
        for each in found["items"]:
            applied = vedette(*shlex.split(each["apply"])[1:], "--data", data)
            assert applied.code == 0, applied.err
        after = product.http.get("/api/v1/suggestions").json()
        assert product.stop() == 0

    assert before["items"] == before["notes"] == []
    assert answer.status_code == 200, found
    assert found["items"] or found["notes"], "something is said of it"
    assert all(each["false_removed"] == each["false"] == 1 for each in found["items"])
    assert after["items"] == [], "what was proposed is in force"
    assert strange.status_code == 422
    assert "there are: yard" in strange.json()["detail"]
    assert offline.code == 0, offline.err
