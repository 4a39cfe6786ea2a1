"""A fleet of cameras in the real product, for a minute or an hour: memory, frames, alerts, lag.

    python -m tests.load.fleet --cameras 64 --minutes 60 --out build/fleet

Says every minute how it goes, ends with a table, and with 1 where a limit was not kept. `--out`
names a folder for the memory of each process over time, the frames of each camera and the result.
The short version of it that CI runs is tests/integration/workers/test_fleet.py.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2

from tests.command import CLIP
from tests.load.footage import ACTIVE_S, FPS, QUIET_S, ROUND_S, repeated, street
from tests.load.record import Run
from tests.running import Running
from tests.servers.rtsp import RtspServer
from tests.servers.web import Heard, Reply, WebServer

RTSP_CAMERAS = 4
VARIANTS = 8
PROGRESS_S = 60.0
WEIGH_S = 1.0
"""Between two looks at memory: heaps are trimmed every ten seconds, and grow in between."""
HEAPS_S = 15.0
"""Between two looks at what is in the heaps."""
KILL_S = 120.0
ATTEMPTS = 5

CAMERA = """\
  - id: {name}
    source: {source}
    detect: {{fps: 5, labels: [person]}}
    rules:
      - {{id: visitor, type: presence, labels: [person], for_s: 0.4}}
    events: {{pre_roll_s: 2, post_roll_s: 2, max_clip_s: 20}}
    {more}
"""


class Alerted(WebServer):
    """A webhook that notes how long ago the picture was taken that an alert is about."""

    def __init__(self) -> None:
        super().__init__()
        self.late_s: list[tuple[float, float]] = []
        """Monotonic time of arrival, and how late that was."""

    def answer(self, request: Heard) -> Reply:
        event = json.loads(request.body)["event"]
        late = datetime.now(UTC) - datetime.fromisoformat(event["at"])
        self.late_s.append((time.monotonic(), late.total_seconds()))
        return Reply()


def settings_of(
    cameras: int,
    videos: list[Path],
    rtsp: RtspServer,
    hook: str,
    *,
    films: Sequence[Path] = (),
    record: bool = False,
    notify: str = "",
) -> str:
    """The settings file of a fleet; four of its cameras are real RTSP.

    Args:
        hook: address of the webhook.
        films: what these are sent, where it is not the first videos, in a loop.
        notify: more lines of the settings of messages.
    """
    text = (  # nothing is held back on purpose: every event has its alert
        "api: {port: 0}\nretention: {max_gb: 2}\nnotify:\n  quiet_s: 0\n  most_a_minute: 1000\n"
        f'{notify}  channels: [{{id: hook, type: webhook, url: "{hook}/"}}]\ncameras:\n'
    )
    for number in range(cameras):
        video = videos[number % len(videos)]
        source = f"{{type: file, path: {video}, pace: realtime, loop: true, start: now}}"
        if number < RTSP_CAMERAS:
            source = f'"{rtsp.url((films or videos)[number].name)}"'
        more = "record: {mode: always}" if record else ""
        text += CAMERA.format(name=f"camera-{number:03d}", source=source, more=more)
    return text


def footage(folder: Path, minutes: float) -> tuple[list[Path], list[Path]]:
    """Short films for cameras that play them in a loop, and long ones for those that do not."""
    videos = street(CLIP, folder, VARIANTS, round_s=ROUND_S, active_s=ACTIVE_S, quiet_s=QUIET_S)
    rounds = 2 + round(minutes * 60 / ROUND_S)
    films = [
        repeated(video, folder / f"{video.stem}-{rounds}.mp4", rounds)
        for video in videos[:RTSP_CAMERAS]
    ]
    return videos, films


def ask(product: Running, path: str) -> httpx2.Response:
    """An answer of the product; asked again where the server had just closed an idle connection.

    Raises:
        httpx2.TransportError: it does not answer.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return product.http.get(path)
        except httpx2.TransportError:
            time.sleep(0.2)
    return product.http.get(path)


def status(product: Running) -> dict[str, Any]:
    """How everything is."""
    found: dict[str, Any] = ask(product, "/api/v1/status").json()
    return found


def counters(product: Running, name: str) -> dict[str, float]:
    """A counter of every camera."""
    start = f'vedette_camera_{name}{{camera="'
    found: dict[str, float] = {}
    for line in ask(product, "/metrics").text.splitlines():
        if line.startswith(start):
            camera, _, value = line.removeprefix(start).partition('"} ')
            found[camera] = float(value)
    return found


HEAPS = {
    "used": "vedette_heap_used_bytes",
    "free": "vedette_heap_free_bytes",
    "blocks": "vedette_python_blocks",
}


