"""A running product with cameras that are well and cameras that are not, and what it costs."""

import json
import os
import statistics
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.faults.broken import HEALTHY
from tests.running import Running
from tests.servers.live_feed import LiveFeeds
from tests.servers.web import Heard, Reply
from tests.servers.webhook_receiver import WebhookReceiver
from vedette.contracts.facts import CameraState
from vedette.contracts.status import CameraReport, WorkerReport
from vedette.services.keep_event import FILES

FPS = 5.0
ROOM = 0.45
"""With less of the machine, the product and its tests get less done than there is to do: frames are
left out and alerts queue, whatever the cameras do. Little can be demanded then."""
LATEST_S = 90.0
PICTURED = frozenset({"resized", "recoded"})
"""Cameras of whose events animations are made: they cost more than all else here together."""


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
    files: int


@dataclass(slots=True, kw_only=True)
class House:
    """The product, its cameras, and what was measured so far."""

    product: Running
    feeds: LiveFeeds
    ears: Ears
    healthy: Sequence[str]

    def cameras(self) -> dict[str, CameraReport]:
        """How every camera is now."""
        body: dict[str, Any] = self.product.http.get("/api/v1/status").json()
        found = [CameraReport.model_validate(each) for each in body["cameras"]]
        return {camera.camera_id: camera for camera in found}

    def workers(self) -> list[WorkerReport]:
        """How every worker is now."""
        body: dict[str, Any] = self.product.http.get("/api/v1/status").json()
        return [WorkerReport.model_validate(each) for each in body["workers"]]

    def settle(self, least_fps: float = 0.5 * FPS) -> None:
        """Wait until every camera is well.

        Raises:
            AssertionError: that does not come to pass.
        """

        def all_well() -> bool:
            return all(
                camera.state is CameraState.ONLINE and camera.fps_analysed > least_fps
                for camera in self.cameras().values()
            )

        self.product.until(all_well, "cameras that are all well", within_s=240)

    def heal(self, *names: str, before: "Watched") -> None:
        """Let these cameras send what they should, and wait until all are as well as before."""
        self.feeds.scripts.update(dict.fromkeys(names, HEALTHY))
        self.settle(0.7 * before.worst_fps)

    def watch(self, seconds: float, *, alerts: int = 0, within_s: float = 180.0) -> "Watched":
        """Look at everything for so long, and until each healthy camera has told so much.

        Raises:
            AssertionError: they do not tell, however long one waits.
        """
        began, spent = time.monotonic(), spent_s(self.product.pid)
        reports: list[dict[str, CameraReport]] = []
        costs: list[Cost] = []
        late = self._alerts(began)
        while time.monotonic() - began < seconds or fewest(late.values()) < alerts:
            assert time.monotonic() - began < within_s, f"too few alerts: {late}"
            reports.append(self.cameras())
            costs.append(self.cost())
            time.sleep(1.0)
            late = self._alerts(began)
        now = spent_s(self.product.pid)
        return Watched(
            reports=reports,
            costs=costs,
            alerts_late_s=late,
            room=1.0 - max(0.0, now.others - spent.others) / (now.machine - spent.machine),
        )

    def _alerts(self, since: float) -> dict[str, list[float]]:
        """How late each alert of each healthy camera was."""
        late: dict[str, list[float]] = {name: [] for name in self.healthy}
        for at, camera, seconds in tuple(self.ears.told):
            if at >= since and camera in late:
                late[camera].append(seconds)
        return late

    def cost(self) -> Cost:
        """Of the product's process and its children."""
        rss = threads = files = 0
        for pid in family(self.product.pid):
            status = read_status(pid)
            rss += int(status.get("VmRSS", "0 kB").split()[0])
            threads += int(status.get("Threads", "0"))
            files += len(list_folder(f"/proc/{pid}/fd"))
        return Cost(rss_mb=rss / 1024, threads=threads, files=files)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What was seen in one stretch of time."""

    reports: Sequence[Mapping[str, CameraReport]]
    costs: Sequence[Cost]
    alerts_late_s: Mapping[str, Sequence[float]]
    """Of the healthy cameras."""
    room: float
    """Share of the machine's processor time that others left to the product and this test."""

    def fps(self, camera_id: str) -> float:
        """Median of the analysed frames per second."""
        return statistics.median(report[camera_id].fps_analysed for report in self.reports)

    @property
    def worst_fps(self) -> float:
        return min(self.fps(camera_id) for camera_id in self.alerts_late_s)

    @property
    def alert_late_s(self) -> float:
        """Median of the camera that is told of latest; a machine may stumble now and then."""
        return max(statistics.median(late) for late in self.alerts_late_s.values())

    @property
    def rss_mb(self) -> float:
        return statistics.median(cost.rss_mb for cost in self.costs)

    @property
    def threads(self) -> int:
        return max(cost.threads for cost in self.costs)

    @property
    def files(self) -> int:
        return max(cost.files for cost in self.costs)

    def demand_as_before(self, before: "Watched") -> None:
        """Frames and alerts of the healthy cameras are what they were, as far as others let us.

        Raises:
            AssertionError: they are not.
        """
        share = min(1.0, self.room / before.room)
        least, longest_s = 0.9 * share, max(1.0, 3 * before.alert_late_s) / share
        if self.room < ROOM:
            least, longest_s = 0.4 * share, LATEST_S
        assert self.worst_fps > least * before.worst_fps, (self.worst_fps, before.worst_fps)
        assert self.alert_late_s < longest_s, (self.alerts_late_s, before.alerts_late_s)

    def demand_no_more_threads(self, before: "Watched") -> None:
        """But those that wait for files to write, which begin when they are needed.

        Raises:
            AssertionError: there are more.
        """
        assert self.threads <= before.threads + FILES, (self.threads, before.threads)


