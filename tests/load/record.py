"""What a load test saw, and which limits were kept; written down while it runs.

Memory is judged by its floor: the lower quartile of what a process used in each round of the
footage, because an event needs memory for as long as it lasts and a leak raises what is left
between events. (Each round has a minute in which nobody is to be seen anywhere, and heaps are
trimmed meanwhile.) The least of a round is a matter of chance: from one round to the next it
differs by 2 MB, the quartile by 0.3.
The slope is Theil and Sen's (the median of the slopes between all pairs, Sen 1968), which a few odd
rounds do not move.
"""

import csv
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil

SLOPE_MB_H = 1.0
"""Of each process, after the warm-up; judged where so many rounds were seen after it:"""
ROUNDS = 8
GROWTH_MB = 60.0
"""Of the floor of each process after the warm-up, in a short run."""
LEAST_FPS = 0.97
"""Of the frames that a camera sends."""
MOST_LAG_S = 2.0
MOST_ALERT_S = 5.0
"""The 95th percentile of alerts. People come to eight cameras within two seconds, whose gates are
closed: each then looks at what led to it, which two cores catch up with in about as long."""
MOST_STOP_S = 10.0
MOST_AWAY = 0.005
"""Share of the time: the RTSP server hangs up when its film is over, and is connected again."""


