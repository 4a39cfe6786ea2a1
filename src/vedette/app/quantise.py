"""Makes the int8 form of a model, and installs it only if it sees what the model sees.

The frames are split: every second one measures ranges, the others judge.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vedette.app.model_bench import sample
from vedette.contracts.errors import InvalidInput
from vedette.contracts.frame import Frame
from vedette.contracts.model import ModelInput, ModelSpec
from vedette.detect.agree import Agreement, agreement
from vedette.detect.port import Detector
from vedette.detect.preprocess import blank, fill, fit
from vedette.kit.clock import Clock
from vedette.models.int8 import quantised
from vedette.models.store import ModelStore
from vedette.plugins.registry import configure

FRAMES = 40
LEAST = 0.95
"""F1 of the boxes of both forms, at an overlap of a half and the model's own threshold."""
LEAST_BOXES = 10
"""Fewer would judge nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantised:
    """What came of it."""

    file: Path
    agrees: Agreement
    """Of the int8 form with the f32 form, on frames that measured nothing."""


def quantise(spec: ModelSpec, video: Path, clock: Clock, *, frames: int = FRAMES) -> Quantised:
    """Make, judge and install the int8 form of an installed model.

    Raises:
        SourceRefused: it is no video.
        InvalidInput: the video has too few objects to judge by, or the int8 form sees too little.
        ModelUnavailable: the model is not installed, or its graph cannot be quantised.
    """
    if spec.task != "detect":
        raise InvalidInput(f"{spec.name!r} finds no objects by itself, so nothing could judge it")
    store = ModelStore()
    shown = sample(video, frames, clock)
    ranges, judges = shown[::2], shown[1::2]
    plain_file = store.path(spec)
    data = quantised(plain_file.read_bytes(), (normalised(frame, spec.input) for frame in ranges))
    with store.trial(spec, data) as file:
        before, after = (_loaded(spec, path) for path in (plain_file, file))
        right = [before.detect([frame])[0] for frame in judges]
        agrees = agreement([after.detect([frame])[0] for frame in judges], right)
    if agrees.wanted < LEAST_BOXES:
        raise InvalidInput(
            f"{video} shows too little to judge by: the model finds {agrees.wanted} boxes in "
            f"{len(judges)} frames, {LEAST_BOXES} are needed"
        )
    if agrees.f1 < LEAST:
        raise InvalidInput(
            f"in eight bits {spec.name!r} agrees with itself by {agrees.f1:.1%} only, {LEAST:.0%} "
            "are demanded; it is not installed"
        )
    return Quantised(file=store.keep_int8(spec, data, agrees.f1), agrees=agrees)


def normalised(frame: Frame, given: ModelInput) -> npt.NDArray[np.float32]:
    """The input of one frame as the bare graph takes it, batch axis included."""
    place = fit(given, frame.width, frame.height)
    pixels = blank(given, place, 1)
    fill(pixels[0], frame, given, place)
    axes = (1, 3, 1, 1) if given.layout == "nchw" else (1, 1, 1, 3)
    mean, scale = (np.array(v, np.float32).reshape(axes) for v in (given.mean, given.scale))
    return np.asarray((pixels - mean) * scale, dtype=np.float32)


def _loaded(spec: ModelSpec, path: Path) -> Detector:
    settings = {"type": "onnx", "engine": "cpu", "threads": 1}
    plugin, config = configure("detector", settings)
    made: Detector = plugin(config, spec=spec, path=path)
    return made
