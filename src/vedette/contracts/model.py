"""A model as data: where it comes from, what goes in, what comes out."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class ModelInput(BaseModel):
    """How pixels become the input tensor."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    width: int = Field(gt=0)
    height: int = Field(gt=0)
    step: int = Field(default=0, ge=0)
    """Width and height may be any multiple of this; `width` x `height` is then only the number of
    pixels to aim at, in the frame's own shape. 0: no other size is possible."""
    layout: Literal["nchw", "nhwc"]
    dtype: Literal["float32", "float16", "uint8", "int32"] = "float32"
    """Of the graph's own input; pixels are converted in the graph."""
    channels: Literal["rgb", "bgr"]
    fit: Literal["stretch", "letterbox"]
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    scale: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """tensor = (pixel - mean) * scale"""


class ModelSpec(BaseModel):
    """One entry of the model catalogue."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    summary: str
    task: Literal["detect", "pose"] = "detect"
    """`pose`: finds the joints of one person in a picture of that person; a second stage."""
    head: str
    """How the output is read: `centernet`, `nanodet`, `ssd`, `yolov3` ..."""
    graph: str | None = None
    """Name of the installed graph, where several entries share one; None: the entry's own name."""
    source: str
    """`npm:package@version/path`, `pypi:package==version/path`, `https://...`, `file:...`."""
    converter: str | None = None
    """`tfjs`, `darknet` ...; None where the source is ONNX already."""
    source_sha256: dict[str, str] = Field(default_factory=dict)
    """Hash of each source file, by its path in the package (all that the converter needs)."""
    archive_sha256: str | None = None
    """Hash of the package archive; without it no source distribution is fetched from PyPI."""
    sha256: str | None = None
    """Hash of the ONNX graph: its canonical content after conversion, else of the file."""
    licence: str
    origin: str
    """Who made the weights."""
    input: ModelInput
    labels: str
    """Name of a label set (`coco80`, `coco90`, `person`), or the labels themselves: `cat,dog`."""
    score: float = Field(default=0.5, ge=0.0, le=1.0)
    """A sensible threshold for this model."""
    how_to: str = ""
    """What its user has to do, where the file cannot be fetched; a clause."""
    verified: bool = True
    """False where it could not be fetched and run where this catalogue was written."""


class ModelWish(BaseModel):
    """A model that is to take over while the cameras go on."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_max_length=1024)

    model: str = Field(min_length=1)
    """Its name in the catalogue, or the path of its YAML file."""
    detector: str = "default"
    """Which detector: `default`, or a name of the settings' `detectors`."""
    anyway: bool = False
    """Also where cameras follow classes that the new model does not know."""


class ModelExchange(BaseModel):
    """A model that took over while the cameras went on."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    detector: str
    model: str
    engine: str = ""
    """What computes it: `cpu`, `openvino bf16` ..."""
    gap_s: float
    """How long a camera may have waited because of it."""
    lost: tuple[str, ...] = ()
    """Classes that cameras follow and that no model knows any more."""
    worker: str = ""
    """The process; empty where the cameras run in the main one."""
