"""Row 3, motion: does something move? On labelled pictures, against Frigate's way and MOG2.

    python -m benchmarks.motion_gate [--quick]

Twelve minutes of video at five pictures a second, through a real encoder: a place at rest with
weak and with strong noise of the sensor, in rain, with light that steps and with a cloud's shadow
that passes; each once with nobody there and once with people who walk by. Everyone gets the same
luma planes of 1280x720. A figure per picture is CPU time; `idle, opens` is the part of pictures
without anybody in which motion was seen; `busy, sees` the part of pictures with somebody at least
half visible in which motion was seen in them or in the two seconds before (which is how long a
gate is held open). The first five seconds of each clip are for learning.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.bench import Bench, alone
from benchmarks.cell import Cell, Question, compared
from benchmarks.contest import Run, in_turns, ours, run
from benchmarks.media import Encoder, vtest
from benchmarks.scenes import Stage, Walk, Weather, cut_out, variant
from vedette.contracts.frame import Frame
from vedette.motion.luma import LumaConfig, LumaMotion

U8 = npt.NDArray[np.uint8]

FRIGATE, MOG2 = "Frigate's way", "MOG2 640x360"
RATE = 5
LENGTH_S = 60
LEARNING_S = 5
HELD_S = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A clip."""

    name: str
    weather: Weather
    walks: tuple[Walk, ...] = ()


def _steps(t_s: float) -> float:
    """Light that changes at once (a lamp), three times, and once slowly."""
    return float(np.interp(t_s, (15, 15.2, 28, 28.4, 40, 48), (1.0, 0.75, 0.75, 1.0, 1.0, 0.85)))


def _cloud(t_s: float) -> float:
    """The edge of a shadow that comes from the right, and goes."""
    return float(np.interp(t_s, (12, 20, 35, 45), (1.2, -0.3, -0.3, 1.2)))


def cases() -> list[Case]:
    """Every weather, with nobody and with people."""
    people = tuple(
        Walk(
            person=number % 4,
            start_s=7.0 + 9.0 * number,
            duration_s=5.0,
            height=(0.12, 0.2, 0.3)[number % 3],
            foot=0.5 + 0.08 * number,
            turns=number == 3,
            to_left=bool(number % 2),
        )
        for number in range(6)
    )
    weathers = {
        "clear": Weather(noise=1.5),
        "noise": Weather(noise=5.0),
        "night": Weather(noise=4.0, light=lambda t_s: 0.4),
        "light steps": Weather(noise=2.0, light=_steps),
        "cloud's shadow": Weather(noise=2.0, cloud=_cloud),
        "rain": Weather(noise=2.0, rain=200),
    }
    return [
        Case(name=f"{name}, {who}", weather=weather, walks=walks)
        for name, weather in weathers.items()
        for who, walks in (("nobody", ()), ("people", people))
    ]


def measure(bench: Bench) -> list[Cell]:
    """All three in turns, over all clips."""
    folder = _clips(bench)
    contestants: dict[str, Callable[[], Run]] = {
        "ours": lambda: run(ours("motion_gate", "--contestant", folder))
    }
    for name, script in ((FRIGATE, "frigate"), (MOG2, "mog2")):
        if (command := bench.peer("motion.py", folder, script)) is not None:
            contestants[name] = partial(run, command)
    runs = in_turns(contestants, bench.rounds, bench.say)
    times = {name: [one.said["ms"] for one in each] for name, each in runs.items()}
    quality = {name: _quality(folder, each[0].said["seen"]) for name, each in runs.items()}
    cells = []
    for name in (FRIGATE, MOG2):
        asked = Question(
            row=3,
            metric="motion",
            workload="720p luma",
            unit="ms CPU a picture",
            peer_name=name,
            target="<= 0.13 ms" if name == FRIGATE else "",
        )
        cells.append(compared(asked, times["ours"], times.get(name, [])))
        for kind, target in (("busy, sees", ">= 1.0"), ("idle, opens", "<= 0.06")):
            for case, figure in quality["ours"][kind].items():
                theirs = quality[name][kind][case] if name in quality else None
                asked = Question(
                    row=3,
                    metric=f"motion, {kind}",
                    workload=case,
                    unit="",
                    peer_name=name,
                    target=target if case == "all" and name == FRIGATE else "",
                )
                cells.append(compared(asked, [figure], [] if theirs is None else [theirs]))
    return cells


