"""Draws scenes whose truth is known: real places and people of vtest.avi, put together anew.

A place is what never moves in the film (its median), in another section and light each time, with
sensor noise. A walker is a person of the film, cut out along the labels of tests/truth, who walks
a path of our choice. So pixels are real, and when somebody is where is known to the frame.
"""

import csv
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.contest import ROOT
from benchmarks.media import HEIGHT, WIDTH

U8 = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]
Planes = tuple[U8, U8, U8]
"""Y (h, w), U and V (h / 2, w / 2)."""

TRUTH = ROOT / "tests" / "truth" / "pedestrians.csv"
PEOPLE = ("1", "2", "3", "5")
"""Labels of people who walk for long and are seldom covered."""
LABELLED = 441
"""Frames of the film that have truth, which is every tenth one."""
SPRITE_RATE = 10
"""Pictures a second of the film."""
_SOFT = (14.0, 34.0)
"""Differences from the place, in grey levels, between which a pixel turns from place to person."""
_FIELDS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """Somebody crosses the picture, or comes in and goes back."""

    person: int
    """Index into the people that were cut out."""
    start_s: float
    duration_s: float
    height: float
    """Of the person, as a fraction of the picture's height."""
    foot: float
    """Where the feet are, a fraction of the picture's height."""
    turns: bool = False
    """Comes to the middle and goes back."""
    to_left: bool = False

    def box(self, t_s: float, aspect: float) -> tuple[float, float, float, float] | None:
        """left, top, right, bottom in fractions, also outside of the picture; None when gone.

        Args:
            aspect: width by height of the person, in pixels.
        """
        part = (t_s - self.start_s) / self.duration_s
        if not 0.0 <= part <= 1.0:
            return None
        width = self.height * aspect * HEIGHT / WIDTH
        if self.turns:
            part = 0.55 * (1.0 - abs(2.0 * part - 1.0))
        x = -width / 2 + part * (1.0 + width)
        x = 1.0 - x if self.to_left else x
        return x - width / 2, self.foot - self.height, x + width / 2, self.foot


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """What changes the picture without anybody being there."""

    noise: float = 2.0
    """Of the sensor: one sigma, in grey levels."""
    light: Callable[[float], float] = lambda t_s: 1.0
    """Factor by second."""
    rain: int = 0
    """Streaks in each picture."""
    cloud: Callable[[float], float] | None = None
    """Where the edge of a cloud's shadow is, by second, in fractions of the width."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Somebody in a picture."""

    walk: int
    box: tuple[float, float, float, float]
    """Clipped to the picture, fractions."""
    visible: float
    """Part of the person that is in the picture."""


