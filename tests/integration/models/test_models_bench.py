"""`vedette models bench`: real processes, tiny models, and one whose process crashes."""

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from ruamel.yaml import YAML

from tests.command import vedette
from tests.unit.models.tiny import tiny_spec
from vedette.app.model_bench import Candidate, compare, recommended, sample
from vedette.contracts.errors import SourceRefused
from vedette.kit.clock import SystemClock
from vedette.models.catalogue import Catalogue
from vedette.models.store import ModelStore

CLIP = Path(__file__).parents[3] / "examples" / "pedestrians.mp4"


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("VEDETTE_MODELS", str(tmp_path / "models"))
    spec = tiny_spec(tmp_path / "source", score=0.0)
    ModelStore().pull(spec)
    file = tmp_path / "tiny.yaml"
    with file.open("w") as stream:
        YAML(typ="safe").dump({"models": [spec.model_dump(mode="json")]}, stream)
    return str(file)


def test_candidates_are_measured_apart_and_agree_with_themselves(tiny: str) -> None:
    told: list[str] = []
    chosen = [Candidate(model=tiny, engine=engine, threads=1) for engine in ("cpu", "openvino")]
    lacking = Candidate(model=tiny, engine="cuda", threads=1)

    rows = compare(
        [*chosen, lacking], CLIP, SystemClock(), lambda d, n, what: told.append(what), frames=3
    )

    assert len(told) == 4
    good, wrong = rows[:2], rows[2]
    assert {row.engine.split()[0] for row in good} == {"cpu", "openvino"}
    assert all(row.median_ms > 0 and row.memory_mb >= 0 and row.boxes > 0 for row in good)
    assert sum(row.best for row in good) == 1
    assert good[0].median_ms <= good[1].median_ms
    assert "the engine 'cuda' is not installed" in wrong.problem
    taken = recommended(rows)
    assert taken is not None
    assert taken.agrees.f1 >= 0.9
    assert recommended([wrong]) is None


def test_a_process_that_crashes_is_a_line_in_the_table(
    tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vedette.app.model_bench.measure", crash)

    (row,) = compare(
        [Candidate(model=tiny, engine="cpu", threads=1)],
        CLIP,
        SystemClock(),
        lambda *told: None,
        frames=1,
    )

    assert row.problem == "its process crashed"


def crash(*_: object) -> None:
    os._exit(139)


def test_frames_are_spread_over_the_video_and_a_picture_is_one_frame(tmp_path: Path) -> None:
    frames = sample(CLIP, 5, SystemClock())
    assert [frame.number for frame in frames] == [1, 91, 181, 271, 361]

    picture = tmp_path / "picture.png"
    cv2.imwrite(str(picture), np.full((121, 161, 3), 80, dtype=np.uint8))
    (frame,) = sample(picture, 5, SystemClock())
    assert (frame.width, frame.height) == (160, 120)

    for wrong in (tmp_path / "none.png", tmp_path / "none.mp4", Path(__file__)):
        with pytest.raises(SourceRefused):
            sample(wrong, 5, SystemClock())


def test_the_command_prints_a_table_and_json(tmp_path: Path) -> None:
    """With the smallest model of the catalogue, really installed."""
    ModelStore().pull(Catalogue.load().get("pedestrian-ssdlite"))
    wrong = vedette("models", "bench", "--model", "nothing")
    assert wrong.code == 2
    assert "the model 'nothing' is not installed; installed are: " in wrong.err

    chosen = ("models", "bench", "--model", "pedestrian-ssdlite", "--frames", "2")
    shown = vedette(*chosen)
    assert shown.code == 0, shown.err
    assert "Models on this machine" in shown.out
    assert "█" in shown.out
    assert "Take pedestrian-ssdlite on " in shown.out

    answer = json.loads(vedette(*chosen, "--engine", "cpu", "--json").out)
    assert answer["recommended"] == {"model": "pedestrian-ssdlite", "engine": "cpu"}
    assert answer["rows"][0]["recall"] == 1.0

    empty = vedette("models", "bench", env={"VEDETTE_MODELS": str(tmp_path)})
    assert empty.code == 6
    assert "no model is installed; run: vedette models pull" in empty.err
