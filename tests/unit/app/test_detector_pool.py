"""Detectors by name: loaded once, shared, several per camera, exchanged while cameras go on."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.unit.models.tiny import tiny_spec
from vedette.app.camera_settings import DetectSettings
from vedette.app.detectors import DetectorPool, build_detectors, threads_for
from vedette.contracts.errors import InvalidConfig, InvalidInput, ModelUnavailable
from vedette.contracts.model import ModelWish
from vedette.kit.clock import SystemClock
from vedette.models.fetch import silent
from vedette.testing.detector_contract import a_scene

LONG_S = 30.0
BLOB = {"type": "blob"}
CATS = {"type": "blob", "tall": "cat", "wide": "dog"}


@pytest.fixture
def pool() -> Iterator[DetectorPool]:
    named = {"default": BLOB, "same": dict(BLOB), "cats": CATS}
    with build_detectors(named, SystemClock(), silent) as made:
        yield made


def detect(*names: str, **more: Any) -> DetectSettings:
    return DetectSettings.model_validate({"detectors": names or ("default",), **more})


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The path of a description of a tiny network, in a models folder of its own."""
    monkeypatch.setenv("VEDETTE_MODELS", str(tmp_path / "models"))
    file = tmp_path / "tiny.yaml"
    with file.open("w") as stream:
        described = tiny_spec(tmp_path / "source", score=0.0).model_dump(mode="json")
        YAML(typ="safe").dump({"models": [described]}, stream)
    return str(file)


def test_a_detector_is_loaded_when_a_camera_first_needs_it(pool: DetectorPool) -> None:
    assert list(pool.models()) == ["default"]
    pool.for_camera(detect("cats"))
    assert pool.models() == {"default": "blob", "cats": "blob"}


def test_cameras_with_the_same_settings_share_a_server(pool: DetectorPool) -> None:
    assert pool.server("default") is pool.server("same")
    assert pool.server("default") is not pool.server("cats")
    one, two = pool.for_camera(detect()), pool.for_camera(detect("same"))
    assert one.servers == two.servers
    both = pool.for_camera(detect("default", "same", "cats"))
    assert len(both.servers) == 2
    assert both.labels == ("person", "car", "cat", "dog")


def test_an_unknown_name_lists_those_there_are(pool: DetectorPool) -> None:
    with pytest.raises(InvalidConfig, match="no detector is called 'none'; there are: default, s"):
        pool.for_camera(detect("none"))


def test_a_class_that_no_model_of_the_camera_knows_is_refused(pool: DetectorPool) -> None:
    with pytest.raises(InvalidConfig, match="does not know 'cat'; it knows: person, car"):
        pool.for_camera(detect(labels=("cat",)))
    pool.for_camera(detect("default", "cats", labels=("cat", "person")))


def test_figures_are_those_of_all_servers(pool: DetectorPool) -> None:
    camera = pool.for_camera(detect("default", "cats"))
    camera.submit(a_scene()).result(LONG_S)

    assert pool.counters().answered == 2
    assert pool.problem == ""
    assert pool.wait_s() < 1.0
    pool.server("cats").close()
    assert pool.problem == "cats: the detector is closed"


def test_settings_are_replaced_while_cameras_go_on(pool: DetectorPool) -> None:
    camera = pool.for_camera(detect())
    pool.load(["same"])
    stop, seen, failures = threading.Event(), [], []

    def watch() -> None:
        while not stop.is_set():
            try:
                seen.append(camera.submit(a_scene()).result(LONG_S).labels[-1])
            except ModelUnavailable as error:
                failures.append(error)

    thread = threading.Thread(target=watch)
    thread.start()
    while len(seen) < 5:
        stop.wait(0.001)
    done = pool.replace(CATS)
    after = len(seen)
    while len(seen) < after + 5:
        stop.wait(0.001)
    stop.set()
    thread.join(LONG_S)

    assert (seen[0], seen[-1]) == ("car", "dog")
    assert failures == []
    assert done.gap_s < 1.0
    assert (done.detector, done.model, done.lost) == ("default", "blob", ())
    assert pool.server("same") is pool.server("default")  # what shares it changes with it
    pool.replace(BLOB)
    assert pool.server("same").labels == ("person", "car")