@dataclass(kw_only=True)
class Process:
    """What one process used."""

    name: str
    pid: int
    at_s: list[float] = field(default_factory=list)
    rss_mb: list[float] = field(default_factory=list)
    own_mb: list[float] = field(default_factory=list)
    """Anonymous memory: without files and libraries that are mapped, whether or not somebody else
    maps them, too (USS would grow when others end)."""
    threads: int = 0
    files: int = 0
    cpu_s: float = 0.0

    def sample(self, at_s: float) -> None:
        """Look at it now.

        Raises:
            psutil.NoSuchProcess: it is gone.
        """
        found = psutil.Process(self.pid)
        with found.oneshot():
            memory, own = found.memory_info(), _anonymous_mb(self.pid)
            spent = found.cpu_times()
            self.threads, self.files = found.num_threads(), found.num_fds()
        self.at_s.append(at_s)
        self.rss_mb.append(memory.rss / 2**20)
        self.own_mb.append(own)
        self.cpu_s = spent.user + spent.system

    def floors(self, warm_s: float, round_s: float) -> tuple[list[float], list[float]]:
        """Lower quartile of its own memory in each round after the warm-up: seconds, MB."""
        rounds: dict[int, list[float]] = {}
        for at_s, used in zip(self.at_s, self.own_mb, strict=True):
            if at_s >= warm_s:
                rounds.setdefault(int((at_s - warm_s) // round_s), []).append(used)
        end_s = self.at_s[-1] if self.at_s else 0.0
        whole = [number for number in rounds if warm_s + (number + 1) * round_s <= end_s + 5.0]
        floor = [float(np.percentile(rounds[n], 25)) for n in whole]
        return [warm_s + (n + 0.5) * round_s for n in whole], floor


def _anonymous_mb(pid: int) -> float:
    """Unlike walking through all mappings, reading this does not hold the process up.

    Raises:
        psutil.NoSuchProcess: it is gone.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        raise psutil.NoSuchProcess(pid) from None
    for line in status.splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1024
    raise psutil.NoSuchProcess(pid)  # it has ended, and waits for its parent


def slope_per_hour(at_s: Sequence[float], values: Sequence[float]) -> float:
    """Theil and Sen's slope, per hour; 0.0 for fewer than two values."""
    x, y = np.asarray(at_s) / 3600.0, np.asarray(values)
    first, second = np.triu_indices(len(x), k=1)
    apart = x[second] > x[first]
    if not apart.any():
        return 0.0
    return float(np.median((y[second] - y[first])[apart] / (x[second] - x[first])[apart]))


def percentile(values: Sequence[float], percent: float) -> float:
    """0.0 where there is none."""
    return float(np.percentile(values, percent)) if len(values) else 0.0


@dataclass(kw_only=True)
class Run:
    """Everything that was seen."""

    cameras: int
    minutes: float
    warm_s: float
    round_s: float
    """How long the footage takes to come round."""
    sent_fps: float
    """What each camera sends."""
    start_s: float = 0.0
    """From its first answer until every camera delivered."""
    stop_s: float = 0.0
    processes: dict[int, Process] = field(default_factory=dict)
    lag_s: list[float] = field(default_factory=list)
    fps: dict[str, float] = field(default_factory=dict)
    analysed: dict[str, float] = field(default_factory=dict)
    reconnects: dict[str, int] = field(default_factory=dict)
    away: dict[str, int] = field(default_factory=dict)
    """Looks at which a camera was not online."""
    looks: int = 0
    """After the warm-up."""
    alerts_s: list[float] = field(default_factory=list)
    """From the picture with which an event opened until the webhook had it, after the warm-up."""
    heaps: dict[str, list[tuple[float, dict[str, float]]]] = field(default_factory=dict)
    """By process: when, and what it said of its heap: tells what grows where something does."""
    restarts: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    events: int = 0
    looked: int = 0
    own_cpu_s: float = 0.0
    """What this measurement cost."""
    problems: list[str] = field(default_factory=list)

    def take(self, report: Mapping[str, Any], control: int, at_s: float) -> None:
        """One look at the status of the product and at its processes."""
        names = {control: "control"} | {w["pid"]: w["name"] for w in report["workers"] if w["pid"]}
        for pid, name in names.items():
            self.processes.setdefault(pid, Process(name=name, pid=pid))
        self.weigh(at_s)
        cameras = report["cameras"]
        self.restarts = sum(w["restarts"] for w in report["workers"])
        if at_s >= self.warm_s:
            self.looks += 1
            self.lag_s += [c["lag_s"] for c in cameras]
            for camera in cameras:
                if camera["state"] != "online":
                    name = camera["camera_id"]
                    self.away[name] = self.away.get(name, 0) + 1
        self.events = sum(c["events"] for c in cameras)
        self.looked = sum(c["looked"] for c in cameras)
        self.reconnects = {c["camera_id"]: c["reconnects"] for c in cameras if c["reconnects"]}
        self.dropped = {}
        for camera in cameras:
            for cause, count in camera["dropped"].items():
                self.dropped[cause] = self.dropped.get(cause, 0) + count
        spent = psutil.Process().cpu_times()
        self.own_cpu_s = spent.user + spent.system

    def weigh(self, at_s: float) -> None:
        """Look at the memory of every process that is still there."""
        for process in self.processes.values():
            with suppress(psutil.NoSuchProcess):
                process.sample(at_s)

    def note_heaps(self, at_s: float, told: Mapping[str, Mapping[str, float]]) -> None:
        """One look at what is in the heaps: figure, process, value."""
        for name in told.get("used", {}):
            figures = {figure: by_name[name] for figure, by_name in told.items()}
            self.heaps.setdefault(name, []).append((at_s, figures))

    def heap_slopes(self, name: str) -> dict[str, float]:
        """Per hour, of the lower quartile of each round after the warm-up."""
        found: dict[str, float] = {}
        late = [(at_s, each) for at_s, each in self.heaps[name] if at_s >= self.warm_s]
        for figure in late[0][1] if late else ():
            rounds: dict[int, list[float]] = {}
            for at_s, each in late:
                rounds.setdefault(int((at_s - self.warm_s) // self.round_s), []).append(
                    each[figure]
                )
            floor = [float(np.percentile(values, 25)) for values in rounds.values()]
            found[figure] = slope_per_hour([n * self.round_s for n in rounds], floor)
        return found

    def line(self, at_s: float) -> str:
        """Where it stands, for people who wait."""
        last_s = max((p.at_s[-1] for p in self.processes.values() if p.at_s), default=0.0)
        memory = ", ".join(
            f"{p.name} {p.own_mb[-1]:.0f} MB"
            for p in self.processes.values()
            if p.at_s and p.at_s[-1] == last_s
        )
        return (
            f"{at_s / 60:6.1f} min: {memory}; lag p95 {percentile(self.lag_s, 95):.2f} s; "
            f"{self.events} events, alerts p95 {percentile(self.alerts_s, 95):.2f} s; "
            f"restarts {self.restarts}, away {sum(self.away.values())}"
        )

    def slope_mb_h(self, process: Process) -> float | None:
        """Slope of its floor; None where too few rounds were seen."""
        at_s, floor = process.floors(self.warm_s, self.round_s)
        return slope_per_hour(at_s, floor) if len(at_s) >= ROUNDS else None

    def growth_mb(self, process: Process) -> float:
        """How much its floor rose from the first round after the warm-up to the last."""
        _, floor = process.floors(self.warm_s, self.round_s)
        return floor[-1] - floor[0] if floor else 0.0

    def failures(self) -> list[str]:
        """Which limits were not kept, as sentences."""
        found = [*self.problems, *self._of_memory()]
        if self.restarts:
            found.append(f"{self.restarts} workers were replaced")
        slow = {name: fps for name, fps in self.fps.items() if fps < LEAST_FPS * self.sent_fps}
        if slow:
            name = min(slow, key=lambda each: slow[each])
            found.append(f"{len(slow)} cameras lost frames; {name} gave {slow[name]:.2f} a second")
        if sum(self.away.values()) > MOST_AWAY * max(1, self.looks) * self.cameras:
            found.append(f"cameras were away: {self.away} of {self.looks} looks")
        if (lag_s := percentile(self.lag_s, 95)) > MOST_LAG_S:
            found.append(f"the 95th percentile of lag is {lag_s:.2f} s")
        if (late_s := percentile(self.alerts_s, 95)) > MOST_ALERT_S:
            found.append(f"the 95th percentile of alert latency is {late_s:.2f} s")
        if not self.alerts_s:
            found.append("nobody was alerted")
        if self.stop_s > MOST_STOP_S:
            found.append(f"it took {self.stop_s:.1f} s to end")
        return found

    def _of_memory(self) -> list[str]:
        found = []
        for process in self.processes.values():
            slope, growth = self.slope_mb_h(process), self.growth_mb(process)
            if slope is not None and slope > SLOPE_MB_H:
                found.append(f"{process.name} grows by {slope:.2f} MB an hour")
            if slope is None and growth > GROWTH_MB:
                found.append(f"{process.name} grew by {growth:.1f} MB")
        return found

    def table(self) -> str:
        """For people."""
        lines = [
            f"{self.cameras} cameras, {self.minutes:g} min, of which {self.warm_s / 60:.1f} min "
            f"warm-up; all delivered after {self.start_s:.1f} s, ended within {self.stop_s:.1f} s",
            f"{'process':10} {'pid':>7} {'rss MB':>8} {'own MB':>8} {'floor MB/h':>10} "
            f"{'rss MB/h':>9} {'CPU s':>9} {'threads':>7} {'files':>5}",
        ]
        lines += [self._row(process) for process in self.processes.values() if process.at_s]
        rates = list(self.fps.values()) or [0.0]
        seen = list(self.analysed.values()) or [0.0]
        lines += [
            f"frames a second: least {min(rates):.2f}, mean {sum(rates) / len(rates):.2f} of "
            f"{self.sent_fps:g}; analysed: mean {sum(seen) / len(seen):.2f}",
            f"lag: p50 {percentile(self.lag_s, 50):.3f} s, p95 {percentile(self.lag_s, 95):.3f} s",
            f"alerts: {len(self.alerts_s)}, p50 {percentile(self.alerts_s, 50):.3f} s, "
            f"p95 {percentile(self.alerts_s, 95):.3f} s, p99 {percentile(self.alerts_s, 99):.3f} s",
            f"left out: {self.dropped}; reconnects: {self.reconnects}; restarts: {self.restarts}; "
            f"events: {self.events}; seen by the detector: {self.looked}; "
            f"CPU of this measurement: {self.own_cpu_s:.1f} s",
        ]
        for name in self.heaps:
            grows = self.heap_slopes(name)
            if grows:
                lines.append(
                    f"heap of {name}, per hour: used {grows['used'] / 2**20:+.2f} MB, holes "
                    f"{grows['free'] / 2**20:+.2f} MB, blocks of Python {grows['blocks']:+.0f}"
                )
        return "\n".join(lines)

    def _row(self, process: Process) -> str:
        slope = self.slope_mb_h(process)
        late = [(a, r) for a, r in zip(process.at_s, process.rss_mb, strict=True)]
        late = [(a, r) for a, r in late if a >= self.warm_s][:: max(1, len(late) // 500)]
        rss_slope = slope_per_hour([a for a, _ in late], [r for _, r in late])
        return (
            f"{process.name:10} {process.pid:7d} {process.rss_mb[-1]:8.1f} "
            f"{process.own_mb[-1]:8.1f} {'-' if slope is None else format(slope, '.2f'):>10} "
            f"{rss_slope:9.2f} {process.cpu_s:9.1f} {process.threads:7d} {process.files:5d}"
        )

    def write(self, folder: Path) -> None:
        """`samples.csv` and `heaps.csv` (each process over time), `cameras.csv`, `result.json`."""
        with (folder / "samples.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["process", "pid", "at_s", "rss_mb", "own_mb"])
            for each in self.processes.values():
                for at_s, rss, own in zip(each.at_s, each.rss_mb, each.own_mb, strict=True):
                    row = [f"{at_s:.1f}", f"{rss:.2f}", f"{own:.2f}"]
                    writer.writerow([each.name, each.pid, *row])
        with (folder / "heaps.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["process", "at_s", "used", "free", "blocks"])
            for name, looks in self.heaps.items():
                for at_s, told in looks:
                    writer.writerow([name, f"{at_s:.1f}", *told.values()])
        with (folder / "cameras.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["camera", "fps", "analysed_fps", "reconnects", "away"])
            for name, fps in self.fps.items():
                analysed = f"{self.analysed.get(name, 0.0):.2f}"
                rare = [self.reconnects.get(name, 0), self.away.get(name, 0)]
                writer.writerow([name, f"{fps:.2f}", analysed, *rare])
        plain = asdict(self)
        del plain["lag_s"], plain["heaps"]
        for each, process in zip(plain["processes"].values(), self.processes.values(), strict=True):
            for name in ("at_s", "rss_mb", "own_mb"):
                del each[name]
            each["floor_mb_h"] = self.slope_mb_h(process)
        plain |= {"lag_p95_s": percentile(self.lag_s, 95), "failures": self.failures()}
        (folder / "result.json").write_text(json.dumps(plain, indent=1) + "\n")
