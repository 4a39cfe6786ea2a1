"""Luma planes that behave like a camera's: texture, sensor noise, moving things, rain, light."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from vedette.contracts.frame import Frame
from vedette.contracts.sight import Motion
from vedette.motion.port import MotionGate

Plane = npt.NDArray[np.float64]
U8 = npt.NDArray[np.uint8]
Change = Callable[[Plane, float], Plane]
"""Takes the clean picture and the time in seconds; gives the picture of that time."""


def frame_of(y: U8, at_us: int, number: int = 1) -> Frame:
    chroma = np.full(((y.shape[0] + 1) // 2, (y.shape[1] + 1) // 2), 128, dtype=np.uint8)
    return Frame(camera_id="yard", number=number, at_us=at_us, y=y, u=chroma, v=chroma)


@dataclass(kw_only=True)
class Scene:
    """A still picture; `noise` is the sensor's standard deviation in levels."""

    width: int = 384
    height: int = 216
    noise: float = 3.0
    seed: int = 1
    fps: float = 5.0
    detail: float = 0.0
    """Fine texture of the place (grass, plaster, paving): standard deviation in levels."""
    _rng: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self._rng = np.random.default_rng(self.seed)
        coarse = self._rng.uniform(40, 200, (9, 16))
        size = (self.width, self.height)
        self.still: Plane = np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC))
        if self.detail:
            fine = self._rng.normal(0.0, self.detail, (self.height // 6, self.width // 6))
            self.still = self.still + cv2.resize(fine, size, interpolation=cv2.INTER_CUBIC)

    def frames(self, seconds: float, *changes: Change, start_s: float = 0.0) -> Iterator[Frame]:
        """The picture with these changes, one after the other, and fresh noise."""
        for i in range(round(seconds * self.fps)):
            at_s = start_s + i / self.fps
            picture = self.still
            for change in changes:
                picture = change(picture, at_s)
            noisy = picture + self._rng.normal(0.0, self.noise, picture.shape)
            y = np.clip(noisy, 16, 235).astype(np.uint8)
            yield frame_of(y, round(at_s * 1e6), i + 1)


def walker(
    *,
    since_s: float,
    speed: float = 0.08,
    at: tuple[float, float] = (0.1, 0.4),
    contrast: float = 45,
) -> Change:
    """A figure of 5 % x 20 % of the picture that goes right, `speed` widths a second."""

    def change(picture: Plane, at_s: float) -> Plane:
        if at_s < since_s:
            return picture
        height, width = picture.shape
        left = round((at[0] + speed * (at_s - since_s)) * width)
        top, tall, wide = round(at[1] * height), round(0.2 * height), round(0.05 * width)
        changed = picture.copy()
        figure = changed[top : top + tall, max(0, left) : left + wide]
        stripes = np.where(np.arange(tall) * 4 // tall % 2 == 0, contrast, -contrast)
        figure += stripes[: figure.shape[0], None]
        return changed

    return change


def step(at_s: float, *, gain: float = 1.0, offset: float = 0.0) -> Change:
    """The light changes at once: a lamp, a cloud, another exposure."""
    return lambda picture, now_s: picture * gain + offset if now_s >= at_s else picture


def gamma(at_s: float, power: float) -> Change:
    """A non-linear change of tone."""
    return lambda picture, now_s: 255 * (picture / 255) ** power if now_s >= at_s else picture


def cloud(since_s: float, *, speed: float = 0.06, gain: float = 0.65) -> Change:
    """A shadow with a soft edge that comes from the left, `speed` widths a second, and stays."""

    def change(picture: Plane, at_s: float) -> Plane:
        across = np.linspace(0.0, 1.0, picture.shape[1])
        shade = np.clip((speed * (at_s - since_s) - across) / 0.05, 0.0, 1.0)
        return picture * (1.0 - (1.0 - gain) * shade)

    return change


def headlights(since_s: float, *, lasts_s: float = 4.0) -> Change:
    """A beam that sweeps over the ground: a soft bright ellipse; the car is not in the picture."""

    def change(picture: Plane, at_s: float) -> Plane:
        if not since_s <= at_s < since_s + lasts_s:
            return picture
        height, width = picture.shape
        y, x = np.mgrid[0:height, 0:width]
        middle = (at_s - since_s) / lasts_s
        away = ((x / width - middle) / 0.25) ** 2 + ((y / height - 0.7) / 0.2) ** 2
        lit: Plane = picture * (1.0 + 0.5 * np.exp(-away))
        return lit

    return change


def infrared(at_s: float) -> Change:
    """The camera goes over to its own light: other tones, bright in the middle, dark outside."""

    def change(picture: Plane, now_s: float) -> Plane:
        if now_s < at_s:
            return picture
        height, width = picture.shape
        y, x = np.mgrid[0:height, 0:width]
        fall = 1.1 - 0.9 * np.hypot(x / width - 0.5, y / height - 0.5)
        lit: Plane = 255 * (picture / 255) ** 1.3 * fall
        return lit

    return change


def drift(levels_per_s: float) -> Change:
    """Dusk or dawn."""
    return lambda picture, now_s: picture + levels_per_s * now_s


def rain(drops: int, seed: int = 7) -> Change:
    """Bright streaks, 1 pixel wide and 12 to 30 long, elsewhere in every frame."""
    rng = np.random.default_rng(seed)

    def change(picture: Plane, now_s: float) -> Plane:
        wet = picture.copy()
        height, width = wet.shape
        for _ in range(drops):
            x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
            wet[y : y + int(rng.integers(12, 30)), x] += 60
        return wet

    return change


def watch(gate: MotionGate, frames: Iterator[Frame]) -> list[tuple[float, Motion]]:
    """What the gate says, with the time in seconds."""
    return [(frame.at_us / 1e6, gate.look(frame)) for frame in frames]
