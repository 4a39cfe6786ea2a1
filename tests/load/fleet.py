"""A fleet of cameras in the real product, for a minute or an hour: memory, frames, lag, restarts.

    python -m tests.load.fleet --cameras 64 --minutes 60
    python -m tests.load.fleet --cameras 16 --minutes 1.5      # what CI runs

Prints a table, writes JSON, and ends with 1 where a limit is not kept.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import psutil

from tests.command import CLIP
from tests.load.footage import FPS, street
from tests.running import Running
from tests.servers.rtsp import RtspServer

RTSP_CAMERAS = 4
VARIANTS = 8
SLOPE_MB_H = 1.0
"""Of each process, after the warm-up; judged where the run is long enough to tell."""
SLOPE_FROM_MIN = 20.0
GROWTH_MB = 60.0
"""Of each process after the warm-up, in a short run."""
LEAST_FPS = 0.97
"""Of the frames that a camera sends."""
MOST_LAG_S = 2.0
STOP_S = 120.0

CAMERA = """\
  - id: {name}
    source: {source}
    detect: {{fps: 5, labels: [person]}}
    rules:
      - {{id: visitor, type: presence, labels: [person], for_s: 0.4}}
    events: {{pre_roll_s: 2, post_roll_s: 2, max_clip_s: 20}}
    {more}
