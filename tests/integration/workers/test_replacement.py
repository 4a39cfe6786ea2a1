"""A worker that dies, stops or hangs is replaced within seconds, and the others do not notice."""

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.integration.workers.conftest import Configure
from tests.integration.workers.ward import slowness
from tests.running import Running

WITHIN_S = 5.0
"""From the fault until the worker's cameras deliver again, on a machine that is not busy."""
SPARE_S = 4.0
"""A spare worker is started and ready within this; nothing is seen of it from outside."""


def status(product: Running) -> dict[str, Any]:
    found: dict[str, Any] = product.http.get("/api/v1/status").json()
    return found


def workers(product: Running) -> dict[str, dict[str, Any]]:
    return {worker["name"]: worker for worker in status(product)["workers"]}


def packets(product: Running, camera: str) -> float:
    start = f'vedette_camera_packets_total{{camera="{camera}"}} '
    lines = product.http.get("/metrics").text.splitlines()
    return float(next(line.removeprefix(start) for line in lines if line.startswith(start)))


def counted(product: Running, camera: str) -> tuple[float, float]:
    """Seconds and packets at the moment when workers say anew how many there were."""
    before = packets(product, camera)
    while (now := packets(product, camera)) == before:
        time.sleep(0.02)
    return time.monotonic(), now


def all_running(product: Running) -> dict[str, dict[str, Any]] | None:
    found = status(product)
    well = all(worker["state"] == "running" for worker in found["workers"])
    seen = all(camera["fps_in"] > 0 for camera in found["cameras"])
    return {worker["name"]: worker for worker in found["workers"]} if well and seen else None


def settled(product: Running) -> dict[str, dict[str, Any]]:
    """Every camera delivers, and a spare worker waits."""
    found: dict[str, dict[str, Any]] = product.until(
        lambda: all_running(product), "every camera", within_s=90
    )
    time.sleep(SPARE_S)
    return found


def replaced(product: Running, camera: str, fault: signal.Signals) -> float:
    """Do something to the worker of a camera; how long until the camera delivers again."""
    before = workers(product)
    victim = next(worker for worker in before.values() if camera in worker["cameras"])
    began = time.monotonic()
    os.kill(victim["pid"], fault)

    health: set[int] = set()

    def delivers() -> bool:
        health.add(product.http.get("/health").status_code)
        now = workers(product)[victim["name"]]
        fresh = now["pid"] not in {None, victim["pid"]} and now["state"] == "running"
        return fresh and packets(product, camera) > 0

    product.until(delivers, f"{camera} after {fault.name}", within_s=40)
    took_s = time.monotonic() - began
    assert 503 in health, "nobody could see that a worker was away"
    product.until(lambda: product.http.get("/health").status_code == 200, "health")
    after = workers(product)
    assert after[victim["name"]]["restarts"] == victim["restarts"] + 1
    for name in before.keys() - {victim["name"]}:
        assert after[name]["pid"] == before[name]["pid"], "another worker was replaced too"
    return took_s


@pytest.mark.alone
@pytest.mark.timeout(240)
def test_a_worker_that_dies_or_stops_is_replaced_and_the_others_go_on(
    tmp_path: Path, configure: Configure
) -> None:
    config, slow = configure("yard", "door", "gate", workers=3), slowness()
    with Running("up", "--config", config, "--data", tmp_path / "data") as product:
        settled(product)
        began_s, seen = counted(product, "gate")
        killed_s = replaced(product, "yard", signal.SIGKILL)
        time.sleep(SPARE_S)
        stopped_s = replaced(product, "door", signal.SIGSTOP)
        ended_s, now = counted(product, "gate")
        rate = (now - seen) / (ended_s - began_s)
        time.sleep(SPARE_S)
        crashed_s = replaced(product, "gate", signal.SIGSEGV)
        product.until(lambda: product.events(camera="yard", state="closed"), "events go on")
        assert product.stop() == 0

    slow = max(slow, slowness())
    assert rate >= 0.9 * 10 / slow, f"the third camera gave {rate:.1f} frames a second"
    assert max(killed_s, stopped_s, crashed_s) < WITHIN_S * slow, (killed_s, stopped_s, crashed_s)
    assert "SIGKILL" in "".join(product.complaints)
