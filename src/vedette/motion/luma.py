"""Did something move? A running background of the luma plane, coarse, steady in changing light."""

import math
from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from vedette.contracts.frame import Frame
from vedette.contracts.polygon import Polygon, fill
from vedette.contracts.sight import F32, NO_BOXES, Motion
from vedette.motion.clusters import Cluster, clusters
from vedette.motion.light import relight, same_detail
from vedette.plugins.registry import PluginConfig

U8 = npt.NDArray[np.uint8]

MOST_COLUMNS = 192
MOST_ROWS = 144
MOST_BOXES = 32
FAINTEST = 4.0
"""Levels that are never told from noise, at sensitivity 1."""
BRIGHT = 90.0
"""Mean level of a picture below which contrasts are less, and so is what can be told from noise."""
DARKER = 0.5
NOISE_FACTOR = 4.0
"""A pixel counts as changed beyond its threshold plus this many mean deviations."""
NOISE_CAP = 10.0
"""Larger differences are objects, not noise, and teach nothing about it."""
CUT = 0.6
"""More than this part changed at once, from a quiet picture: another scene, not an object."""
LIGHT = 0.25
"""From this part changed on, the whole picture's light is looked at."""
LIGHT_OFFSET = 0.75
"""So it is when the mean of what did not change enough to count moved by this many levels."""
EXPLAINED = 0.5
"""It is a change of light when at most this part of what changed is left after it."""
LARGE = 0.005
"""Parts of the picture this large have enough detail to tell a shadow easily."""
MOST_JUDGED = 8
"""So many parts are looked at for being shadows, the largest first."""
HALF_SHADOW = 8
"""Points around it in which a shadow begins."""
BRIGHTEST = 230
"""From here on the sensor was saturated: how that place looks in less light is not known."""
DARKEST = 18
_LEVELS = np.arange(256, dtype=np.float32)


class LumaConfig(PluginConfig):
    """`type: luma`"""

    sensitivity: float = Field(
        default=0.5, ge=0.0, le=1.0, description="1 sees the faintest change, 0 only stark ones."
    )
    min_area: float = Field(
        default=0.0008, gt=0.0, le=1.0, description="Smallest moving thing, as part of the picture."
    )
    masks: tuple[Polygon, ...] = Field(
        default=(), description="Areas that do not count: a clock, a tree, a street behind."
    )
    hold_s: float = Field(
        default=2.0, ge=0.0, le=600.0, description="Motion stays active this long after the last."
    )
    learn_s: float = Field(
        default=1.0, ge=0.0, le=60.0, description="Time to learn the background at the start."
    )
    background_s: float = Field(
        default=8.0,
        gt=0.0,
        le=3600.0,
        description="What stands still this long becomes background.",
    )


