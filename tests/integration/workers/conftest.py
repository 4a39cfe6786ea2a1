"""A product with workers, small and quick: rendered people, and a detector that needs no model."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.scenes import film, walker

SETTINGS = """
detector: {{type: blob, contrast: 60, smallest: 0.004}}
cameras:
{cameras}
workers: {workers}
api: {{port: 0}}
"""
CAMERA = """
  - id: {name}
    source: {{type: file, path: {video}, pace: realtime, loop: true, start: now}}
    detect: {{fps: 10}}
    rules: [{{id: visitor, type: presence, labels: [person], for_s: 0.2}}]
    events: {{pre_roll_s: 0.5, post_roll_s: 0.5, max_clip_s: 10}}
"""

Configure = Callable[..., Path]


@pytest.fixture(scope="session")
def street(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds of somebody who walks by."""
    return film(
        tmp_path_factory.mktemp("street") / "street.mp4",
        walker((0.2, -0.1, 0.5), (3.2, 1.1, 0.5)),
        duration_s=4.0,
    )


@pytest.fixture
def configure(tmp_path: Path, street: Path) -> Configure:
    """Writes a settings file with so many cameras and workers."""

    def write(*cameras: str, workers: int | str = 2, more: str = "") -> Path:
        file = tmp_path / "vedette.yaml"
        each = "".join(CAMERA.format(name=name, video=street) for name in cameras) + more
        file.write_text(SETTINGS.format(cameras=each, workers=workers))
        return file

    return write
