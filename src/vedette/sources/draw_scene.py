"""Draws the frames of a simulated scene; the same seed gives the same pixels."""

import cv2
import numpy as np

from vedette.contracts.frame import U8
from vedette.sources.draw_person import draw_person
from vedette.sources.scene import Actor, Box, Scene

_NOISE_FIELDS = 7
_NOISE_MARGIN = 64


class Painter:
    """Keeps what is the same in every frame: background, occluders, fields of noise."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        chance = np.random.default_rng(scene.seed)
        self._background = _background(scene, chance)
        self._front = [(_pixels(scene, box), _texture(scene, chance)) for box in scene.occluders]
        size = (_NOISE_FIELDS, scene.height + _NOISE_MARGIN, scene.width + _NOISE_MARGIN)
        self._noise = np.clip(chance.normal(0.0, 1.0, size) * scene.noise, -127, 127).astype(
            np.int16
        )

    def paint(self, frame: int) -> U8:
        """(height, width, 3) BGR of frame number `frame`, from 0."""
        scene = self._scene
        t_s = (frame % scene.frames) / scene.fps
        picture = self._background.copy()
        for actor in scene.actors:
            if (box := actor.box(t_s)) is not None:
                self._draw(picture, actor, box, t_s)
        for (left, top, right, bottom), texture in self._front:
            picture[top:bottom, left:right] = texture[top:bottom, left:right]
        if (light := scene.light(t_s)) != 1.0:
            picture = cv2.convertScaleAbs(picture, alpha=light).astype(np.uint8)
        chance = np.random.default_rng([scene.seed, frame])
        self._rain(picture, chance)
        return self._with_noise(picture, chance)

    def _draw(self, picture: U8, actor: Actor, box: Box, t_s: float) -> None:
        left, top, right, bottom = _pixels(self._scene, box)
        if self._scene.shadow:
            _shadow(picture, (left, top, right, bottom))
        red, green, blue = actor.colour
        colour = (blue, green, red)
        if right <= left or bottom <= top:
            return
        match actor.shape:
            case "rectangle":
                cv2.rectangle(picture, (left, top), (right - 1, bottom - 1), colour, cv2.FILLED)
            case "ellipse":
                _ellipse(picture, (left, top, right, bottom), colour)
            case "figure":
                _figure(picture, (left, top, right, bottom), colour, t_s)
            case "person":
                draw_person(picture, (left, top, right, bottom), colour, actor.travelled(t_s))

    def _rain(self, picture: U8, chance: np.random.Generator) -> None:
        scene = self._scene
        length = max(4, scene.height // 24)
        xs = chance.integers(0, scene.width, scene.rain)
        ys = chance.integers(-length, scene.height, scene.rain)
        for x, y in zip(xs.tolist(), ys.tolist(), strict=True):
            cv2.line(picture, (x, y), (x + length // 4, y + length), (205, 200, 195), 1)

    def _with_noise(self, picture: U8, chance: np.random.Generator) -> U8:
        if self._scene.noise == 0.0:
            return picture
        field = self._noise[int(chance.integers(_NOISE_FIELDS))]
        y, x = (int(v) for v in chance.integers(0, _NOISE_MARGIN, 2))
        part = field[y : y + self._scene.height, x : x + self._scene.width]
        noisy = np.clip(picture.astype(np.int16) + part[:, :, None], 0, 255)
        return np.asarray(noisy, dtype=np.uint8)


def _pixels(scene: Scene, box: Box) -> tuple[int, int, int, int]:
    left, top, right, bottom = box
    return (
        round(left * scene.width),
        round(top * scene.height),
        round(right * scene.width),
        round(bottom * scene.height),
    )


def _background(scene: Scene, chance: np.random.Generator) -> U8:
    """A wall above a pavement, both with some texture."""
    horizon = round(scene.height * 0.38)
    shade = np.empty((scene.height, 1, 3), dtype=np.float32)
    shade[:horizon] = np.linspace((168, 158, 150), (146, 140, 136), horizon)[:, None, :]
    ground = scene.height - horizon
    shade[horizon:] = np.linspace((112, 116, 118), (138, 142, 144), ground)[:, None, :]
    picture = shade + (_texture(scene, chance).astype(np.float32) - 96.0) * 0.35
    return np.clip(picture, 0, 255).astype(np.uint8)


def _texture(scene: Scene, chance: np.random.Generator) -> U8:
    """Soft grey spots around 96."""
    small = chance.normal(96.0, 22.0, (scene.height // 8 + 2, scene.width // 8 + 2))
    grown = cv2.resize(small.astype(np.float32), (scene.width, scene.height), None, 0, 0, 2)
    grey = np.clip(grown, 0, 255).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


def _ellipse(picture: U8, box: tuple[int, int, int, int], colour: tuple[int, int, int]) -> None:
    left, top, right, bottom = box
    centre = ((left + right) // 2, (top + bottom) // 2)
    axes = (max(1, (right - left) // 2), max(1, (bottom - top) // 2))
    cv2.ellipse(picture, centre, axes, 0, 0, 360, colour, cv2.FILLED, cv2.LINE_AA)


def _figure(
    picture: U8, box: tuple[int, int, int, int], colour: tuple[int, int, int], t_s: float
) -> None:
    """A walking person: head, body, two legs that swing twice a second."""
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    middle = (left + right) // 2
    hip, neck = top + round(height * 0.55), top + round(height * 0.2)
    swing = round(width * 0.42 * np.sin(2.0 * np.pi * 2.0 * t_s))
    thick = max(1, round(width * 0.28))
    trousers = tuple(channel // 2 for channel in colour)
    for side in (swing, -swing):
        foot = (middle + side, bottom - 1 - thick // 2)
        cv2.line(picture, (middle, hip), foot, trousers, thick, cv2.LINE_AA)
    _ellipse(picture, (left, neck, right, hip + thick), colour)
    _ellipse(picture, (middle - width // 4, top, middle + width // 4, neck + 2), (110, 140, 190))


def _shadow(picture: U8, box: tuple[int, int, int, int]) -> None:
    """Darkens an ellipse on the ground beside the object's foot."""
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    mask = np.zeros(picture.shape[:2], dtype=np.uint8)
    centre = (right, bottom - height // 16)
    axes = (max(2, width * 6 // 10), max(2, height // 9))
    cv2.ellipse(mask, centre, axes, 0, 0, 360, 255, cv2.FILLED)
    dark = cv2.convertScaleAbs(picture, alpha=0.62)
    cv2.copyTo(dark, mask, picture)
