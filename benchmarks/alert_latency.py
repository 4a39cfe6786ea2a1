"""Row 8, alert latency: from the picture that first shows somebody to the webhook's arrival.

    python -m benchmarks.alert_latency [--quick]

All of it is real: RTSP cameras on loopback that send each picture at its time (640x360, 25 frames a
second, a keyframe every two seconds), `vedette up` with its workers, store and outbox, and an HTTP
server that gets the webhook. The clock starts when the first picture leaves the camera that shows
at least half of a rendered person; what the lens and the encoder of a real camera take is not in
it. The person is found by the detector for rendered pixels (about a millisecond), so that the way
is measured and not a model: a model's own time comes on top.

`fast`: ten looks a second, told at the first sight (`detect.fps: 10`, `tracker.confirm_seen: 1`).
`as shipped`: five looks a second, told at the second one.
"""

import json
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.bench import Bench, alone
from benchmarks.cell import Cell, Question, compared
from benchmarks.fleet_media import GOP_S, WALK_GOPS, plan
from benchmarks.media import BITS, FPS, GOP, Encoder, Rate
from benchmarks.served import cameras, product
from vedette.sources.draw_scene import Painter
from vedette.sources.scene import Actor, Scene, truth_at

PLACES = 4
SIZE = (640, 360)
SHOWN = 0.5
"""Part of the person that a picture must show."""
SETTLES_S = 30.0
"""Until every camera was opened and its gate has closed for the first time."""
BUSY = (
    "64 cameras decoded entirely, with 640 looks a second, are more than two cores can do. With "
    "the gate they keep them busy for 85 %, the cameras' own server included, and an alert, which "
    "passes a dozen threads, waits for each."
)
"""Why many cameras are late, where they are."""
LATEST_S = 9.0
"""An alert after this long belongs to nothing."""
FAST: dict[str, Any] = {"detect": {"fps": 10}, "tracker": {"type": "byte", "confirm_seen": 1}}
SHIPPED: dict[str, Any] = {}
RULE = {"id": "somebody", "type": "presence"}
BLOB = {"type": "blob", "contrast": 60, "smallest": 0.004}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One run."""

    mode: str
    rate: Rate
    cameras: int
    lasts_s: float
    settings: dict[str, Any]
    title: str
    targets: dict[str, str]
    """By percentile, in milliseconds."""


OPEN = {"p50": "<= 100 ms", "p99": "<= 400 ms"}
CLOSED = {"p50": "<= 300 ms", "p95": "<= 800 ms"}
CLOSED_CBR = {"p95": f"<= {GOP_S * 1000 + 400:.0f} ms"}


def cases(bench: Bench) -> list[Case]:
    """All runs."""
    if bench.quick:
        numbers: dict[int, float] = {2: 30.0}
    else:
        numbers = {1: 300.0, 16: 120.0, 64: 120.0}
    found = []
    for count, lasts_s in numbers.items():
        for mode, rate, title, targets in (
            ("always", "vbr", "gate open", OPEN),
            ("adaptive", "vbr", "gate closed, VBR", CLOSED),
            ("adaptive", "cbr", "gate closed, CBR", CLOSED_CBR),
        ):
            found.append(
                Case(
                    mode=mode,
                    rate="cbr" if rate == "cbr" else "vbr",
                    cameras=count,
                    lasts_s=lasts_s,
                    settings=FAST,
                    title=f"{title}, fast",
                    targets=targets,
                )
            )
    few = next(iter(numbers)) if bench.quick else 16
    more = Case(
        mode="keyframe",
        rate="vbr",
        cameras=few,
        lasts_s=numbers[few],
        settings=FAST,
        title="keyframe mode, fast",
        targets={"p95": ""},
    )
    shipped = Case(
        mode="adaptive",
        rate="vbr",
        cameras=few,
        lasts_s=numbers[few],
        settings=SHIPPED,
        title="gate closed, VBR, as shipped",
        targets={"p50": "", "p95": ""},
    )
    return [*found, more, shipped]


def measure(bench: Bench) -> list[Cell]:
    """Run after run; each is as long as it says."""
    _render(bench)
    cells: list[Cell] = []
    tails: dict[tuple[str, int], float] = {}
    for case in cases(bench):
        bench.say(f"{case.cameras} cameras, {case.title}: {SETTLES_S + case.lasts_s:.0f} s")
        delays_ms, shown, others = _watch(bench, case)
        assert delays_ms, f"not one alert came ({case.title})"
        tails[case.title, case.cameras] = float(np.percentile(delays_ms, 99))
        cells += _cells(case, delays_ms, shown, others)
    few, many = (min(n for _, n in tails), max(n for _, n in tails))
    title = "gate open, fast"
    asked = Question(
        row=8,
        metric="alert latency, p99",
        workload=f"{title}: {many} cameras",
        unit="ms",
        peer_name=f"{few} camera",
        target="<= 2x",
        why=BUSY,
    )
    return [*cells, compared(asked, [tails[title, many]], [tails[title, few]])]


def _cells(case: Case, delays_ms: list[float], shown: int, others: int) -> list[Cell]:
    cells = []
    for percentile in ("p50", "p95", "p99"):
        asked = Question(
            row=8,
            metric=f"alert latency, {percentile}",
            workload=f"{case.title}: {case.cameras} cameras",
            unit="ms",
            target=case.targets.get(percentile, ""),
            why=f"{len(delays_ms)} alerts for {shown} people, {others} alerts for nobody"
            if percentile == "p50"
            else "",
        )
        cells.append(compared(asked, [float(np.percentile(delays_ms, int(percentile[1:])))]))
    return cells


def _watch(bench: Bench, case: Case) -> tuple[list[float], int, int]:
    """Delays in milliseconds, how many people were shown, and alerts that belong to nobody."""
    scripts = [_script(n, case) for n in range(case.cameras)]
    videos = [(_video(bench, n % PLACES, case.rate), script) for n, script in enumerate(scripts)]
    with (
        tempfile.TemporaryDirectory(prefix="vedette-bench-") as scratch,
        receiver() as (url, arrivals),
        cameras(videos, Path(scratch)) as served,
    ):
        each = [
            {
                "id": f"c{n}",
                "source": served.url(n),
                "gate": {"mode": case.mode, "close_after_s": 2.0},
                "rules": [RULE],
                **case.settings,
            }
            for n in range(case.cameras)
        ]
        settings = {
            "cameras": each,
            "detector": BLOB,
            "notify": {"quiet_s": 0, "channels": [{"type": "webhook", "url": url}]},
        }
        with product(settings, Path(scratch)) as running:
            time.sleep(SETTLES_S)
            plays = served.played()
            assert len(plays) == case.cameras, f"{len(plays)} opened\n{running.log()}"
            began = time.time()
            time.sleep(case.lasts_s)
            ended = time.time() - LATEST_S
        assert served.played() == plays, "a camera was opened again"
    return _compare(bench, scripts, plays, arrivals, (began, ended))


def _compare(
    bench: Bench,
    scripts: list[list[int]],
    plays: dict[int, float],
    arrivals: list[tuple[str, float]],
    within: tuple[float, float],
) -> tuple[list[float], int, int]:
    delays_ms: list[float] = []
    shown = used = 0
    for number, script in enumerate(scripts):
        mine = sorted(at for camera, at in arrivals if camera == f"c{number}")
        mine = [at for at in mine if within[0] <= at]
        for picture in _first_sights(bench, number % PLACES, script, within[1] - plays[number]):
            at = plays[number] + picture / FPS
            if not within[0] <= at <= within[1]:
                continue
            shown += 1
            answers = [other for other in mine if at - 1.0 <= other <= at + LATEST_S]
            used += len(answers)
            if answers:
                delays_ms.append((answers[0] - at) * 1e3)
    late = sum(within[0] <= at <= within[1] for _, at in arrivals)
    return delays_ms, shown, max(0, late - used)


def _first_sights(bench: Bench, place: int, script: list[int], until_s: float) -> Iterator[int]:
    """Numbers of the pictures that first show enough of somebody."""
    first = {int(walk): at for walk, at in _truth(bench, place).items()}
    turn = 0
    while turn * GOP_S <= until_s:
        gop = script[turn % len(script)]
        if gop in first:
            yield turn * GOP + first[gop]
        turn += 1


def _script(number: int, case: Case) -> list[int]:
    """Somebody every 14 seconds, every 40 where there are many cameras; all at other times."""
    whole = plan()
    pause = 3 if case.cameras < 16 else 16
    rng = np.random.default_rng(number)
    quiet = list(whole.quiet)
    gops = [quiet[int(rng.integers(len(quiet)))] for _ in range(int(rng.integers(8)) + 2)]
    for walk in rng.permutation(whole.walks).tolist():
        gops += range(walk, walk + WALK_GOPS)
        gops += [quiet[int(rng.integers(len(quiet)))] for _ in range(pause + int(rng.integers(3)))]
    return gops


def _scene(place: int) -> Scene:
    """Dark people on a plain ground; they enter at any time between two keyframes."""
    rng = np.random.default_rng(50 + place)
    actors = []
    for first in plan().walks:
        start_s = first * GOP_S + 0.2 + 2.0 * rng.random()
        lasts_s, height = 3.5 + rng.random(), 0.3 + 0.1 * rng.random()
        foot = 0.5 + 0.2 * rng.random()
        left, right = (start_s, -0.06, foot), (start_s + lasts_s, 1.06, foot)
        if rng.random() < 0.5:
            left, right = (start_s, 1.06, foot), (start_s + lasts_s, -0.06, foot)
        actors.append(
            Actor(shape="figure", size=(0.1, height), colour=(25, 25, 30), path=(left, right))
        )
    return Scene(
        width=SIZE[0],
        height=SIZE[1],
        fps=FPS,
        duration_s=plan().gops * GOP_S,
        seed=place,
        actors=tuple(actors),
    )


def _render(bench: Bench) -> None:
    """Make the streams once."""
    for place in range(PLACES):
        if _truth_file(bench, place).exists():
            continue
        bench.say(f"rendering place {place}")
        scene = _scene(place)
        painter = Painter(scene)
        first: dict[str, int] = {}
        with (
            Encoder(_video(bench, place, "vbr"), "vbr", crf=25, size=SIZE, bits=BITS // 3) as vbr,
            Encoder(_video(bench, place, "cbr"), "cbr", size=SIZE, bits=BITS // 3) as cbr,
        ):
            for number in range(plan().gops * GOP):
                picture = painter.paint(number)
                vbr.write(picture)
                cbr.write(picture)
                if any(one.visible >= SHOWN for one in truth_at(scene, number)):
                    walk = max(first for first in plan().walks if first * GOP <= number)
                    first.setdefault(str(walk), number - walk * GOP)
        _truth_file(bench, place).write_text(json.dumps(first), encoding="utf-8")


def _truth(bench: Bench, place: int) -> dict[str, int]:
    """By walk: the first picture, from its first group on, that shows enough of somebody."""
    found: dict[str, int] = json.loads(_truth_file(bench, place).read_text(encoding="utf-8"))
    return found


def _truth_file(bench: Bench, place: int) -> Path:
    return bench.build / f"alert-{place}.json"


def _video(bench: Bench, place: int, rate: Rate) -> Path:
    return bench.build / f"alert-{place}-{rate}.mp4"


@contextmanager
def receiver() -> Iterator[tuple[str, list[tuple[str, float]]]]:
    """A webhook receiver: its address, and camera and arrival of each alert."""
    arrivals: list[tuple[str, float]] = []

    class Receiver(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            arrivals.append((json.loads(body)["event"]["camera_id"], time.time()))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", arrivals
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


if __name__ == "__main__":
    alone(measure, __doc__)
