"""Kill -9 and loss of power at every write, rename, fsync, unlink and commit: nothing is lost.

For two events with their media, for a camera that is recorded, and for settings that are changed.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
VIDEO = ROOT / "examples" / "pedestrians.mp4"


@pytest.fixture
def memory_folder() -> Iterator[Path]:
    """A folder in memory where there is one: an fsync of some hundred runs costs minutes."""
    memory = Path("/dev/shm")  # noqa: S108  a new folder with a random name below it
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield Path(folder).resolve()


EVENT_STEPS = {
    *("mkdir", "write", "sendfile", "fsync", "rename", "unlink", "rmdir", "commit", "mux"),
}
RECORDING_STEPS = EVENT_STEPS - {"sendfile"}


@pytest.mark.parametrize("kind", ["kill", "power"])
@pytest.mark.parametrize(
    ("scenario", "steps"), [("scenario", EVENT_STEPS), ("recording_scenario", RECORDING_STEPS)]
)
def test_whatever_was_acknowledged_survives_a_crash_at_every_point(
    scenario: str, steps: set[str], kind: str, memory_folder: Path
) -> None:
    found = driven(scenario, kind, memory_folder)

    assert found["findings"] == [], found["said"]
    # The scenario really was killed everywhere, also while it was being repaired.
    assert set(found["killed_at"]) == steps
    assert len(found["killed_at"]) > 60
    assert found["repairs_killed"] > 20


def test_settings_are_the_old_ones_or_the_new_ones_after_a_crash_at_every_point(
    memory_folder: Path,
) -> None:
    found = driven("settings_scenario", "kill", memory_folder)

    assert found["findings"] == [], found["said"]
    assert set(found["killed_at"]) == {"mkdir", "commit", "write", "fsync", "rename"}
    assert len(found["killed_at"]) > 6


def driven(scenario: str, kind: str, folder: Path) -> dict[str, Any]:
    """What the driver found."""
    driver = "tests.integration.crash.crash_driver"
    done = subprocess.run(
        [sys.executable, "-m", driver, str(folder), str(VIDEO), kind, scenario],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads((folder / "found.json").read_text())
    found["said"] = done.stderr
    return found
