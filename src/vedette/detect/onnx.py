"""Detects objects with a model of the catalogue, on any of the engines."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from vedette.contracts.errors import InvalidConfig, ModelUnavailable
from vedette.contracts.frame import Frame
from vedette.contracts.model import ModelInput, ModelSpec
from vedette.contracts.sight import F32, Bools, Detections
from vedette.detect.engines.choose import Wish, load_engine
from vedette.detect.engines.port import Arrays, Engine, EngineOptions, Precision
from vedette.detect.graph import Graph, prepared
from vedette.detect.heads import head
from vedette.detect.heads.base import Question
from vedette.detect.memory import OutOfMemory
from vedette.detect.preprocess import Fit, black_frame, blank, fill, fit
from vedette.detect.suppress import suppress
from vedette.models.labels import label_set
from vedette.plugins.registry import PluginConfig

Rows = npt.NDArray[np.intp]

GPU_BATCH = 8
GPU_WAIT_MS = 4.0
"""A GPU computes eight pictures in hardly more time than one, so it pays to wait for some."""


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
    engine: Wish = Field(
        default="auto",
        description="What computes: `cpu` (ONNX Runtime), `openvino`, `cuda`, `tensorrt`; `auto`: "
        "the best that is installed and works.",
    )
    precision: Literal["auto", "f32", "bf16", "int8"] = Field(
        default="auto",
        description="`f32` repeats to the last digit on any processor; `auto`: bf16 where engine "
        "and processor have it; `int8`: the form that `vedette models quantise` makes.",
    )
    threads: int | None = Field(
        default=None,
        ge=1,
        le=64,
        description="Threads within one picture; absent: the cores, shared by the processes that "
        "have cameras, at most 4.",
    )
    batch: int | None = Field(
        default=None,
        ge=1,
        le=64,
        description="Most frames in one call; absent: 8 on a GPU, 1 on a CPU, which gains nothing.",
    )
    max_wait_ms: float | None = Field(
        default=None,
        ge=0.0,
        le=1000.0,
        description="How long an incomplete batch waits for more; absent: 4 on a GPU, else 0.",
    )
    gpu: int = Field(default=0, ge=0, le=63, description="Number of the GPU.")
    gpu_mem_gb: float | None = Field(
        default=None, gt=0.0, description="Most memory of the GPU for this model."
    )

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
            ModelUnavailable: the file is not the model that `spec` describes, or the engine is
                not installed.
            InvalidConfig: `labels` or the size cannot be used with this model.
        """
        self.labels = label_set(spec.labels)
        self.spec = spec
        self._iou = config.iou
        self._score = spec.score if config.score is None else config.score
        self._wanted = _wanted(config, self.labels, spec)
        self._decode = head(spec.head)
        graph = _graph(path, spec)
        self.input = _input(config, spec, graph)
        self._engine = _engine(graph, config, spec)
        self._engine_name = _shown(self._engine.name, config)
        self._stacks = self._engine.batches and graph.batch is None
        self.batch = config.batch or (GPU_BATCH if self._stacks else 1)
        wait_ms = GPU_WAIT_MS if self._stacks else 0.0
        self.max_wait_s = (wait_ms if config.max_wait_ms is None else config.max_wait_ms) / 1000
        self.detect([black_frame(self.input.width, self.input.height)])

    @property
    def task(self) -> str:
        """`detect`, or `pose` for a second stage."""
        return self.spec.task

    @property
    def engine(self) -> str:
        """What computes, for people: `cpu`, `openvino bf16`, `openvino int8` ..."""
        return self._engine_name

    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        """See `Detector`. Frames of one shape go together where that is faster; else one by one,
        and then the answer does not depend on the other frames."""
        if not self._stacks:
            return [self._together([frame])[0] for frame in frames]
        by_shape: dict[tuple[int, int], list[int]] = {}
        for index, frame in enumerate(frames):
            by_shape.setdefault((frame.width, frame.height), []).append(index)
        found: dict[int, Detections] = {}
        for rows in by_shape.values():
            found.update(zip(rows, self._together([frames[row] for row in rows]), strict=True))
        return [found[index] for index in range(len(frames))]

    def close(self) -> None:
        """Give back memory and threads of the engine."""
        self._engine.close()

    def _together(self, frames: Sequence[Frame]) -> list[Detections]:
        """The answers for frames of one shape, in one call of the engine."""
        place = fit(self.input, frames[0].width, frames[0].height)
        tensor = blank(self.input, place, len(frames))
        for row, frame in enumerate(frames):
            fill(tensor[row], frame, self.input, place)
        try:
            values = self._engine.run(tensor)
        except ModelUnavailable as error:
            kind = OutOfMemory if isinstance(error, OutOfMemory) else ModelUnavailable
            raise kind(
                f"the model {self.spec.name!r} failed on {len(frames)} pictures of {place.width} "
                f"x {place.height}: {error}"
            ) from error
        return [self._read(values, row, len(frames), place) for row in range(len(frames))]

    def _read(self, values: Arrays, row: int, count: int, place: Fit) -> Detections:
        """One frame's boxes out of the outputs for all of them."""
        asked = Question(
            width=place.width, height=place.height, classes=len(self.labels), score=self._score
        )
        own = {name: array[row : row + 1] if count > 1 else array for name, array in values.items()}
        try:
            found = self._decode(own, asked)
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
            keypoints=_keypoints(found.keypoints, keep, kept, place),
        )


