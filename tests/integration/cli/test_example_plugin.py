"""The example of a third party's package: installed, tested, and used by a running product."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import EXAMPLES, vedette
from tests.running import Running
from tests.scenes import film
from vedette.sources.scene import Actor

PLUGIN = EXAMPLES / "plugin"
SETTINGS = """
detector: {{type: lamp, brighter: 60}}
workers: 1
cameras:
  - id: yard
    source: {{type: file, path: lane.mp4, pace: realtime, loop: true, start: now}}
    detect: {{fps: 5}}
    rules: [{{id: light, type: presence, labels: [lamp], for_s: 0.2}}]
notify: {{quiet_s: 0, channels: [{{type: diary, file: {diary}}}]}}
modules: [{{type: tally, id: counter, cameras: [yard]}}]
api: {{port: 0}}
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that pip installed the package into; nothing of ours is changed."""
    folder, source = tmp_path_factory.mktemp("installed"), tmp_path_factory.mktemp("source")
    shutil.copytree(PLUGIN, source / "plugin", ignore=shutil.ignore_patterns("__pycache__"))
    words = ["install", "--quiet", "--no-deps", "--no-build-isolation", "--target", str(folder)]
    done = subprocess.run(
        [sys.executable, "-m", "pip", *words, str(source / "plugin")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def env(installed: Path) -> dict[str, str]:
    return {"PYTHONPATH": os.pathsep.join([str(installed), os.environ.get("PYTHONPATH", "")])}


def test_its_own_tests_pass(installed: Path, tmp_path: Path) -> None:
    for name in ("tests", "pyproject.toml"):
        place = PLUGIN / name
        (shutil.copytree if place.is_dir() else shutil.copy)(place, tmp_path / name)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env={**os.environ, **env(installed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


def test_a_running_product_uses_them_all(installed: Path, tmp_path: Path) -> None:
    config, diary = tmp_path / "vedette.yaml", tmp_path / "diary.txt"
    lamp = Actor(
        label="lamp",
        size=(0.1, 0.2),
        colour=(255, 255, 250),
        path=((1.0, 0.2, 0.5), (5.0, 0.8, 0.5)),
    )
    film(tmp_path / "lane.mp4", lamp, duration_s=8.0)
    config.write_text(SETTINGS.format(diary=diary))
    schema = vedette("config", "schema", env=env(installed))
    assert "DiaryConfig" in schema.out
    assert "tally" in schema.out
    with Running("up", "-c", config, "-d", tmp_path / "data", env=env(installed)) as product:
        product.until(lambda: diary.exists() and diary.read_text("utf-8"), "a line in the diary")
        asked = vedette("modules", "ask", "counter", "count", "--data", tmp_path / "data")
        health = product.http.get("/health/modules/counter").json()
        assert product.stop() == 0

    assert json.loads(asked.out)["yard"] >= 1
    assert (health["criticality"], health["state"]) == ("low", "running")
    assert "lamp" in diary.read_text("utf-8").lower()