"""


@dataclass(kw_only=True)
class Process:
    """What one process used."""

    name: str
    pid: int
    at_s: list[float] = field(default_factory=list)
    rss_mb: list[float] = field(default_factory=list)
    own_mb: list[float] = field(default_factory=list)
    cpu_s: float = 0.0

    def sample(self, at_s: float) -> None:
        found = psutil.Process(self.pid)
        with found.oneshot():
            memory = found.memory_full_info()
            spent = found.cpu_times()
        self.at_s.append(at_s)
        self.rss_mb.append(memory.rss / 2**20)
        self.own_mb.append(memory.uss / 2**20)
        self.cpu_s = spent.user + spent.system

    def after(self, warm_s: float) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        at_s, used = np.array(self.at_s), np.array(self.own_mb)
        late = at_s >= warm_s
        return at_s[late], used[late]

    def slope_mb_h(self, warm_s: float) -> float:
        """Growth of its own memory by least squares after the warm-up, in MB an hour."""
        at_s, used = self.after(warm_s)
        return float(np.polyfit(at_s / 3600.0, used, 1)[0]) if len(at_s) >= 3 else 0.0

    def growth_mb(self, warm_s: float) -> float:
        _, used = self.after(warm_s)
        return float(used[-1] - used[0]) if len(used) else 0.0


@dataclass(kw_only=True)
class Run:
    """Everything that was seen."""

    cameras: int
    minutes: float
    warm_s: float
    start_s: float = 0.0
    """From the command until every camera delivered."""
    stop_s: float = 0.0
    processes: dict[int, Process] = field(default_factory=dict)
    lag_s: list[float] = field(default_factory=list)
    fps: dict[str, float] = field(default_factory=dict)
    restarts: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    events: int = 0
    looked: int = 0
    problems: list[str] = field(default_factory=list)

    def take(self, report: dict[str, Any], control: int, at_s: float) -> None:
        """One look at the status of the product and at its processes."""
        names = {control: "control"} | {w["pid"]: w["name"] for w in report["workers"] if w["pid"]}
        for pid, name in names.items():
            process = self.processes.setdefault(pid, Process(name=name, pid=pid))
            try:
                process.sample(at_s)
            except psutil.NoSuchProcess:
                continue
        self.restarts = sum(w["restarts"] for w in report["workers"])
        if at_s >= self.warm_s:
            self.lag_s += [c["lag_s"] for c in report["cameras"]]
        self.events = sum(c["events"] for c in report["cameras"])
        self.looked = sum(c["looked"] for c in report["cameras"])
        self.dropped = {}
        for camera in report["cameras"]:
            for cause, count in camera["dropped"].items():
                self.dropped[cause] = self.dropped.get(cause, 0) + count

    def end(self, product: Running) -> None:
        """Let it finish, and note how long that took and what it complained of."""
        began_s = time.monotonic()
        try:
            if product.stop(within_s=STOP_S) != 0:
                self.problems.append("it did not end in order")
        except subprocess.TimeoutExpired:
            self.problems.append(f"it did not end within {STOP_S:g} s")
            product.kill()
        self.stop_s = time.monotonic() - began_s
        self.problems += [line for line in product.complaints if "ERROR" in line][:20]

    def failures(self) -> list[str]:
        """Which limits were not kept, as sentences."""
        found = [*self.problems]
        if self.restarts:
            found.append(f"{self.restarts} workers were replaced")
        slow = {name: fps for name, fps in self.fps.items() if fps < LEAST_FPS * FPS}
        if slow:
            name = min(slow, key=lambda each: slow[each])
            found.append(f"{len(slow)} cameras lost frames; {name} gave {slow[name]:.2f} a second")
        if (lag_s := self.percentile(95)) > MOST_LAG_S:
            found.append(f"the 95th percentile of lag is {lag_s:.2f} s")
        for process in self.processes.values():
            slope, growth = process.slope_mb_h(self.warm_s), process.growth_mb(self.warm_s)
            if self.minutes >= SLOPE_FROM_MIN and slope > SLOPE_MB_H:
                found.append(f"{process.name} grows by {slope:.2f} MB an hour")
            if self.minutes < SLOPE_FROM_MIN and growth > GROWTH_MB:
                found.append(f"{process.name} grew by {growth:.1f} MB")
        return found

    def percentile(self, percent: float) -> float:
        return float(np.percentile(self.lag_s, percent)) if self.lag_s else 0.0

    def table(self) -> str:
        """For people."""
        lines = [
            f"{self.cameras} cameras, {self.minutes:g} min (warm-up {self.warm_s / 60:.1f} min); "
            f"all delivered after {self.start_s:.1f} s, ended within {self.stop_s:.1f} s",
            f"{'process':10} {'pid':>7} {'rss MB':>8} {'own MB':>8} {'MB/h':>8} {'CPU s':>9}",
        ]
        for process in self.processes.values():
            if not process.at_s:
                continue
            lines.append(
                f"{process.name:10} {process.pid:7d} {process.rss_mb[-1]:8.1f} "
                f"{process.own_mb[-1]:8.1f} {process.slope_mb_h(self.warm_s):8.2f} "
                f"{process.cpu_s:9.1f}"
            )
        rates = list(self.fps.values()) or [0.0]
        lines += [
            f"frames a second: least {min(rates):.2f}, mean {sum(rates) / len(rates):.2f} of {FPS}",
            f"lag: p50 {self.percentile(50):.3f} s, p95 {self.percentile(95):.3f} s",
            f"left out: {self.dropped}; restarts: {self.restarts}; events: {self.events}; "
            f"seen by the detector: {self.looked}",
        ]
        return "\n".join(lines)


def settings_of(cameras: int, videos: list[Path], rtsp: RtspServer, record: bool) -> str:
    """The settings file of a fleet; four of its cameras are real RTSP."""
    text = "api: {port: 0}\nretention: {max_gb: 2}\ncameras:\n"
    for number in range(cameras):
        video = videos[number % len(videos)]
        source = f"{{type: file, path: {video}, pace: realtime, loop: true, start: now}}"
        if number < RTSP_CAMERAS:
            source = f'"{rtsp.url(video.name)}"'
        more = "record: {mode: always}" if record else ""
        text += CAMERA.format(name=f"camera-{number:03d}", source=source, more=more)
    return text


def status(product: Running) -> dict[str, Any]:
    """How everything is; asked again where the server had just closed an idle connection."""
    try:
        found: dict[str, Any] = product.http.get("/api/v1/status").json()
    except httpx2.RemoteProtocolError:
        found = product.http.get("/api/v1/status").json()
    return found


def counters(product: Running, name: str) -> dict[str, float]:
    """A counter of every camera."""
    start = f'vedette_camera_{name}{{camera="'
    found: dict[str, float] = {}
    for line in product.http.get("/metrics").text.splitlines():
        if line.startswith(start):
            camera, _, value = line.removeprefix(start).partition('"} ')
            found[camera] = float(value)
    return found


def measure(product: Running, run: Run, began_s: float, every_s: float) -> None:
    """Watch the product until the time is over."""

    def all_online() -> bool:
        cameras = status(product)["cameras"]
        return all(c["state"] == "online" and c["fps_in"] > 0 for c in cameras)

    product.until(all_online, "every camera", within_s=180)
    run.start_s = time.monotonic() - began_s
    start_s = time.monotonic()
    first: dict[str, float] = {}
    first_s = 0.0
    while (at_s := time.monotonic() - start_s) < run.minutes * 60:
        run.take(status(product), product.pid, at_s)
        if not first and at_s >= run.warm_s:
            first, first_s = counters(product, "packets_total"), time.monotonic()
        time.sleep(max(0.1, every_s - (time.monotonic() - start_s - at_s)))
    last, spent_s = counters(product, "packets_total"), time.monotonic() - first_s
    run.fps = {name: (last[name] - first[name]) / spent_s for name in first}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--cameras", type=int, default=64)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--warm-minutes", type=float, help="10 %% of the time if absent, 5 at most")
    parser.add_argument("--every-s", type=float, default=4.0)
    parser.add_argument("--record", action="store_true", help="record every camera")
    parser.add_argument("--videos", type=Path, help="keep the videos here for the next run")
    parser.add_argument("--data", type=Path, help="data folder; a temporary one if absent")
    parser.add_argument("--out", type=Path, help="write everything as JSON")
    parser.add_argument("--log", type=Path, help="write what the product logged")
    given = parser.parse_args()
    warm_min = given.warm_minutes or min(5.0, max(0.4, given.minutes / 10))
    run = Run(cameras=given.cameras, minutes=given.minutes, warm_s=warm_min * 60)
    with tempfile.TemporaryDirectory(prefix="vedette-load-") as scratch:
        folder = Path(scratch)
        videos = street(CLIP, given.videos or folder / "videos", VARIANTS)
        with RtspServer(videos[0].parent) as rtsp:
            config = folder / "vedette.yaml"
            config.write_text(settings_of(given.cameras, videos, rtsp, given.record))
            began_s = time.monotonic()
            data = given.data or folder / "data"
            with Running("up", "--config", config, "--data", data) as product:
                measure(product, run, began_s, given.every_s)
                run.end(product)
                if given.log:
                    given.log.write_text("\n".join(product.complaints))
    failures = run.failures()
    sys.stdout.write(run.table() + "\n" + "".join(f"NOT KEPT: {each}\n" for each in failures))
    if given.out:
        given.out.write_text(json.dumps({**asdict(run), "failures": failures}) + "\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