def _quality(folder: Path, seen: dict[str, list[int]]) -> dict[str, dict[str, float]]:
    """Rates by kind and case; `all` is over all pictures."""
    hits: dict[str, dict[str, list[bool]]] = {"busy, sees": {}, "idle, opens": {}}
    for case in cases():
        path = _clip(folder, case)
        if not path.exists():
            continue
        there = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        moved = np.array(seen[path.stem], dtype=bool)
        assert len(moved) == len(there), f"{path.stem}: not every picture was looked at"
        first = LEARNING_S * RATE
        recent = np.array(
            [moved[max(0, n - HELD_S * RATE) : n + 1].any() for n in range(len(moved))]
        )
        kind = "busy, sees" if case.walks else "idle, opens"
        figures = (
            [bool(recent[n]) for n in range(first, len(moved)) if there[n] >= 0.5]
            if case.walks
            else moved[first:].tolist()
        )
        for name in (case.name.partition(",")[0], "all"):
            hits[kind].setdefault(name, []).extend(figures)
    return {
        kind: {name: float(np.mean(values)) for name, values in by_case.items()}
        for kind, by_case in hits.items()
    }


def contest(folder: Path) -> None:
    """Ours: motion, clip by clip."""
    cv2.setNumThreads(1)
    spent_s, pictures = 0.0, 0
    seen: dict[str, list[int]] = {}
    for path in sorted(folder.glob("*.mp4")):
        motion = LumaMotion(LumaConfig())
        moved = []
        for number, y in enumerate(lumas(path)):
            half = y[::2, ::2]
            frame = Frame(
                camera_id="yard", number=number + 1, at_us=number * 200_000, y=y, u=half, v=half
            )
            began = time.process_time()
            found = motion.look(frame)
            spent_s += time.process_time() - began
            moved.append(int(len(found.boxes) > 0))
        pictures += len(moved)
        seen[path.stem] = moved
    print(json.dumps({"ms": spent_s * 1e3 / pictures, "seen": seen}))


def lumas(path: Path) -> Iterator[U8]:
    """The luma planes of a clip."""
    with av.open(f"file:{path}") as container:
        for picture in container.decode(video=0):
            plane = picture.planes[0]
            rows = np.frombuffer(memoryview(plane), dtype=np.uint8).reshape(-1, plane.line_size)
            yield rows[:, : picture.width].copy()


def _clips(bench: Bench) -> Path:
    """The folder of all clips; made once."""
    folder = bench.build / ("motion-quick" if bench.quick else "motion")
    chosen = cases()[:2] if bench.quick else cases()
    for number, case in enumerate(chosen):
        path = _clip(folder, case)
        if path.with_suffix(".json").exists():
            continue
        bench.say(f"rendering {path.name}")
        place, people = cut_out(vtest(bench.build))
        stage = Stage(
            place=variant(place, number // 2),
            weather=case.weather,
            walks=case.walks,
            people=people,
            seed=number,
        )
        there = []
        with Encoder(path, "vbr", crf=25) as out:
            for picture in range(LENGTH_S * RATE):
                frame, seen = stage.draw(picture / RATE)
                out.add(frame)
                there.append(max((one.visible for one in seen), default=0.0))
        path.with_suffix(".json").write_text(json.dumps(there), encoding="utf-8")
    return folder


def _clip(folder: Path, case: Case) -> Path:
    name = "".join(letter if letter.isalpha() else "-" for letter in case.name)
    return folder / f"{name}.mp4"


if __name__ == "__main__":
    if "--contestant" in sys.argv:
        contest(Path(sys.argv[2]))
    else:
        alone(measure, __doc__)
