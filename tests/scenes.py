"""Simulated scenes as camera video on disk, and cameras to look at them with."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vedette.app.analyze import Analysis, Findings, analyze
from vedette.app.camera_settings import CameraSettings
from vedette.kit.clock import SystemClock
from vedette.sources.scene import Actor, Scene
from vedette.sources.scene_file import render_scene

BLOB = {"type": "blob", "contrast": 60, "smallest": 0.004}
"""A detector for rendered pixels: the actors are far darker than anything behind them."""

Way = Sequence[tuple[float, float, float]]


def walker(*path: tuple[float, float, float], label: str = "person") -> Actor:
    """Someone who walks; waypoints are second, x and y of the centre."""
    size = (0.06, 0.24) if label == "person" else (0.2, 0.12)
    return Actor(label=label, size=size, path=path, colour=(30, 30, 160))


def film(path: Path, *actors: Actor, duration_s: float = 12.0, **weather: Any) -> Path:
    """Render actors as an IP camera's H.264 video."""
    scene = Scene(width=320, height=180, duration_s=duration_s, actors=actors, **weather)
    render_scene(scene, path, codec="libx264")
    return path


def camera(video: Path, **parts: Any) -> CameraSettings:
    """A camera that looks at a video ten times a second."""
    return CameraSettings.model_validate(
        {"id": "yard", "source": str(video), "detect": {"fps": 10}, **parts}
    )


def look(
    settings: CameraSettings, *, artifacts: Path | None = None, names: str | None = None
) -> Findings:
    """Run the real pipeline with the detector for rendered pixels."""
    return analyze(
        Analysis(camera=settings, detector=BLOB, artifacts=artifacts, names=names),
        SystemClock(),
        seen=lambda frames, in_all: None,
    )