@dataclass(slots=True, kw_only=True)
class _Scene:
    """What was learnt of a picture of one size; changed in place."""

    shape: tuple[int, int]
    """(height, width) of the frames."""
    stride: int
    background: F32
    """(rows, columns) running mean, in levels."""
    deviation: F32
    """(rows, columns) running mean of the absolute difference, without objects."""
    watch: U8
    """(rows, columns) 255 where motion counts, 0 under masks."""
    watched: int
    started_us: int
    at_us: int
    looks: int = 1
    fraction: float = 0.0
    offset: float = 0.0
    """Of the mean, when no change of light explained what changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """How one picture differs from the background."""

    changed: U8
    """(rows, columns) 255 where something changed."""
    relit: F32 | None
    """The background in the present light; None where that is the same."""
    offset: float
    fraction: float
    moved: list[Cluster]
    shaded: list[Cluster]
    """Large parts that only became darker or brighter."""

    @property
    def code(self) -> str:
        if self.moved:
            return "motion"
        return "quiet" if self.relit is None and not self.shaded else "light_change"


class LumaMotion:
    """Adaptive background subtraction with a per-pixel noise estimate (running mean and mean
    absolute deviation, as in Wren et al. 1997, "Pfinder", section 3, without colour).

    The plane is brought to at most 192 x 144 points and smoothed, so that sensor noise and rain
    fade before anything is compared. When the light changes over the whole picture, the
    background is taken through the same change (see light.py) and what is left is motion.
    Belongs to one camera and one thread.
    """

    Config: ClassVar = LumaConfig

    def __init__(self, config: LumaConfig) -> None:
        self.config = config
        self._threshold = FAINTEST * 2.0 ** (3.0 * (1.0 - config.sensitivity))
        self._scene: _Scene | None = None
        self._moved_us: int | None = None

    def look(self, frame: Frame) -> Motion:
        """Compare with the background, and learn.

        `code` is `learning` at the start (and after the picture's size or a long gap made the
        background worthless), `light_change` when the light changed and nothing moved besides,
        `motion`, or `quiet`; `active` stays True for `hold_s` after the last motion.
        """
        scene = self._scene
        if scene is None or scene.shape != frame.y.shape or self._stale(scene, frame.at_us):
            self._scene = self._begin(frame)
            return self._say("learning", frame.at_us)
        small = _shrink(frame.y, scene.stride)
        elapsed_s = max(0, frame.at_us - scene.at_us) / 1e6
        scene.at_us = frame.at_us
        scene.looks += 1
        if scene.looks <= 2 or frame.at_us - scene.started_us < self.config.learn_s * 1e6:
            self._learn(scene, small, 1.0 / scene.looks)
            return self._say("learning", frame.at_us)
        change = self._change(scene, small)
        if change.relit is not None:
            scene.background = change.relit
        _adopt(scene, small, change)
        scene.offset, scene.fraction = change.offset, change.fraction
        self._learn(scene, small, 1.0 - math.exp(-elapsed_s / self.config.background_s))
        boxes = _fractions(change.moved, scene)
        if len(boxes):
            self._moved_us = frame.at_us
        return self._say(change.code, frame.at_us, change.fraction, boxes)

    def probe(self, frame: Frame) -> Motion:
        """What `look` would say, without learning; `active` only where this frame shows motion."""
        scene = self._scene
        if scene is None or scene.shape != frame.y.shape or self._stale(scene, frame.at_us):
            return Motion(fraction=0.0, boxes=NO_BOXES, active=False, code="learning")
        change = self._change(scene, _shrink(frame.y, scene.stride))
        boxes = _fractions(change.moved, scene)
        return Motion(
            fraction=change.fraction, boxes=boxes, active=bool(len(boxes)), code=change.code
        )

    def _say(self, code: str, at_us: int, fraction: float = 0.0, boxes: F32 = NO_BOXES) -> Motion:
        moved_us = self._moved_us
        held = moved_us is not None and 0 <= at_us - moved_us <= self.config.hold_s * 1e6
        active = held and code != "learning"
        return Motion(fraction=fraction, boxes=boxes, active=active, code=code)

    def _stale(self, scene: _Scene, at_us: int) -> bool:
        """After so long a gap, or when time goes back, the background says nothing."""
        return not 0 <= at_us - scene.at_us <= 10e6 * self.config.background_s

    def _begin(self, frame: Frame) -> _Scene:
        height, width = frame.y.shape
        stride = max(1, -(-width // MOST_COLUMNS), -(-height // MOST_ROWS))
        small = _shrink(frame.y, stride)
        rows, columns = small.shape
        watch = np.full((rows, columns), 255, dtype=np.uint8)
        for mask in self.config.masks:
            watch[fill(mask, columns, rows)] = 0
        return _Scene(
            shape=(height, width),
            stride=stride,
            background=small.astype(np.float32),
            deviation=np.ones((rows, columns), dtype=np.float32),
            watch=watch,
            watched=max(1, int(np.count_nonzero(watch))),
            started_us=frame.at_us,
            at_us=frame.at_us,
        )

    def _change(self, scene: _Scene, small: U8) -> _Change:
        """What is different from the background; nothing is learnt."""
        changed, relit, offset = self._changed(scene, small)
        count = cv2.countNonZero(changed)
        found: list[Cluster] = []
        if count >= self.config.min_area * scene.watch.size:
            found = clusters(changed, self.config.min_area * scene.watch.size)
        background = scene.background if relit is None else relit
        shaded = [
            one
            for one in found[:MOST_JUDGED]
            if same_detail(
                background[one.part],
                small[one.part].astype(np.float32),
                changed[one.part] > 0,
                large=one.points >= LARGE * scene.watch.size,
            )
        ]
        return _Change(
            changed=changed,
            relit=relit,
            offset=offset,
            fraction=count / scene.watched,
            moved=[one for one in found if one not in shaded],
            shaded=shaded,
        )

    def _changed(self, scene: _Scene, small: U8) -> tuple[U8, F32 | None, float]:
        """(rows, columns) 255 where something changed; where the light did, the background as it
        looks in the present light; and the offset of the mean that is not explained."""
        known = np.asarray(cv2.convertScaleAbs(scene.background), dtype=np.uint8)
        changed = self._compare(scene, small, known)
        count = cv2.countNonZero(changed)
        if not count:
            return changed, None, 0.0
        fraction = count / scene.watched
        offset = _mean_change(small, known, cv2.subtract(scene.watch, changed))
        if fraction < LIGHT and abs(offset - scene.offset) < LIGHT_OFFSET:
            return changed, None, scene.offset
        shift = relight(known, small, scene.watch) - _LEVELS
        lit = np.clip(scene.background + cv2.LUT(known, shift), 0.0, 255.0)
        unknown = (known >= BRIGHTEST) | (known <= DARKEST)
        lit[unknown] = small[unknown]
        left = self._compare(scene, small, cv2.convertScaleAbs(lit))
        if cv2.countNonZero(left) <= EXPLAINED * count:
            return left, lit.astype(np.float32), 0.0
        if fraction > CUT and scene.fraction < LIGHT:
            return np.zeros_like(changed), small.astype(np.float32), 0.0
        return changed, None, offset

    def _compare(self, scene: _Scene, small: U8, known: U8 | cv2.typing.MatLike) -> U8:
        """(rows, columns) 255 where the difference is beyond the noise of that place."""
        difference = cv2.absdiff(small, known)
        masked = scene.watched < scene.watch.size
        level = cv2.mean(known, scene.watch if masked else None)[0]
        dark = min(1.0, max(DARKER, level / BRIGHT))
        limit = cv2.convertScaleAbs(
            scene.deviation, alpha=NOISE_FACTOR, beta=self._threshold * dark
        )
        changed = cv2.compare(difference, limit, cv2.CMP_GT)
        return np.asarray(cv2.bitwise_and(changed, scene.watch), dtype=np.uint8)

    def _learn(self, scene: _Scene, small: U8, rate: float) -> None:
        """Move background and deviation towards this frame, in place."""
        if rate <= 0.0:
            return
        difference = cv2.absdiff(small, cv2.convertScaleAbs(scene.background))
        _, calm = cv2.threshold(difference, NOISE_CAP, 255, cv2.THRESH_TRUNC)
        cv2.accumulateWeighted(calm, scene.deviation, min(1.0, rate))
        cv2.accumulateWeighted(small, scene.background, min(1.0, rate))


def _adopt(scene: _Scene, small: U8, change: _Change) -> None:
    """Take shaded parts over into the background, with the half-shadow around them."""
    if not change.shaded:
        return
    where = np.zeros(small.shape, dtype=np.bool_)
    for shadow in change.shaded:
        top, left = max(0, shadow.y - HALF_SHADOW), max(0, shadow.x - HALF_SHADOW)
        bottom = shadow.y + shadow.tall + HALF_SHADOW
        where[top:bottom, left : shadow.x + shadow.wide + HALF_SHADOW] = True
    for one in change.moved:
        where[one.part] = False
    np.copyto(scene.background, small, where=where)


def _fractions(moved: list[Cluster], scene: _Scene) -> F32:
    """(m, 4) boxes of what moves together, the largest first; fractions of the frame."""
    if not moved:
        return NO_BOXES
    height, width = scene.shape
    stride = scene.stride
    edges = [
        (
            one.x * stride / width,
            one.y * stride / height,
            min((one.x + one.wide) * stride / width, 1.0),
            min((one.y + one.tall) * stride / height, 1.0),
        )
        for one in moved[:MOST_BOXES]
    ]
    return np.array(edges, dtype=np.float32)


def _mean_change(small: U8, known: U8, mask: "cv2.typing.MatLike") -> float:
    """By how many levels the mean moved where `mask` is 255; quicker than means with a mask."""
    count = cv2.countNonZero(mask)
    if not count:
        return 0.0
    now = cv2.sumElems(cv2.bitwise_and(small, mask))[0]
    return (now - cv2.sumElems(cv2.bitwise_and(known, mask))[0]) / count


def _shrink(plane: U8, stride: int) -> U8:
    """Every stride-th row, smoothed along the row, then every stride-th point, smoothed 3 x 3.

    Averaging whole cells would cost ten times as much. Along rows it is what fades rain, which
    falls across them; 5 points (binomial) are what OpenCV does three times as fast as 7.
    """
    rows = np.ascontiguousarray(plane[stride // 2 :: stride])
    if stride > 2:
        rows = np.asarray(cv2.GaussianBlur(rows, (5, 1), 0), dtype=np.uint8)
    cells = np.ascontiguousarray(rows[:, stride // 2 :: stride])
    return np.asarray(cv2.blur(cells, (3, 3)), dtype=np.uint8)
