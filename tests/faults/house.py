"""A running product with cameras that are well and cameras that are not, and what it costs."""

import json
import os
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.running import Running
from tests.servers.web import Heard, Reply
from tests.servers.webhook_receiver import WebhookReceiver
from vedette.contracts.status import CameraReport

FPS = 5.0


class Ears(WebhookReceiver):
    """Notes how long after it happened it was told of an event."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[float, str, float]] = []
        """Monotonic time, camera, and seconds since it happened."""

    def answer(self, request: Heard) -> Reply:
        reply = super().answer(request)
        event = next(reversed(self.messages.values()))["event"]
        late = datetime.now(UTC) - datetime.fromisoformat(event["at"])
        self.told.append((time.monotonic(), event["camera_id"], late.total_seconds()))
        return reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What all processes of the product use."""

    rss_mb: float
    threads: int


@dataclass(slots=True, kw_only=True)
class House:
    """The product, its cameras, and what was measured so far."""

    product: Running
    ears: Ears
    healthy: Sequence[str]
    _samples: list[tuple[float, dict[str, CameraReport]]] = field(default_factory=list)

    def cameras(self) -> dict[str, CameraReport]:
        """How every camera is now."""
        body: dict[str, Any] = self.product.http.get("/api/v1/status").json()
        found = [CameraReport.model_validate(each) for each in body["cameras"]]
        return {camera.camera_id: camera for camera in found}

    def watch(self, seconds: float) -> "Watched":
        """Look at everything for so long."""
        began = time.monotonic()
        reports: list[dict[str, CameraReport]] = []
        costs: list[Cost] = []
        while time.monotonic() - began < seconds:
            reports.append(self.cameras())
            costs.append(self.cost())
            time.sleep(0.5)
        late = [s for at, camera, s in self.ears.told if at >= began and camera in self.healthy]
        return Watched(reports=reports, costs=costs, alerts_late_s=late, healthy=self.healthy)

    def cost(self) -> Cost:
        """Of the product's process and its children."""
        rss = threads = 0
        for pid in family(self.product.pid):
            status = read_status(pid)
            rss += int(status.get("VmRSS", "0 kB").split()[0])
            threads += int(status.get("Threads", "0"))
        return Cost(rss_mb=rss / 1024, threads=threads)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What was seen in one stretch of time."""

    reports: Sequence[Mapping[str, CameraReport]]
    costs: Sequence[Cost]
    alerts_late_s: Sequence[float]
    """Of the healthy cameras."""
    healthy: Sequence[str]

    def fps(self, camera_id: str) -> float:
        """Median of the analysed frames per second."""
        return statistics.median(report[camera_id].fps_analysed for report in self.reports)

    @property
    def worst_fps(self) -> float:
        return min(self.fps(camera_id) for camera_id in self.healthy)

    @property
    def alert_late_s(self) -> float:
        """Median; a machine that tests run on may stumble now and then."""
        return statistics.median(self.alerts_late_s)

    @property
    def rss_mb(self) -> float:
        return statistics.median(cost.rss_mb for cost in self.costs)

    @property
    def threads(self) -> int:
        return max(cost.threads for cost in self.costs)


@contextmanager
def house(
    folder: Path, healthy: Mapping[str, str], troubled: Mapping[str, str], **settings: Any
) -> Iterator[House]:
    """A product that watches these addresses; ends it in order.

    Args:
        healthy: cameras whose frames and alerts are measured.
        troubled: the others.
        settings: more of the settings file.
    """
    with Ears() as ears:
        config = folder / "vedette.yaml"
        config.write_text(
            json.dumps(
                {
                    "cameras": [camera(n, url) for n, url in {**healthy, **troubled}.items()],
                    "detector": {"type": "blob", "contrast": 60, "smallest": 0.004},
                    "notify": {
                        "quiet_s": 0,
                        "channels": [{"id": "hook", "type": "webhook", "url": ears.url}],
                    },
                    "api": {"port": 0},
                    **settings,
                }
            )
        )
        with Running("up", "--config", config, "--data", folder / "data") as product:
            yield House(product=product, ears=ears, healthy=tuple(healthy))


def camera(name: str, url: str) -> dict[str, Any]:
    """A camera over HTTP that tells of everybody whom it sees."""
    return {
        "id": name,
        "source": {
            "type": "http",
            "url": url,
            "live": True,
            "open_timeout_s": 4,
            "read_timeout_s": 4,
        },
        "detect": {"fps": FPS},
        "gate": {"mode": "always"},
        "rules": [{"id": "seen", "type": "presence", "labels": ["person"], "for_s": 0.2}],
        "events": {"pre_roll_s": 1, "post_roll_s": 1, "max_clip_s": 10},
    }


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    found, waiting = [], [pid]
    while waiting:
        each = waiting.pop()
        found.append(each)
        for task in list_tasks(each):
            try:
                text = Path(f"/proc/{each}/task/{task}/children").read_text(encoding="ascii")
            except OSError:
                continue
            waiting += [int(child) for child in text.split()]
    return found


def list_tasks(pid: int) -> list[str]:
    try:
        return os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []


def read_status(pid: int) -> dict[str, str]:
    """`/proc/PID/status`; empty where the process has just ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return {}
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