@dataclass(slots=True, kw_only=True)
class Stage:
    """Draws pictures of one place."""

    place: Planes
    weather: Weather
    walks: tuple[Walk, ...]
    people: tuple[tuple[F32, ...], ...]
    """Per person the cut-outs: (h, w, 4) y, u, v, opacity."""
    seed: int
    _fields: list[npt.NDArray[np.int16]] = field(default_factory=list)

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.seed)
        size = (HEIGHT + 64, WIDTH + 64)
        for _ in range(_FIELDS):
            noise = rng.normal(0.0, self.weather.noise, size)
            self._fields.append(np.rint(noise).astype(np.int16))

    def draw(self, t_s: float) -> tuple[av.VideoFrame, tuple[Seen, ...]]:
        """The picture at a second, and who is in it."""
        rng = np.random.default_rng((self.seed, round(t_s * 1000)))
        y, u, v = (plane.copy() for plane in self.place)
        seen = []
        for number, walk in enumerate(self.walks):
            if (one := self._put((y, u, v), walk, number, t_s)) is not None:
                seen.append(one)
        y = self._weathered(y, t_s, rng)
        frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
        for plane, content in zip(frame.planes, (y, u, v), strict=True):
            rows = np.frombuffer(memoryview(plane), dtype=np.uint8).reshape(-1, plane.line_size)
            rows[: content.shape[0], : content.shape[1]] = content
        return frame, tuple(seen)

    def _weathered(self, y: U8, t_s: float, rng: np.random.Generator) -> U8:
        weather = self.weather
        light = weather.light(t_s)
        if light != 1.0:
            y = np.asarray(cv2.convertScaleAbs(y, alpha=light), dtype=np.uint8)
        if weather.cloud is not None:
            across = (np.arange(WIDTH) / WIDTH - weather.cloud(t_s)) / 0.15
            shade = 1.0 - 0.3 * np.clip(across, 0.0, 1.0).astype(np.float32)
            y = np.clip(y * shade, 0, 255).astype(np.uint8)
        for _ in range(weather.rain):
            x, top = int(rng.integers(0, WIDTH)), int(rng.integers(-40, HEIGHT))
            length = int(rng.integers(15, 45))
            cv2.line(y, (x, top), (x + length // 8, top + length), 215, 1)
        dy, dx = (int(n) for n in rng.integers(0, 64, 2))
        noise = self._fields[int(rng.integers(_FIELDS))]
        noisy = y + noise[dy : dy + HEIGHT, dx : dx + WIDTH]
        return np.asarray(np.clip(noisy, 16, 235), dtype=np.uint8)

    def _put(self, planes: Planes, walk: Walk, number: int, t_s: float) -> Seen | None:
        sprites = self.people[walk.person]
        step = int((t_s - walk.start_s) * SPRITE_RATE * 1.3)
        sprite = sprites[min(max(step, 0), 10**6) % len(sprites)]
        mean_aspect = float(np.mean([s.shape[1] / s.shape[0] for s in sprites[:20]]))
        box = walk.box(t_s, mean_aspect)
        if box is None:
            return None
        left, right = round(box[0] * WIDTH / 2) * 2, round(box[2] * WIDTH / 2) * 2
        top, bottom = round(box[1] * HEIGHT / 2) * 2, round(box[3] * HEIGHT / 2) * 2
        clip = max(left, 0), max(top, 0), min(right, WIDTH), min(bottom, HEIGHT)
        if clip[2] - clip[0] < 2 or clip[3] - clip[1] < 2:
            return None
        scaled = cv2.resize(sprite, (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)
        if walk.to_left:
            scaled = cv2.flip(scaled, 1)
        part = scaled[clip[1] - top : clip[3] - top, clip[0] - left : clip[2] - left]
        _blend(planes[0], part, 0, clip, 1)
        half = cv2.resize(part, (part.shape[1] // 2, part.shape[0] // 2))
        for index in (1, 2):
            _blend(planes[index], half, index, clip, 2)
        area = (clip[2] - clip[0]) * (clip[3] - clip[1])
        inside = (clip[0] / WIDTH, clip[1] / HEIGHT, clip[2] / WIDTH, clip[3] / HEIGHT)
        return Seen(walk=number, box=inside, visible=area / ((right - left) * (bottom - top)))


def _blend(
    plane: U8, part: cv2.typing.MatLike, channel: int, clip: tuple[int, int, int, int], scale: int
) -> None:
    left, top, right, bottom = (edge // scale for edge in clip)
    there = plane[top:bottom, left:right]
    rows = np.asarray(part[: there.shape[0], : there.shape[1]])
    opacity = rows[:, :, 3]
    there[:] = np.rint(there + (rows[:, :, channel] - there) * opacity).astype(np.uint8)


@lru_cache(maxsize=1)
def cut_out(source: Path) -> tuple[Planes, tuple[tuple[F32, ...], ...]]:
    """What never moves in a film, and the cut-out people."""
    pictures = _pictures(source)
    median = np.median(np.stack(pictures[::10]), axis=0).astype(np.uint8)
    place = _planes(median)
    boxes = _boxes()
    people = []
    for person in PEOPLE:
        frames = sorted(boxes[person])
        sprites = []
        for number in range(frames[0], frames[-1]):
            box = [
                float(np.interp(number, frames, [boxes[person][f][edge] for f in frames]))
                for edge in range(4)
            ]
            sprite = _cut(pictures[number - 1], median, box)
            if sprite is not None:
                sprites.append(sprite)
        people.append(tuple(sprites))
    return place, tuple(people)


def variant(place: Planes, number: int) -> Planes:
    """Another place: a section of the film's, some of them mirrored, in another light."""
    rng = np.random.default_rng(100 + number)
    part = 0.7 + 0.3 * rng.random()
    rows, columns = (round(part * size / 4) * 4 for size in (HEIGHT, WIDTH))
    rooms = HEIGHT - rows, WIDTH - columns
    top, left = (int(rng.integers(0, room + 1)) // 4 * 4 for room in rooms)
    gain = 0.8 + 0.3 * rng.random()
    planes = []
    for plane, scale in zip(place, (1, 2, 2), strict=True):
        cut = plane[top // scale : (top + rows) // scale, left // scale : (left + columns) // scale]
        wide = cv2.resize(cut, (WIDTH // scale, HEIGHT // scale), interpolation=cv2.INTER_CUBIC)
        planes.append(cv2.flip(wide, 1) if number % 2 else wide)
    y = cv2.convertScaleAbs(planes[0], alpha=gain)
    return np.asarray(y), np.asarray(planes[1]), np.asarray(planes[2])


def _pictures(source: Path) -> list[U8]:
    """(h, w, 3) y, u, v of the labelled part, as large as the film."""
    pictures = []
    with av.open(f"file:{source}") as container:
        for picture in container.decode(video=0):
            pictures.append(np.asarray(picture.to_ndarray(format="yuv444p"), dtype=np.uint8))
            if len(pictures) == LABELLED:
                break
    return [np.ascontiguousarray(one.transpose(1, 2, 0)) for one in pictures]


def _planes(picture: U8) -> Planes:
    """The middle of a picture, 16 to 9, as 4:2:0 planes."""
    height, width = picture.shape[:2]
    rows = width * HEIGHT // WIDTH
    top = (height - rows) // 2
    wide = cv2.resize(picture[top : top + rows], (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    half = cv2.resize(wide, (WIDTH // 2, HEIGHT // 2), interpolation=cv2.INTER_AREA)
    y, u, v = (np.ascontiguousarray(p) for p in (wide[:, :, 0], half[:, :, 1], half[:, :, 2]))
    return y.astype(np.uint8), u.astype(np.uint8), v.astype(np.uint8)


def _cut(picture: U8, median: U8, box: list[float]) -> F32 | None:
    """(h, w, 4) of a person; None where hardly anything differs from the place."""
    left, top, width, height = (round(value) for value in box)
    left, top = max(left - 2, 0), max(top - 3, 0)
    rows, columns = slice(top, top + height + 6), slice(left, left + width + 4)
    person = picture[rows, columns].astype(np.float32)
    apart = np.abs(person - median[rows, columns]).max(axis=2)
    apart = cv2.GaussianBlur(apart, (5, 5), 0)
    opacity = np.clip((apart - _SOFT[0]) / (_SOFT[1] - _SOFT[0]), 0.0, 1.0)
    if opacity.mean() < 0.25:
        return None
    return np.concatenate((person, opacity[:, :, None]), axis=2).astype(np.float32)


def _boxes() -> dict[str, dict[int, tuple[float, ...]]]:
    """By person and frame (from 1): left, top, width, height in pixels of the film."""
    found: dict[str, dict[int, tuple[float, ...]]] = {}
    with TRUTH.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            place = tuple(float(row[name]) for name in ("left", "top", "width", "height"))
            found.setdefault(row["id"], {})[int(row["frame"])] = place
    return found
