"""The load test's verdict: a leak is found below all the noise of events, and nothing else is."""

import json
import random
from pathlib import Path

import pytest

from tests.load.record import Process, Run, slope_per_hour

HOUR_S = 3600.0


def used(process: Process, *, leak_mb_h: float, warm_s: float = 600.0) -> Process:
    """An hour of a process that grows while it warms up, needs more for events, and may leak."""
    chance = random.Random(4)  # noqa: S311
    for at_s in range(0, 3600, 5):
        warm = 150.0 * min(1.0, at_s / warm_s)
        event = 60.0 * chance.random() if at_s % 120 < 70 else 0.0
        leak = leak_mb_h * at_s / HOUR_S
        process.at_s.append(float(at_s))
        process.own_mb.append(250.0 + warm + event + leak + chance.gauss(0.0, 0.3))
        process.rss_mb.append(process.own_mb[-1] + 80.0)
    return process


def a_run(*processes: Process, minutes: float = 60.0) -> Run:
    run = Run(cameras=2, minutes=minutes, warm_s=600.0, round_s=120.0, sent_fps=10.0)
    run.processes = {process.pid: process for process in processes}
    run.fps = {"a": 10.0, "b": 9.9}
    run.alerts_s = [0.3]
    return run


def test_the_median_slope_ignores_odd_values() -> None:
    at_s = [60.0 * minute for minute in range(60)]
    values = [5.0 + 2.0 * at / HOUR_S for at in at_s]
    values[30] += 500.0
    values[59] -= 500.0
    assert slope_per_hour(at_s, values) == pytest.approx(2.0, abs=0.05)
    assert slope_per_hour([1.0], [2.0]) == 0.0


@pytest.mark.parametrize("leak_mb_h", [2.0, 10.0])
def test_a_leak_below_the_noise_is_found(leak_mb_h: float) -> None:
    leaky, well = (
        used(Process(name="w1", pid=1), leak_mb_h=leak_mb_h),
        used(Process(name="w2", pid=2), leak_mb_h=0.0),
    )
    run = a_run(leaky, well)

    assert run.slope_mb_h(leaky) == pytest.approx(leak_mb_h, abs=0.4)
    assert run.slope_mb_h(well) == pytest.approx(0.0, abs=0.4)
    assert run.failures() == [f"w1 grows by {run.slope_mb_h(leaky):.2f} MB an hour"]


def test_a_short_run_is_judged_by_growth() -> None:
    run = a_run(used(Process(name="w1", pid=1), leak_mb_h=20.0), minutes=12.0)
    process = run.processes[1]
    for values in (process.at_s, process.own_mb, process.rss_mb):
        del values[60 * 16 // 5 :]

    assert run.slope_mb_h(process) is None
    assert run.failures() == []
    process.own_mb = [
        value + at_s for value, at_s in zip(process.own_mb, process.at_s, strict=True)
    ]
    assert run.failures()[0].startswith("w1 grew by ")


def test_what_was_lost_or_late_is_told() -> None:
    run = a_run()
    run.fps["b"] = 7.0
    run.alerts_s, run.lag_s, run.restarts, run.stop_s = [9.0], [3.0], 1, 30.0
    run.looks, run.away = 10, {"b": 3}

    assert run.failures() == [
        "1 workers were replaced",
        "1 cameras lost frames; b gave 7.00 a second",
        "cameras were away: {'b': 3} of 10 looks",
        "the 95th percentile of lag is 3.00 s",
        "the 95th percentile of alert latency is 9.00 s",
        "it took 30.0 s to end",
    ]


def test_everything_is_written(tmp_path: Path) -> None:
    run = a_run(used(Process(name="w1", pid=1), leak_mb_h=0.0))
    run.write(tmp_path)

    result = json.loads((tmp_path / "result.json").read_text())
    assert result["failures"] == []
    assert abs(result["processes"]["1"]["floor_mb_h"]) < 1.0
    assert len((tmp_path / "samples.csv").read_text().splitlines()) == 1 + 720
    assert (tmp_path / "cameras.csv").read_text().splitlines()[1] == "a,10.00,0.00,0,0"
    assert "w1" in run.table()
    assert "w1 3" in run.line(3600.0) or "w1 4" in run.line(3600.0)
