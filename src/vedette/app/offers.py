"""What cameras can tell their rules of: metres, poses, and the classes that their models know."""

from pathlib import Path

from vedette.app.camera_settings import CameraSettings, ModuleSettings
from vedette.app.settings import Settings
from vedette.contracts.errors import ModelUnavailable
from vedette.contracts.model import ModelSpec
from vedette.models.catalogue import Catalogue
from vedette.models.labels import label_set
from vedette.rules.build import GROUND, POSE


class Offers:
    """Of the cameras of some settings; a model is looked up once, however many cameras use it."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        """`folder`: descriptions of models of one's own are meant from here."""
        self._settings = settings
        self._folder = folder
        self._specs: dict[str, ModelSpec | None] = {}

    def of(self, camera: CameraSettings) -> frozenset[str]:
        """Which of `rules.build.EVERYTHING` a camera has."""
        offers = {GROUND} if camera.ground is not None else set()
        specs = [self._spec(name) for name in camera.detect.detectors]
        if any(spec is None or spec.task == POSE for spec in specs):
            offers.add(POSE)
        return frozenset(offers)

    def labels(self, camera: CameraSettings) -> frozenset[str] | None:
        """The classes that its models know; None where nobody can say."""
        known: set[str] = set()
        for name in camera.detect.detectors:
            spec = self._spec(name)
            if spec is None:
                return None
            known |= set(label_set(spec.labels)) if spec.task != POSE else set()
        return frozenset(known)

    def _spec(self, name: str) -> ModelSpec | None:
        """Of a detector's model; None where it says nothing of it."""
        if name not in self._specs:
            self._specs[name] = self._looked_up(name)
        return self._specs[name]

    def _looked_up(self, name: str) -> ModelSpec | None:
        detector = self._settings.detectors.get(name, self._settings.detector)
        if detector.get("type") != "onnx":
            return None
        model = model_from_folder(detector, self._folder).get("model")
        try:
            return Catalogue.load().get(model if isinstance(model, str) else None)
        except ModelUnavailable:
            return None  # said where detectors are checked


def model_from_folder(detector: ModuleSettings, folder: Path) -> ModuleSettings:
    """A detector whose model's own description, where it has one, is meant from a folder."""
    model = detector.get("model")
    if not isinstance(model, str) or not model.endswith((".yaml", ".yml")):
        return detector
    return {**detector, "model": str(folder / Path(model).expanduser())}
