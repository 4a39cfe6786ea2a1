"""The camera that `vedette analyze` looks through: from a settings file, or a plain default."""

from pathlib import Path
from typing import Any

from vedette.app.load import load_settings
from vedette.app.settings import CameraSettings, DetectSettings, ModuleSettings, Settings
from vedette.contracts.errors import InvalidInput

FOLLOWED = ("person", "bicycle", "car", "motorcycle", "bus", "truck", "dog", "cat")
"""Classes that people ask about; the model's others are left out where no settings say more."""


def camera_for(
    source: str, config: Path | None, camera_id: str | None, model: str | None
) -> tuple[CameraSettings, ModuleSettings]:
    """The camera and the detector's settings.

    Raises:
        InvalidInput: the settings have no such camera.
        InvalidConfig: the settings are wrong.
    """
    if config is None:
        if camera_id is not None:
            raise InvalidInput("--camera chooses among the cameras of a file: give --config too")
        camera, detector = _plain(), {"type": "onnx"}
    else:
        settings = load_settings(config)
        camera, detector = _chosen(settings, camera_id), dict(settings.detector)
    if model is not None:
        detector["model"] = model
    fresh = CameraSettings.model_validate({"id": camera.id, "source": source}).source
    if fresh["type"] == "simulator":
        fresh = {**fresh, "pace": "fast", "loop": False}
    return camera.model_copy(update={"source": fresh}), detector


def _chosen(settings: Settings, camera_id: str | None) -> CameraSettings:
    if camera_id is None:
        return settings.cameras[0]
    for camera in settings.cameras:
        if camera.id == camera_id:
            return camera
    there = ", ".join(camera.id for camera in settings.cameras)
    raise InvalidInput(f"the settings have no camera {camera_id!r}; there are: {there}")


def _plain() -> CameraSettings:
    """Everything that people ask about, anywhere in the picture."""
    rule: dict[str, Any] = {"id": "seen", "type": "presence", "labels": list(FOLLOWED)}
    return CameraSettings(
        id="recording",
        source={"type": "file"},
        detect=DetectSettings(labels=FOLLOWED),
        rules=({**rule, "for_s": 1.0},),
    )
