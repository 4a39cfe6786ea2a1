"""Events are called right or wrong beside the running product, whose figures follow."""

import re
from pathlib import Path
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

        product.until(lambda: precision() == 0.5, "one of two that was right")
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