def heaps(product: Running) -> dict[str, dict[str, float]]:
    """What each process says of its memory: figure, process, value."""
    found: dict[str, dict[str, float]] = {figure: {} for figure in HEAPS}
    for line in ask(product, "/metrics").text.splitlines():
        for figure, name in HEAPS.items():
            if line.startswith(f'{name}{{component="'):
                component, _, value = line.partition('="')[2].partition('"} ')
                found[figure][component] = float(value)
    return found


def measure(
    product: Running,
    run: Run,
    hook: Alerted,
    every_s: float,
    say: Callable[[str], object] = lambda line: None,
) -> None:
    """Watch the product until the time is over.

    Args:
        every_s: between two looks.
        say: told now and then how it goes.
    """
    began_s = time.monotonic()

    def all_online() -> bool:
        cameras = status(product)["cameras"]
        return all(c["state"] == "online" and c["fps_in"] > 0 for c in cameras)

    product.until(all_online, "every camera", within_s=180)
    start_s = time.monotonic()
    run.start_s = start_s - began_s
    names = {"packets_total": run.fps, "analysed_total": run.analysed}
    first: dict[str, dict[str, float]] = {}
    first_s = said_s = heaps_s = 0.0
    while (at_s := time.monotonic() - start_s) < run.minutes * 60:
        run.take(status(product), product.pid, at_s)
        run.alerts_s = [late_s for came, late_s in hook.late_s if came - start_s >= run.warm_s]
        if not first and at_s >= run.warm_s:
            first, first_s = {n: counters(product, n) for n in names}, time.monotonic()
        if at_s - heaps_s >= HEAPS_S:
            heaps_s = at_s
            run.note_heaps(at_s, heaps(product))
        if at_s - said_s >= PROGRESS_S:
            said_s = at_s
            say(run.line(at_s))
        while (spent_s := time.monotonic() - start_s - at_s) < every_s:
            time.sleep(max(0.1, min(WEIGH_S, every_s - spent_s)))
            run.weigh(time.monotonic() - start_s)
    for name, rates in names.items():
        last, spent_s = counters(product, name), time.monotonic() - first_s
        rates |= {camera: (last[camera] - count) / spent_s for camera, count in first[name].items()}


def end(product: Running, run: Run) -> None:
    """Let the product finish, and note how long that took and what it complained of."""
    began_s = time.monotonic()
    try:
        if product.stop(within_s=KILL_S) != 0:
            run.problems.append("it did not end in order")
    except subprocess.TimeoutExpired:
        run.problems.append(f"it did not end within {KILL_S:g} s")
        product.kill()
    run.stop_s = time.monotonic() - began_s
    run.problems += [line for line in product.complaints if " ERROR " in line][:20]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--cameras", type=int, default=64)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument(
        "--warm-minutes", type=float, help="a sixth of the time if absent, 10 at most"
    )
    parser.add_argument("--every-s", type=float, default=5.0)
    parser.add_argument("--record", action="store_true", help="record every camera")
    parser.add_argument("--videos", type=Path, help="keep the videos here for the next run")
    parser.add_argument("--data", type=Path, help="data folder; a temporary one if absent")
    parser.add_argument("--out", type=Path, help="folder for samples, result and log")
    given = parser.parse_args()
    warm_min = given.warm_minutes or min(10.0, max(0.4, given.minutes / 6))
    run = Run(
        cameras=given.cameras,
        minutes=given.minutes,
        warm_s=warm_min * 60,
        round_s=ROUND_S,
        sent_fps=FPS,
    )
    if given.out:
        given.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="vedette-load-") as scratch, Alerted() as hook:
        folder = Path(scratch)
        videos, films = footage(given.videos or folder / "videos", given.minutes)

        def say(line: str) -> None:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
            if given.out:
                run.write(given.out)

        with RtspServer(videos[0].parent) as rtsp:
            config = folder / "vedette.yaml"
            settings = settings_of(
                given.cameras, videos, rtsp, hook.url, films=films, record=given.record
            )
            config.write_text(settings)
            data = given.data or folder / "data"
            with Running("up", "--config", config, "--data", data) as product:
                try:
                    measure(product, run, hook, given.every_s, say)
                    end(product, run)
                finally:
                    if given.out:
                        (given.out / "product.log").write_text("\n".join(product.complaints))
    failures = run.failures()
    sys.stdout.write(run.table() + "\n")
    sys.stdout.write(
        "".join(f"NOT KEPT: {each}\n" for each in failures) or "every limit was kept\n"
    )
    if given.out:
        run.write(given.out)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