def test_two_servers_may_come_to_the_same_model(pool: DetectorPool) -> None:
    """Each of them goes on, for its own cameras."""
    cats = pool.for_camera(detect("cats"))
    plain = pool.for_camera(detect())
    pool.replace(CATS)

    assert pool.server("cats") is not pool.server("default")
    assert pool.counters().exchanges == 1
    for camera in (cats, plain):
        assert camera.submit(a_scene()).result(LONG_S).labels[-1] == "dog"
    pool.replace(BLOB)
    assert pool.server("cats").labels == ("cat", "dog")


def test_an_exchange_that_would_blind_a_camera_is_refused_unless_wanted(
    pool: DetectorPool,
) -> None:
    camera = pool.for_camera(detect(labels=("person",)))
    with pytest.raises(InvalidInput, match="cameras follow person, which the new model does not"):
        pool.replace(CATS)
    assert pool.server("default").labels == ("person", "car")

    assert pool.replace(CATS, anyway=True).lost == ("person",)
    del camera


def test_a_camera_that_is_gone_has_no_say(pool: DetectorPool) -> None:
    pool.for_camera(detect(labels=("person",)))
    assert pool.replace(CATS).lost == ()


def test_another_model_of_the_same_kind_takes_over(pool: DetectorPool, tiny: str) -> None:
    pool.replace({"type": "onnx", "model": tiny, "engine": "cpu", "score": 0.3, "threads": 1})
    assert pool.models()["default"] == "tiny on cpu"

    done = pool.exchange(ModelWish(model=tiny))

    assert (done.model, done.engine) == ("tiny", "cpu")  # the engine stays, the score does not
    camera = pool.for_camera(detect())
    assert len(camera.submit(a_scene()).result(LONG_S)) > 0


def test_a_model_that_cannot_be_loaded_leaves_the_old_one_at_work(
    pool: DetectorPool, tiny: str
) -> None:
    pool.replace({"type": "onnx", "model": tiny, "engine": "cpu"})
    camera = pool.for_camera(detect())

    with pytest.raises(ModelUnavailable, match="no model is called 'nanodett'; there are: "):
        pool.exchange(ModelWish(model="nanodett"))
    with pytest.raises(ModelUnavailable, match="the engine 'cuda' is not installed"):
        pool.replace({"type": "onnx", "model": tiny, "engine": "cuda"})

    assert pool.models()["default"] == "tiny on cpu"
    assert len(camera.submit(a_scene()).result(LONG_S)) > 0


def test_what_has_no_model_cannot_be_given_another(pool: DetectorPool) -> None:
    with pytest.raises(InvalidInput, match="'default' is not one with a model to exchange"):
        pool.exchange(ModelWish(model="nanodet"))
    with pytest.raises(InvalidInput, match="no detector 'cats' is in use; in use are: default"):
        pool.exchange(ModelWish(model="nanodet", detector="cats"))


def test_other_settings_are_taken_while_cameras_go_on(pool: DetectorPool) -> None:
    camera = pool.for_camera(detect())
    pool.load(["same"])

    assert pool.take({"default": CATS, "same": CATS, "new": BLOB}) == ["default"]

    assert camera.submit(a_scene()).result(LONG_S).labels[-1] == "dog"
    assert pool.server("same") is pool.server("default"), "what shares it changes with it"
    assert pool.server("new").labels == ("person", "car")
    with pytest.raises(InvalidConfig, match="no detector is called 'cats'"):
        pool.server("cats")
    assert pool.take({"default": CATS, "same": CATS, "new": BLOB}) == [], "the same again"


def test_names_that_share_a_model_change_alike_or_not_at_all(pool: DetectorPool) -> None:
    pool.load(["default", "same"])

    with pytest.raises(InvalidInput, match="default and same are one and the same at present"):
        pool.take({"default": CATS, "same": BLOB})

    assert pool.server("default").labels == ("person", "car")


def test_settings_that_would_blind_a_camera_are_not_taken(pool: DetectorPool) -> None:
    camera = pool.for_camera(detect(labels=("person",)))

    with pytest.raises(InvalidInput, match="cameras follow person"):
        pool.take({"default": CATS})

    assert camera.submit(a_scene()).result(LONG_S).labels[-1] == "car"
    assert pool.take({"default": BLOB}) == []


def test_cores_are_shared_among_processes() -> None:
    table = [(1, 1, 1), (2, 1, 2), (2, 2, 1), (8, 1, 4), (8, 3, 2), (4, 8, 1), (16, 0, 4)]
    assert [threads_for(cores, workers) for cores, workers, _ in table] == [n for *_, n in table]
