"""The camera that `vedette analyze` looks through: from a settings file, or a plain default."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from vedette.app.camera_settings import CameraSettings, DetectSettings, ModuleSettings
from vedette.app.load import load_settings
from vedette.app.settings import Settings
from vedette.contracts.errors import InvalidInput
from vedette.plugins.registry import configure

FOLLOWED = ("person", "bicycle", "car", "motorcycle", "bus", "truck", "dog", "cat")
"""Classes that people ask about; the model's others are left out where no settings say more."""


def camera_for(
    source: str, config: Path | None, camera_id: str | None, model: str | None
) -> tuple[CameraSettings, ModuleSettings]:
    """The camera and the detector's settings.

    Raises:
        InvalidInput: the settings have no such camera, or the source is no address.
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
    _demand_usable(fresh)
    return camera.model_copy(update={"source": fresh, "detect_source": None}), detector


def more_detectors(config: Path | None) -> dict[str, ModuleSettings]:
    """The other detectors of a settings file, by name.

    Raises:
        InvalidConfig: the settings are wrong.
    """
    return {} if config is None else dict(load_settings(config).detectors)


def _demand_usable(source: ModuleSettings) -> None:
    sentence = ""
    try:
        configure("source", source)
    except ValidationError as error:
        sentence = error.errors()[0]["msg"].removeprefix("Value error, ")
    if sentence:  # raised out here: the first error may repeat an address with its password
        raise InvalidInput(f"the source cannot be used: {sentence}")


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
