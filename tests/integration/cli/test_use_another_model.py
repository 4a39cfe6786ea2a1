"""`vedette models use`: another model takes over in a running product, and no camera stops."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.command import vedette
from tests.running import Running
from tests.scenes import film, walker
from tests.unit.models.tiny import tiny_spec


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Descriptions of tiny models, in a models folder of their own."""
    monkeypatch.setenv("VEDETTE_MODELS", str(tmp_path / "models"))
    described: dict[str, str] = {}
    for name, labels in (("one", "person,car"), ("two", "cat,person"), ("blind", "cat,dog")):
        more = [f"thing {number}" for number in range(12)]
        spec = tiny_spec(tmp_path / name, name=name, labels=",".join([labels, *more]))
        file = tmp_path / f"{name}.yaml"
        with file.open("w") as stream:
            YAML(typ="safe").dump({"models": [spec.model_dump(mode="json")]}, stream)
        described[name] = str(file)
    return described


def settings_of(folder: Path, video: Path, model: str, workers: int) -> Path:
    """A camera that looks all the time, with a model."""
    settings = {
        "cameras": [
            {
                "id": "yard",
                "source": {"type": "file", "path": str(video), "pace": "realtime", "loop": True},
                "detect": {"fps": 10, "labels": ["person"]},
                "gate": {"mode": "always"},
                "rules": [{"id": "seen", "type": "presence"}],
            }
        ],
        "detector": {"type": "onnx", "model": model, "engine": "cpu", "threads": 1},
        "workers": workers,
        "api": {"port": 0},
    }
    file = folder / "vedette.yaml"
    with file.open("w") as stream:
        YAML(typ="safe").dump(settings, stream)
    return file


@pytest.mark.parametrize("workers", [0, 1])
def test_a_model_is_exchanged_while_the_camera_goes_on(
    workers: int, models: dict[str, str], tmp_path: Path
) -> None:
    video = film(tmp_path / "scene.mp4", walker((0, 0.1, 0.5), (9, 0.9, 0.5)), duration_s=9)
    file, data = settings_of(tmp_path, video, models["one"], workers), tmp_path / "data"
    with Running("up", "--config", file, "--data", data) as product:

        def frames() -> Any:
            return product.http.get("/api/v1/status").json()["detectors"][0]["frames"]

        product.until(lambda: frames() > 3, "a look of the first model")
        done = vedette("models", "use", models["two"], "--data", data)
        assert done.code == 0, done.err
        assert "two on cpu; the gap was" in done.out
        assert int(done.out.partition("the gap was ")[2].split()[0]) < 1000
        before = frames()
        product.until(lambda: frames() > before + 3, "a look of the second model")

        without_people = product.http.post("/api/v1/detector", json={"model": "pedestrian-x"})
        assert without_people.status_code == 503
        assert "no model is called 'pedestrian-x'" in without_people.json()["detail"]
        foreign = product.http.post(  # what a page of another site could send
            "/api/v1/detector", content='{"model": "two"}', headers={"Content-Type": "text/plain"}
        )
        assert foreign.status_code == 422
        wrong = product.http.post("/api/v1/detector", json={"modle": "two"})
        assert wrong.status_code == 422
        nobody = vedette("models", "use", models["one"], "--detector", "none", "--data", data)
        assert nobody.code == 2
        assert "'none'" in nobody.err
        before = frames()
        product.until(lambda: frames() > before + 3, "a look after what was refused")
        stats = product.http.get("/api/v1/status").json()["cameras"][0]
        assert stats["reconnects"] == 0
        assert product.http.get("/health/ready").status_code == 200


@pytest.mark.parametrize("workers", [0, 2])
def test_a_detector_of_other_settings_takes_over_while_the_camera_goes_on(
    workers: int, models: dict[str, str], tmp_path: Path
) -> None:
    video = film(tmp_path / "scene.mp4", walker((0, 0.1, 0.5), (9, 0.9, 0.5)), duration_s=9)
    file, data = settings_of(tmp_path, video, models["one"], workers), tmp_path / "data"
    with Running("up", "--config", file, "--data", data) as product:

        def seen() -> Any:
            return product.http.get("/api/v1/status").json()["detectors"][0]

        product.until(lambda: seen()["frames"] > 3, "a look of the first model")
        done = vedette("config", "set", "detector.model", models["two"], "--data", data)
        assert done.code == 0, done.err
        assert "began anew: detector default" in done.out
        assert "next start" not in done.out
        before = seen()["frames"]
        product.until(lambda: seen()["frames"] > before + 3, "a look of the second model")
        assert seen()["exchanges"] == 1

        wish = {"changes": {"detector": {"model": models["blind"]}}}
        refused = product.http.patch("/api/v1/config", json=wish)
        assert refused.status_code == 422, refused.text
        assert "cameras follow person" in refused.text
        before = seen()["frames"]
        product.until(lambda: seen()["frames"] > before + 3, "a look after what was refused")
        shown = product.http.get("/api/v1/config").json()
        assert "two" in str(shown["settings"]["detector"]["model"])
        camera = product.http.get("/api/v1/status").json()["cameras"][0]
        assert camera["reconnects"] == 0
        assert product.stop() == 0