def _keypoints(joints: F32 | None, keep: Bools, kept: Rows, place: Fit) -> F32 | None:
    """The joints of the boxes that stayed, as fractions of the frame."""
    if joints is None:
        return None
    own = joints[keep][kept]
    where, scores = place.fractions(own[..., :2]), np.clip(own[..., 2:], 0.0, 1.0)
    return np.concatenate((where, scores), axis=-1).astype(np.float32)


def _graph(path: Path, spec: ModelSpec) -> Graph:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelUnavailable(f"the model {spec.name!r} cannot be read: {error}") from error
    return prepared(data, spec.name, spec.input)


def _engine(graph: Graph, config: OnnxConfig, spec: ModelSpec) -> Engine:
    precision: Precision | None = config.precision if config.precision in {"f32", "bf16"} else None
    options = EngineOptions(
        threads=config.threads or 1,
        precision=precision,
        gpu=config.gpu,
        gpu_mem_gb=config.gpu_mem_gb,
    )
    try:
        return load_engine(graph.model, config.engine, options)
    except ModelUnavailable as error:
        kind = OutOfMemory if isinstance(error, OutOfMemory) else ModelUnavailable
        raise kind(f"the model {spec.name!r} cannot be loaded: {error}") from error


def _shown(engine: str, config: OnnxConfig) -> str:
    return f"{engine.split(maxsplit=1)[0]} int8" if config.precision == "int8" else engine


def _input(config: OnnxConfig, spec: ModelSpec, graph: Graph) -> ModelInput:
    """The input with the size that the file insists on, else the settings', else the entry's."""
    given = spec.input
    height, width = graph.sizes
    if width is not None and height is not None:
        given = given.model_copy(update={"width": width, "height": height, "step": 0})
    width, height = config.width, config.height
    if width is None or height is None or (width, height) == (given.width, given.height):
        return given
    step = given.step
    if not step:
        raise InvalidConfig(
            f"the model {spec.name!r} only takes {given.width} x {given.height}; "
            "leave out width and height"
        )
    if width % step or height % step:
        raise InvalidConfig(
            f"width and height must be multiples of {step} for the model {spec.name!r}, "
            f"not {width} x {height}"
        )
    return given.model_copy(update={"width": width, "height": height})


def _wanted(config: OnnxConfig, labels: tuple[str, ...], spec: ModelSpec) -> np.ndarray[Any, Any]:
    unknown = [label for label in config.labels if label not in labels]
    if unknown:
        raise InvalidConfig(
            f"the model {spec.name!r} does not know {unknown[0]!r}; it knows: {', '.join(labels)}"
        )
    return np.array([not config.labels or label in config.labels for label in labels], np.bool_)
