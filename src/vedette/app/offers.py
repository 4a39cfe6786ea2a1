"""What a camera can tell its rules of: metres, poses, and the classes that its models know."""

from collections.abc import Iterator
from pathlib import Path

from vedette.app.camera_settings import CameraSettings, ModuleSettings
from vedette.app.settings import Settings
from vedette.contracts.errors import ModelUnavailable
from vedette.contracts.model import ModelSpec
from vedette.models.catalogue import Catalogue
from vedette.models.labels import label_set
from vedette.rules.build import GROUND, POSE


def offers_of(camera: CameraSettings, settings: Settings, folder: Path) -> frozenset[str]:
    """Which of `rules.build.EVERYTHING` a camera has.

    Args:
        folder: descriptions of models of one's own are meant from here.
    """
    offers = {GROUND} if camera.ground is not None else set()
    if any(spec is None or spec.task == POSE for spec in _models(camera, settings, folder)):
        offers.add(POSE)
    return frozenset(offers)


def labels_of(camera: CameraSettings, settings: Settings, folder: Path) -> frozenset[str] | None:
    """The classes that its models know; None where nobody can say."""
    known: set[str] = set()
    for spec in _models(camera, settings, folder):
        if spec is None:
            return None
        known |= set(label_set(spec.labels)) if spec.task != POSE else set()
    return frozenset(known)


def model_from_folder(detector: ModuleSettings, folder: Path) -> ModuleSettings:
    """A detector whose model's own description, where it has one, is meant from a folder."""
    model = detector.get("model")
    if not isinstance(model, str) or not model.endswith((".yaml", ".yml")):
        return detector
    return {**detector, "model": str(folder / Path(model).expanduser())}


def _models(camera: CameraSettings, settings: Settings, folder: Path) -> Iterator[ModelSpec | None]:
    """Of each of its detectors; None where a detector says nothing of its model."""
    for name in camera.detect.detectors:
        detector = settings.detectors.get(name, settings.detector)
        if detector.get("type") != "onnx":
            yield None
            continue
        model = model_from_folder(detector, folder).get("model")
        try:
            yield Catalogue.load().get(model if isinstance(model, str) else None)
        except ModelUnavailable:
            yield None  # said where detectors are checked
