"""The folder of installed models: pull once, use offline, notice damage, share among processes."""

import json
import multiprocessing
import threading
from pathlib import Path

import pytest

from tests.unit.models.tiny import tiny_spec
from vedette.contracts.errors import ModelUnavailable, StorageFailed
from vedette.contracts.model import ModelSpec
from vedette.models.store import ModelStore, models_folder


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models")


@pytest.fixture
def spec(tmp_path: Path) -> ModelSpec:
    return tiny_spec(tmp_path / "source")


def visible(store: ModelStore) -> list[str]:
    return sorted(file.name for file in store.folder.iterdir() if not file.name.endswith(".lock"))


def test_a_pulled_model_is_there(store: ModelStore, spec: ModelSpec) -> None:
    told: list[str] = []

    path = store.pull(spec, lambda done_bytes, total_bytes, what: told.append(what))

    assert store.path(spec) == path
    assert visible(store) == ["tiny.json", "tiny.onnx"]
    assert [note.graph for note in store.installed()] == ["tiny"]
    assert told == ["fetching model.json", "converting tiny", "installed tiny"]


def test_a_second_pull_needs_no_source(store: ModelStore, spec: ModelSpec) -> None:
    first = store.pull(spec)
    before = first.stat()
    Path(spec.source.removeprefix("file:")).unlink()

    assert store.pull(spec) == first
    assert first.stat().st_mtime_ns == before.st_mtime_ns


def test_two_pulls_give_the_same_bytes(tmp_path: Path, spec: ModelSpec) -> None:
    first, second = (ModelStore(tmp_path / name).pull(spec) for name in "ab")

    assert first.read_bytes() == second.read_bytes()


def test_entries_with_the_same_graph_are_installed_together(
    store: ModelStore, spec: ModelSpec
) -> None:
    store.pull(spec)
    large = spec.model_copy(update={"name": "tiny-large", "graph": "tiny"})

    assert store.path(large) == store.path(spec)


def test_what_is_not_installed_says_how_to_get_it(store: ModelStore, spec: ModelSpec) -> None:
    with pytest.raises(ModelUnavailable, match="not installed; run: vedette models pull tiny"):
        store.path(spec)


@pytest.mark.parametrize("damage", [b"", b"garbage", "flip", "cut"])
def test_a_damaged_file_is_noticed_and_mended(
    store: ModelStore, spec: ModelSpec, damage: bytes | str
) -> None:
    path = store.pull(spec)
    good = path.read_bytes()
    flipped = bytes([*good[:500], good[500] ^ 1, *good[501:]])
    path.write_bytes(
        damage if isinstance(damage, bytes) else {"flip": flipped}.get(damage, good[:-1])
    )

    with pytest.raises(ModelUnavailable, match="damaged; run: vedette models pull tiny --force"):
        store.path(spec)
    assert "damaged" in str(store.info(spec).problem)

    assert store.pull(spec, force=True).read_bytes() == good
    assert store.info(spec).problem is None


@pytest.mark.parametrize("note", ["", "{", "[]", '{"graph": "tiny"}'])
def test_a_broken_note_is_as_good_as_none(store: ModelStore, spec: ModelSpec, note: str) -> None:
    store.pull(spec)
    (store.folder / "tiny.json").write_text(note)

    with pytest.raises(ModelUnavailable, match="not installed"):
        store.path(spec)
    assert store.installed() == []
    assert store.pull(spec) == store.path(spec)


def test_a_newer_catalogue_asks_for_its_own_graph(store: ModelStore, spec: ModelSpec) -> None:
    store.pull(spec)
    newer = spec.model_copy(update={"sha256": "0" * 64})

    with pytest.raises(ModelUnavailable, match="not the one of this catalogue"):
        store.path(newer)


def test_a_graph_with_another_hash_is_not_installed(store: ModelStore, spec: ModelSpec) -> None:
    with pytest.raises(ModelUnavailable, match="the catalogue says 0000"):
        store.pull(spec.model_copy(update={"sha256": "0" * 64}))
    assert visible(store) == []


