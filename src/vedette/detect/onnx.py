"""Detects objects with a model of the catalogue on ONNX Runtime."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as states
from pydantic import Field, model_validator

from vedette.contracts.errors import InvalidConfig, ModelUnavailable
from vedette.contracts.frame import Frame
from vedette.contracts.model import ModelInput, ModelSpec
from vedette.contracts.sight import Detections
from vedette.detect.heads import head
from vedette.detect.heads.base import Question
from vedette.detect.preprocess import fit, tensor
from vedette.detect.suppress import suppress
from vedette.models.labels import label_set
from vedette.plugins.registry import PluginConfig

log = logging.getLogger(__name__)

FAILURES: tuple[type[Exception], ...] = (
    states.EngineError,
    states.EPFail,
    states.Fail,
    states.InvalidArgument,
    states.InvalidGraph,
    states.InvalidProtobuf,
    states.ModelLoaded,
    states.NoModel,
    states.NoSuchFile,
    states.NotImplemented,
    states.RuntimeException,
    RuntimeError,  # what the C++ side has no class for
    ValueError,  # wrong inputs, found by the Python side
)
"""All that ONNX Runtime raises: its classes share no base but Exception."""


class OnnxConfig(PluginConfig):
    """Settings of `{type: onnx}`."""

    model: str | None = Field(
        default=None,
        description="Name of a model of the catalogue, or the path of a model's YAML file.",
    )
    score: float | None = Field(
        default=None, ge=0.0, le=1.0, description="Boxes below are left out; default: the model's."
    )
    iou: float = Field(
        default=0.6,
        gt=0.0,
        le=1.0,
        description="Of two boxes of one class that overlap by more, the weaker one is dropped.",
    )
    labels: tuple[str, ...] = Field(
        default=(), description="Only these classes, for example [person, car]; empty: all."
    )
    width: int | None = Field(
        default=None, ge=32, le=4096, description="Input width, where the model allows another."
    )
    height: int | None = Field(
        default=None, ge=32, le=4096, description="Input height, together with the width."
    )
    threads: int = Field(default=1, ge=1, le=64, description="Threads within one picture.")

    @model_validator(mode="after")
    def _both_or_none(self) -> "OnnxConfig":
        if (self.width is None) != (self.height is None):
            raise ValueError("give width and height together, or neither")
        return self


class OnnxDetector:
    """One model, loaded; used by one thread at a time."""

    Config: ClassVar[type[PluginConfig]] = OnnxConfig

    def __init__(self, config: OnnxConfig, *, spec: ModelSpec, path: Path) -> None:
        """Load the model and try it once on an empty picture.

        Raises:
            ModelUnavailable: the file is not the model that `spec` describes.
            InvalidConfig: `labels` or the size cannot be used with this model.
        """
        self.labels = label_set(spec.labels)
        self.spec = spec
        self.input = _input(config, spec)
        self._iou = config.iou
        self._score = spec.score if config.score is None else config.score
        self._wanted = _wanted(config, self.labels, spec)
        self._decode = head(spec.head)
        self._session = _session(path, spec, config.threads)
        self._feed = self._session.get_inputs()[0].name
        self._names = [output.name for output in self._session.get_outputs()]
        self._check_input()
        black = np.zeros((self.input.height, self.input.width), dtype=np.uint8)
        chroma = np.full(((self.input.height + 1) // 2, (self.input.width + 1) // 2), 128, np.uint8)
        self._one(Frame(camera_id="-", number=1, at_us=0, y=black, u=chroma, v=chroma))

    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        """See `Detector`. One by one: a batch gains nothing on a CPU, and answers repeat."""
        return [self._one(frame) for frame in frames]

    def _one(self, frame: Frame) -> Detections:
        place = fit(self.input, frame.width, frame.height)
        pixels = tensor(frame, self.input, place)
        try:
            values = self._session.run(self._names, {self._feed: pixels})
        except FAILURES as error:
            raise ModelUnavailable(
                f"the model {self.spec.name!r} failed on a picture of {place.width} x "
                f"{place.height}: {_sentence(error)}"
            ) from error
        asked = Question(
            width=place.width, height=place.height, classes=len(self.labels), score=self._score
        )
        try:
            found = self._decode(dict(zip(self._names, values, strict=True)), asked)
        except ModelUnavailable as error:
            raise ModelUnavailable(
                f"the model {self.spec.name!r} is not usable: {error}"
            ) from error
        keep = np.isfinite(found.boxes).all(axis=1) & self._wanted[found.classes]
        boxes = place.fractions(found.boxes[keep])
        scores, classes = found.scores[keep], found.classes[keep]
        kept = suppress(boxes, scores, classes, self._iou)
        kept = kept[(boxes[kept, 2] > boxes[kept, 0]) & (boxes[kept, 3] > boxes[kept, 1])]
        return Detections(
            boxes=boxes[kept],
            scores=np.clip(scores[kept], 0.0, 1.0).astype(np.float32),
            classes=classes[kept].astype(np.int16),
            labels=self.labels,
        )

    def _check_input(self) -> None:
        """The graph's input against the catalogue's entry."""
        inputs = self._session.get_inputs()
        found = inputs[0]
        chw = (3, self.input.height, self.input.width)
        wanted = chw if self.input.layout == "nchw" else (*chw[1:], chw[0])
        sizes = list(found.shape)
        fits = len(inputs) == 1 and len(sizes) == 4 and found.type == TYPES[self.input.dtype]
        fits = fits and all(
            not isinstance(size, int) or size == want
            for size, want in zip(sizes, (1, *wanted), strict=True)
        )
        if not fits:
            described = ", ".join(f"{each.name} {each.type} {each.shape}" for each in inputs)
            raise ModelUnavailable(
                f"the model {self.spec.name!r} should take one input {TYPES[self.input.dtype]} "
                f"1 x {' x '.join(str(want) for want in wanted)}; the file takes: {described}"
            )


TYPES = {"float32": "tensor(float)", "uint8": "tensor(uint8)", "int32": "tensor(int32)"}


def _input(config: OnnxConfig, spec: ModelSpec) -> ModelInput:
    width, height = config.width, config.height
    if width is None or height is None or (width, height) == (spec.input.width, spec.input.height):
        return spec.input
    step = spec.input.step
    if not step:
        raise InvalidConfig(
            f"the model {spec.name!r} only takes {spec.input.width} x {spec.input.height}; "
            "leave out width and height"
        )
    if width % step or height % step:
        raise InvalidConfig(
            f"width and height must be multiples of {step} for the model {spec.name!r}, "
            f"not {width} x {height}"
        )
    return spec.input.model_copy(update={"width": width, "height": height})


def _wanted(config: OnnxConfig, labels: tuple[str, ...], spec: ModelSpec) -> np.ndarray[Any, Any]:
    unknown = [label for label in config.labels if label not in labels]
    if unknown:
        raise InvalidConfig(
            f"the model {spec.name!r} does not know {unknown[0]!r}; it knows: {', '.join(labels)}"
        )
    return np.array([not config.labels or label in config.labels for label in labels], np.bool_)


def _session(path: Path, spec: ModelSpec, threads: int) -> onnxruntime.InferenceSession:
    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(
            path.read_bytes(), options, providers=["CPUExecutionProvider"]
        )
    except OSError as error:
        raise ModelUnavailable(f"the model {spec.name!r} cannot be read: {error}") from error
    except FAILURES as error:
        raise ModelUnavailable(
            f"the model {spec.name!r} ({path.name}) is not a usable ONNX file: {_sentence(error)}"
        ) from error


def _sentence(error: Exception) -> str:
    """The first line of what ONNX Runtime says, without its codes."""
    text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return text.rpartition(" : ")[2] or text
