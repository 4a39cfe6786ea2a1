"""The short version of the load test: many cameras, two workers, the real detector.

python -m tests.load.fleet --cameras 64 --minutes 60     # the long one
"""

from pathlib import Path

import psutil
import pytest

from tests.command import CLIP
from tests.integration.workers.ward import slowness
from tests.load.fleet import Alerted, end, measure, settings_of, status
from tests.load.footage import FPS, street
from tests.load.record import Run, percentile
from tests.running import Running
from tests.servers.rtsp import RtspServer

CAMERAS = 16
ROUND_S = 16
WORKER_MB = 900.0
"""Far above what eight such cameras need, and below what a leak of pictures would take."""


@pytest.mark.alone
@pytest.mark.timeout(300)
def test_many_cameras_deliver_alert_stay_small_and_end_soon(tmp_path: Path) -> None:
    videos = street(CLIP, tmp_path / "videos", 4, round_s=ROUND_S, active_s=3)
    run = Run(cameras=CAMERAS, minutes=0.4, warm_s=4.0, round_s=ROUND_S, sent_fps=FPS)
    config, slow = tmp_path / "vedette.yaml", slowness()
    with Alerted() as hook, RtspServer(videos[0].parent) as rtsp:
        config.write_text(settings_of(CAMERAS, videos, rtsp, hook.url) + "workers: 2\n")
        with Running("up", "--config", config, "--data", tmp_path / "data") as product:
            measure(product, run, hook, 1.0)
            seen = status(product)
            workers = [psutil.Process(each["pid"]) for each in seen["workers"]]
            threads = sum(each.num_threads() for each in workers)
            yielding = min(each.nice() for each in workers) - psutil.Process(product.pid).nice()
            end(product, run)
    slow = max(slow, slowness())

    assert run.problems == []
    assert run.restarts == 0
    assert len(seen["workers"]) == 2
    assert len(run.fps) == CAMERAS
    films = {name: fps for name, fps in run.fps.items() if name > "camera-003"}
    assert min(films.values()) >= 0.9 * FPS, run.fps
    assert set(run.reconnects) <= {f"camera-00{number}" for number in range(4)}, "RTSP only"
    assert min(run.analysed.values()) > 0.0, "a camera that nobody looks at"
    assert run.events >= CAMERAS / 2
    assert len(hook.late_s) >= run.events / 2, "people are not told"
    assert percentile(run.alerts_s, 50) < 3.0 * slow
    assert percentile(run.lag_s, 95) < 2.0 * slow
    for process in run.processes.values():
        assert max(process.own_mb) < WORKER_MB, f"{process.name} needs {max(process.own_mb):.0f} MB"
    assert threads < 2 * (20 + 3 * CAMERAS)
    assert yielding > 0, "workers run at the priority of what people wait for"
    assert run.stop_s < 10.0 * slow, f"it ended after {run.stop_s:.1f} s"