def test_the_right_hash_is_accepted(store: ModelStore, spec: ModelSpec, tmp_path: Path) -> None:
    ModelStore(tmp_path / "other").pull(spec)
    note = json.loads((tmp_path / "other" / "tiny.json").read_text())
    pinned = spec.model_copy(update={"sha256": note["digest"]})

    assert store.pull(pinned) == store.path(pinned)


def test_a_source_file_with_another_hash_is_not_converted(
    store: ModelStore, spec: ModelSpec
) -> None:
    weights = Path(spec.source.removeprefix("file:")).with_name("model.bin")
    weights.write_bytes(weights.read_bytes()[:-4] + bytes(4))

    with pytest.raises(ModelUnavailable, match=r"'model\.bin' of tiny has the sha256"):
        store.pull(spec)
    assert visible(store) == []


def test_a_failed_pull_leaves_the_old_model(store: ModelStore, spec: ModelSpec) -> None:
    path = store.pull(spec)
    Path(spec.source.removeprefix("file:")).write_text("{}")

    with pytest.raises(ModelUnavailable):
        store.pull(spec, force=True)
    assert store.path(spec) == path


def test_a_full_disk_leaves_nothing_half_done(
    store: ModelStore, spec: ModelSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)

    with pytest.raises(StorageFailed, match="No space left"):
        store.pull(spec)
    assert visible(store) == []


def test_what_a_killed_pull_left_behind_is_removed(store: ModelStore, spec: ModelSpec) -> None:
    store.folder.mkdir()
    for name in (".tiny.onnx.k1lled", ".tiny.json.k1lled"):
        (store.folder / name).write_bytes(b"half")
    (store.folder / "tiny.onnx").write_bytes(b"whole, but killed before its note was written")

    store.pull(spec)

    assert visible(store) == ["tiny.json", "tiny.onnx"]
    assert store.info(spec).problem is None


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path, spec: ModelSpec) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StorageFailed, match="cannot be written"):
        ModelStore(tmp_path / "file" / "models").pull(spec)


def test_threads_that_pull_together_fetch_once(store: ModelStore, spec: ModelSpec) -> None:
    told: list[str] = []

    def pull() -> None:
        store.pull(spec, lambda done_bytes, total_bytes, what: told.append(what))

    threads = [threading.Thread(target=pull) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert told.count("fetching model.json") == 1
    assert store.info(spec).problem is None


def test_processes_that_pull_together_all_succeed(store: ModelStore, spec: ModelSpec) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=store.pull, args=(spec,)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)

    assert [worker.exitcode for worker in workers] == [0, 0]
    assert store.info(spec).problem is None


def test_a_users_own_onnx_is_used_where_it_lies(tmp_path: Path, spec: ModelSpec) -> None:
    made = ModelStore(tmp_path / "elsewhere").pull(spec)
    own = spec.model_copy(update={"name": "own", "source": f"file:{made}", "converter": None})
    store = ModelStore(tmp_path / "models")

    assert store.path(own) == made
    assert store.pull(own) == made
    made.unlink()
    with pytest.raises(ModelUnavailable, match="no such file"):
        store.path(own)


def test_a_users_own_onnx_may_be_pinned(tmp_path: Path, spec: ModelSpec) -> None:
    own = spec.model_copy(update={"converter": None, "sha256": "0" * 64})

    with pytest.raises(ModelUnavailable, match="is not the file"):
        ModelStore(tmp_path).path(own)


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"VEDETTE_MODELS": "/m", "XDG_CACHE_HOME": "/c"}, "/m"),
        ({"XDG_CACHE_HOME": "/c"}, "/c/vedette/models"),
        ({}, str(Path.home() / ".cache/vedette/models")),
    ],
)
def test_where_models_are_kept(environment: dict[str, str], folder: str) -> None:
    assert models_folder(environment) == Path(folder)