@contextmanager
def house(
    folder: Path, healthy: Sequence[str], troubled: Sequence[str] = (), **settings: Any
) -> Iterator[House]:
    """A product whose cameras are all well to begin with; ends it in order.

    Args:
        healthy: cameras whose frames and alerts are measured.
        troubled: those that will not stay well.
        settings: more of the settings file.
    """
    names = (*healthy, *troubled)
    with Ears() as ears, LiveFeeds(dict.fromkeys(names, HEALTHY)) as feeds:
        config = folder / "vedette.yaml"
        config.write_text(
            json.dumps(
                {
                    "cameras": [camera(name, feeds.url(name)) for name in names],
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
            home = House(product=product, feeds=feeds, ears=ears, healthy=tuple(healthy))
            home.settle()
            yield home
            assert product.stop(within_s=120) == 0


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
        "events": {
            "pre_roll_s": 1,
            "post_roll_s": 1,
            "max_clip_s": 10,
            "previews": name in PICTURED,
        },
    }


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    found, waiting = [], [pid]
    while waiting:
        each = waiting.pop()
        found.append(each)
        for task in list_folder(f"/proc/{each}/task"):
            try:
                text = Path(f"/proc/{each}/task/{task}/children").read_text(encoding="ascii")
            except OSError:
                continue
            waiting += [int(child) for child in text.split()]
    return found


def list_folder(path: str) -> list[str]:
    """Its names; none where the process has just ended."""
    try:
        return os.listdir(path)
    except OSError:
        return []


def read_status(pid: int) -> dict[str, str]:
    """`/proc/PID/status`; empty where the process has just ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return {}
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """Processor time since the machine was started, in seconds."""

    machine: float
    """That there was, of all cores."""
    others: float
    """Used by others than us."""


def spent_s(pid: int) -> Spent:
    """Now; `pid` and all that descend from it are ours, and so is this process."""
    tick = os.sysconf("SC_CLK_TCK")
    fields = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]
    user, nice, system, idle, waiting, *rest = (int(each) / tick for each in fields)
    used = user + nice + system + sum(rest)
    ours = sum(os.times()[:4])
    for each in family(pid):
        try:
            text = Path(f"/proc/{each}/stat").read_text(encoding="ascii")
        except OSError:
            continue
        ours += sum(int(ticks) for ticks in text.rpartition(")")[2].split()[11:15]) / tick
    return Spent(machine=used + idle + waiting, others=used - ours)


def fewest(lists: Iterable[Sequence[float]]) -> int:
    return min(len(each) for each in lists)
