"""A yard that three people walk across, watched by a running product, and what it opened."""

from pathlib import Path
from typing import Any

from tests.running import Running
from tests.scenes import film, walker

SETTINGS = """
detector: {type: blob, contrast: 60, smallest: 0.004}
workers: 0
cameras:
  - id: yard
    source: {type: file, path: yard.mp4, pace: realtime, start: now}
    record: {mode: always, segment_s: 2}
    gate: {mode: always}
    detect: {fps: 10}
    zones: [{id: left, polygon: [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]}]
    rules:
      - {id: visitor, type: presence, labels: [person], for_s: 0.5}
      - {id: inside, type: when, labels: [person], when: {inside: left, for: 1s}}
notify: {quiet_s: 2, most_quiet_s: 0}
api: {port: 0}
"""


def watched_yard(folder: Path) -> list[dict[str, Any]]:
    """Six events, closed; `vedette.yaml` and `data` are in the folder, the product has stopped."""
    walkers = [walker((t, -0.1, 0.5), (t + 3, 1.1, 0.5)) for t in (0.5, 4.5, 8.5)]
    film(folder / "yard.mp4", *walkers, duration_s=14.0)
    config = folder / "vedette.yaml"
    config.write_text(SETTINGS)
    with Running("up", "--config", config, "--data", folder / "data") as product:
        product.until(
            lambda: (
                len(product.events()) >= 6
                and all(each["state"] == "closed" for each in product.events())
            ),
            "all events",
        )
        events = product.events()
        assert product.stop() == 0
    return events
