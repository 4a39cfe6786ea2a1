"""Starts the RTSP cameras and the product for benchmarks in real time, and stops them."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.contest import ROOT, Failed

STARTS_WITHIN_S = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Cameras that can be watched."""

    port: int
    plays: Path

    def url(self, number: int) -> str:
        """Of a camera."""
        return f"rtsp://127.0.0.1:{self.port}/{number}"

    def played(self) -> dict[int, float]:
        """When each camera's latest stream began, unix seconds."""
        if not self.plays.exists():
            return {}
        lines = self.plays.read_text(encoding="utf-8").splitlines()
        return {row["camera"]: row["at"] for row in map(json.loads, lines)}


@contextmanager
def cameras(videos: Sequence[tuple[Path, Sequence[int]]], folder: Path) -> Iterator[Served]:
    """RTSP cameras in a process of their own.

    Args:
        videos: of each camera the base stream and the order of its groups of pictures.
    """
    served = Served(port=free_port(), plays=folder / "plays.jsonl")
    script = folder / "cameras.json"
    told = [{"video": str(video), "gops": list(gops)} for video, gops in videos]
    script.write_text(json.dumps({"port": served.port, "cameras": told}), encoding="utf-8")
    command = [sys.executable, "-m", "benchmarks.rtsp_server", str(script), str(served.plays)]
    server = subprocess.Popen(command, cwd=ROOT)
    try:
        _until(lambda: _listens(served.port), server, "the RTSP cameras")
        yield served
    finally:
        server.kill()
        server.wait()


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A running `vedette up`."""

    process: psutil.Process
    printed: Path

    def log(self) -> str:
        """The end of what it printed."""
        return self.printed.read_text(encoding="utf-8")[-2000:]

    def cpu_s(self) -> float:
        """CPU time so far, of all its processes."""
        spent = 0.0
        for each in (self.process, *self.process.children(recursive=True)):
            times = each.cpu_times()
            spent += times.user + times.system
        own = self.process.cpu_times()
        return float(spent + own.children_user + own.children_system)

    def rss_mb(self) -> float:
        """Memory in use, of all its processes."""
        each = (self.process, *self.process.children(recursive=True))
        return float(sum(one.memory_info().rss for one in each)) / 1e6


@contextmanager
def product(settings: dict[str, Any], folder: Path) -> Iterator[Product]:
    """`vedette up` with these settings, until the block ends.

    Raises:
        Failed: it did not start.
    """
    config = folder / "vedette.yaml"
    port = {"port": free_port()}
    config.write_text(json.dumps({**settings, "api": port}), encoding="utf-8")  # JSON is YAML
    words = [sys.executable, "-m", "vedette", "up", "-c", str(config), "-d", str(folder / "data")]
    printed = folder / "vedette.log"
    with printed.open("w", encoding="utf-8") as log:
        process = subprocess.Popen(words, stdout=log, stderr=log)
        try:
            _until(lambda: _listens(port["port"]), process, "vedette up")
            yield Product(process=psutil.Process(process.pid), printed=printed)
        finally:
            process.terminate()
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def busy_s() -> float:
    """Seconds that the cores were not idle so far, all together, whoever they worked for."""
    times = psutil.cpu_times()._asdict()
    idle = ("idle", "iowait", "guest", "guest_nice")  # guests are part of `user`
    return sum(float(spent) for name, spent in times.items() if name not in idle)


def free_port() -> int:
    """A port of loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _until(ready: Any, process: "subprocess.Popen[bytes]", what: str) -> None:
    until = time.monotonic() + STARTS_WITHIN_S
    while not ready():
        if process.poll() is not None or time.monotonic() > until:
            raise Failed(f"{what} did not start")
        time.sleep(0.1)
