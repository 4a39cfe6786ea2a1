"""What the cameras of row 8 show: people who come into view at pictures that are known."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.bench import Bench
from benchmarks.fleet_media import GOP_S, WALK_GOPS, plan
from benchmarks.media import BITS, FPS, GOP, Encoder, Rate
from vedette.sources.draw_scene import Painter
from vedette.sources.scene import Actor, Scene, truth_at

PLACES = 4
SIZE = (640, 360)
SHOWN = 0.5
"""Part of the person that a picture must show."""


def render(bench: Bench) -> None:
    """Make the streams once."""
    for place in range(PLACES):
        if _truth_file(bench, place).exists():
            continue
        bench.say(f"rendering place {place}")
        scene = _scene(place)
        painter = Painter(scene)
        first: dict[str, int] = {}
        with (
            Encoder(video(bench, place, "vbr"), "vbr", crf=25, size=SIZE, bits=BITS // 3) as vbr,
            Encoder(video(bench, place, "cbr"), "cbr", size=SIZE, bits=BITS // 3) as cbr,
        ):
            for number in range(plan().gops * GOP):
                picture = painter.paint(number)
                vbr.write(picture)
                cbr.write(picture)
                if any(one.visible >= SHOWN for one in truth_at(scene, number)):
                    walk = max(first for first in plan().walks if first * GOP <= number)
                    first.setdefault(str(walk), number - walk * GOP)
        _truth_file(bench, place).write_text(json.dumps(first), encoding="utf-8")


def first_sights(bench: Bench, place: int, script: list[int], until_s: float) -> Iterator[int]:
    """Numbers of the pictures that first show enough of somebody."""
    first = {int(walk): at for walk, at in _truth(bench, place).items()}
    turn = 0
    while turn * GOP_S <= until_s:
        gop = script[turn % len(script)]
        if gop in first:
            yield turn * GOP + first[gop]
        turn += 1


def script(number: int, cameras: int) -> list[int]:
    """Somebody every 14 seconds, every 40 where there are many cameras; all at other times."""
    whole = plan()
    pause = 3 if cameras < 16 else 16
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


def _truth(bench: Bench, place: int) -> dict[str, int]:
    """By walk: the first picture, from its first group on, that shows enough of somebody."""
    found: dict[str, int] = json.loads(_truth_file(bench, place).read_text(encoding="utf-8"))
    return found


def _truth_file(bench: Bench, place: int) -> Path:
    return bench.build / f"alert-{place}.json"


def video(bench: Bench, place: int, rate: Rate) -> Path:
    return bench.build / f"alert-{place}-{rate}.mp4"
