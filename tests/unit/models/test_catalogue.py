"""The catalogue: every entry complete, and a user's own model from a small YAML."""

from pathlib import Path

import pytest

from vedette.contracts.errors import ModelUnavailable
from vedette.detect.heads import HEADS
from vedette.models.catalogue import DEFAULT_MODEL, Catalogue
from vedette.models.convert.table import CONVERTERS
from vedette.models.labels import COCO80, COCO90, label_set
from vedette.models.source import FileSource, NpmSource, PypiSource, parse_source
from vedette.models.store import ModelStore

OWN = """
models:
  - name: mine
    summary: My own.
    head: yolo11
    source: file:mine.onnx
    licence: mine
    origin: me
    input: {width: 640, height: 640, layout: nchw, channels: rgb, fit: letterbox}
    labels: helmet,vest
"""


def test_every_entry_is_pinned_and_can_be_handled() -> None:
    for spec in Catalogue.load():
        source = parse_source(spec.source)
        assert isinstance(source, NpmSource | PypiSource)
        assert source.path in spec.source_sha256
        assert spec.archive_sha256
        assert spec.sha256
        assert spec.converter in CONVERTERS
        assert spec.head in HEADS
        assert len(label_set(spec.labels)) in {1, 80, 90}
        assert spec.summary.endswith(".")


def test_entries_that_share_a_graph_agree_on_it() -> None:
    graphs: dict[str, set[str | None]] = {}
    for spec in Catalogue.load():
        graphs.setdefault(spec.graph or spec.name, set()).add(f"{spec.source} {spec.sha256}")

    assert {name: len(described) for name, described in graphs.items()} == dict.fromkeys(graphs, 1)


def test_the_default_model_is_in_the_catalogue() -> None:
    assert Catalogue.load().get().name == DEFAULT_MODEL
    assert Catalogue.load().get(DEFAULT_MODEL).verified


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ModelUnavailable, match=r"'yolo99'; there are: centernet.*nanodet"):
        Catalogue.load().get("yolo99")


@pytest.mark.parametrize("family", ["yolov8", "yolo11"])
@pytest.mark.parametrize("size", ["n", "s", "m", "l", "x"])
def test_models_whose_weights_the_user_brings_are_known_by_name(
    family: str, size: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VEDETTE_MODELS", str(tmp_path))
    name = f"{family}{size}"
    spec = Catalogue.load().get(name)

    assert (spec.name, spec.head, len(label_set(spec.labels))) == (name, family, 80)
    assert spec.head in HEADS
    sentence = f"should be at {tmp_path}/{name}.onnx: no such file; its weights are AGPL-3.0 and no"
    with pytest.raises(ModelUnavailable, match=sentence):
        ModelStore().pull(spec)

    (tmp_path / f"{name}.onnx").write_bytes(b"weights of one's own")
    assert ModelStore().pull(spec) == tmp_path / f"{name}.onnx"


@pytest.mark.parametrize("name", ["yolo11q", "yolov8", "yolo11", "yolov9n", "YOLO11n"])
def test_other_names_are_refused_with_those_that_are_known(name: str) -> None:
    with pytest.raises(ModelUnavailable, match=r"weights of your own: yolov8n, .*, yolo11x"):
        Catalogue.load().get(name)


def test_a_users_own_file_is_found_beside_its_description(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(OWN)

    added, alone = Catalogue.load(file).get("mine"), Catalogue.load().get(str(file))

    assert added == alone
    assert parse_source(alone.source) == FileSource(file=tmp_path / "mine.onnx")


def test_a_description_is_found_from_another_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "mine.yaml").write_text(OWN)
    monkeypatch.chdir(tmp_path)

    spec = Catalogue.load().get("sub/mine.yaml")
    monkeypatch.chdir("/")

    assert parse_source(spec.source) == FileSource(file=tmp_path / "sub" / "mine.onnx")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("models: [", "is not YAML"),
        ("[]", "a list `models:` was expected"),
        ("models: []", "a list `models:` was expected"),
        ("models: [7]", "model 1"),
        (OWN.replace("head: yolo11", "haed: yolo11"), "model 1: head: Field required"),
        (OWN.replace("width: 640", "width: 0"), r"model 1: input\.width"),
        (OWN.replace("name: mine", "name: ../mine"), r"model 1: '\.\./mine' may only have"),
        (OWN.replace("name: mine", "name: nanodet"), "'nanodet' is already taken"),
    ],
)
def test_a_wrong_description_says_where(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text)

    with pytest.raises(ModelUnavailable, match=sentence):
        Catalogue.load(file)


def test_a_missing_description_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        Catalogue.load().get(str(tmp_path / "none.yaml"))


def test_two_models_in_one_file_cannot_be_one_model(tmp_path: Path) -> None:
    file = tmp_path / "two.yaml"
    file.write_text(OWN + OWN.replace("models:\n", "").replace("mine", "yours"))

    with pytest.raises(ModelUnavailable, match="one model was expected, it has 2"):
        Catalogue.load().get(str(file))


def test_label_sets_have_the_published_numbers() -> None:
    assert (len(COCO80), COCO80[0], COCO80[2], COCO80[79]) == (80, "person", "car", "toothbrush")
    assert (len(COCO90), COCO90[0], COCO90[2], COCO90[89]) == (90, "person", "car", "toothbrush")
    assert COCO90[12] == "stop sign"  # id 13
    assert len(set(COCO90)) == 90
    assert label_set("helmet, vest,") == ("helmet", "vest")
