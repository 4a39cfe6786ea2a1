"""Artifact files in a folder: written whole or not at all, and never outside."""

import errno
import hashlib
import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vedette.blobs.local import PIECE, TEMPORARY, LocalBlobs
from vedette.contracts.errors import InvalidInput, NotFound, StorageFailed

PATH = "home/yard/2026-03-14/event/clip-1.mp4"
DATA = bytes(range(256)) * 20


@pytest.fixture
def blobs(tmp_path: Path) -> LocalBlobs:
    return LocalBlobs(tmp_path / "artifacts")


def everything(blobs: LocalBlobs) -> list[str]:
    return sorted(str(p.relative_to(blobs.root)) for p in blobs.root.rglob("*") if p.is_file())


def test_a_file_comes_back_with_its_size_and_hash(blobs: LocalBlobs) -> None:
    stored = blobs.put(PATH, DATA)
    assert (stored.path, stored.size_bytes) == (PATH, len(DATA))
    assert stored.sha256 == hashlib.sha256(DATA).hexdigest() == blobs.digest(PATH)
    with blobs.open(PATH) as file:
        assert file.read() == DATA
    assert blobs.size(PATH) == len(DATA)
    assert list(blobs.files()) == [(PATH, len(DATA))]
    assert blobs.total_bytes() == len(DATA)


def test_an_empty_file_and_one_of_several_pieces_are_whole(blobs: LocalBlobs) -> None:
    big = os.urandom(2 * PIECE + 17)
    assert blobs.put("a/empty", b"").size_bytes == 0
    assert blobs.put("a/big", big).sha256 == hashlib.sha256(big).hexdigest()
    assert b"".join(blobs.chunks("a/big", 0, len(big))) == big


@pytest.mark.parametrize(
    ("start", "stop"), [(0, 0), (0, 1), (10, 20), (5110, 5120), (5000, 9999), (9000, 9999)]
)
def test_a_range_is_what_a_slice_is(blobs: LocalBlobs, start: int, stop: int) -> None:
    blobs.put(PATH, DATA)
    assert b"".join(blobs.chunks(PATH, start, stop)) == DATA[start:stop]


def test_a_finished_file_is_moved_in(blobs: LocalBlobs, tmp_path: Path) -> None:
    source = tmp_path / "clip.mp4"
    source.write_bytes(DATA)
    inode = source.stat().st_ino
    stored = blobs.take(PATH, source)
    assert stored.sha256 == hashlib.sha256(DATA).hexdigest()
    assert not source.exists()
    assert blobs.local_path(PATH).stat().st_ino == inode  # renamed, not copied


def test_a_file_of_another_file_system_is_copied_in(
    blobs: LocalBlobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "clip.mp4"
    source.write_bytes(DATA)
    real = os.replace

    def across(old: Any, new: Any) -> None:
        if Path(old) == source:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        real(old, new)

    monkeypatch.setattr(os, "replace", across)
    assert blobs.take(PATH, source).size_bytes == len(DATA)
    assert not source.exists()
    assert everything(blobs) == [PATH]


def test_a_link_is_not_moved_in(blobs: LocalBlobs, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(InvalidInput, match="not a plain file"):
        blobs.take(PATH, tmp_path / "link")


def test_the_same_path_is_replaced_at_one_moment(blobs: LocalBlobs) -> None:
    blobs.put(PATH, b"old")
    with blobs.open(PATH) as reader:
        blobs.put(PATH, b"new")
        assert reader.read() == b"old"
    assert blobs.size(PATH) == 3
    assert everything(blobs) == [PATH]


def test_deleting_removes_the_folders_that_it_empties_and_no_others(blobs: LocalBlobs) -> None:
    other = "home/yard/2026-03-15/event/clip-1.mp4"
    blobs.put(PATH, DATA)
    blobs.put(other, DATA)
    assert blobs.delete(PATH)
    assert not (blobs.root / "home/yard/2026-03-14").exists()
    assert everything(blobs) == [other]
    assert not blobs.delete(PATH)
    assert not blobs.delete("home/yard")
    assert blobs.delete(other)
    assert [p.name for p in blobs.root.iterdir()] == [TEMPORARY]


def test_what_is_not_there_is_not_found(blobs: LocalBlobs) -> None:
    calls: list[Callable[[], object]] = [
        lambda: blobs.open(PATH),
        lambda: blobs.digest(PATH),
        lambda: list(blobs.chunks(PATH, 0, 1)),
    ]
    for call in calls:
        with pytest.raises(NotFound, match=r"clip-1\.mp4"):
            call()
    assert blobs.size(PATH) is None


@pytest.mark.parametrize("path", ["../outside", "/etc/passwd", "a/../../x", ".tmp/x", ""])
def test_no_call_leaves_the_store(blobs: LocalBlobs, tmp_path: Path, path: str) -> None:
    (tmp_path / "file").write_bytes(b"x")
    calls: list[Callable[[], object]] = [
        lambda: blobs.put(path, b"x"),
        lambda: blobs.take(path, tmp_path / "file"),
        lambda: blobs.open(path),
        lambda: blobs.delete(path),
        lambda: blobs.size(path),
        lambda: list(blobs.chunks(path, 0, 1)),
    ]
    for call in calls:
        with pytest.raises(InvalidInput):
            call()
    assert (tmp_path / "file").exists()


@pytest.mark.parametrize("where", ["home", "home/yard", "home/yard/2026-03-14/event/clip-1.mp4"])
def test_a_link_in_the_way_is_refused(blobs: LocalBlobs, tmp_path: Path, where: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "clip-1.mp4").write_bytes(b"not yours")
    link = blobs.root / where
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(outside if link.suffix == "" else outside / "clip-1.mp4")
    calls: list[Callable[[], object]] = [
        lambda: blobs.put(PATH, b"x"),
        lambda: blobs.open(PATH),
        lambda: blobs.delete(PATH),
    ]
    for call in calls:
        with pytest.raises(InvalidInput, match="link"):
            call()
    assert [p.name for p in outside.iterdir()] == ["clip-1.mp4"]
    assert (outside / "clip-1.mp4").read_bytes() == b"not yours"
    assert list(blobs.files()) == []


def test_the_store_itself_may_lie_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "data").symlink_to(tmp_path / "disk")
    blobs = LocalBlobs(tmp_path / "data" / "artifacts")
    blobs.put(PATH, DATA)
    assert (tmp_path / "disk" / "artifacts" / PATH).read_bytes() == DATA


def test_a_full_disk_is_a_sentence_and_leaves_nothing_behind(
    blobs: LocalBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = os.write, 0

    def fill_up(handle: int, data: Any) -> int:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(handle, bytes(data)[:100])

    monkeypatch.setattr(os, "write", fill_up)
    with pytest.raises(StorageFailed, match="the disk is full; free some space"):
        blobs.put(PATH, DATA)
    monkeypatch.undo()
    assert everything(blobs) == []
    assert blobs.put(PATH, DATA).size_bytes == len(DATA)


def test_a_write_that_the_kernel_really_refuses_leaves_nothing_behind(blobs: LocalBlobs) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(StorageFailed, match="the disk is full"):
            blobs.put(PATH, DATA)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert everything(blobs) == []


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageFailed, match="could not be made"):
        LocalBlobs(tmp_path / "file" / "artifacts")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux")
def test_a_file_system_that_takes_no_files_is_a_sentence() -> None:
    with pytest.raises(StorageFailed, match="could not be made"):
        LocalBlobs(Path("/proc/artifacts"))


def test_a_store_whose_disk_went_away_is_a_sentence(blobs: LocalBlobs) -> None:
    blobs.put(PATH, DATA)
    blobs.root.rename(blobs.root.with_name("unplugged"))
    with pytest.raises(StorageFailed, match="could not be written"):
        blobs.put(PATH.replace("-1", "-2"), DATA)
    assert not blobs.root.exists()


def test_what_a_crash_left_half_written_is_cleared(blobs: LocalBlobs) -> None:
    blobs.put(PATH, DATA)
    (blobs.root / TEMPORARY / "deadbeef").write_bytes(b"half")
    assert list(blobs.files()) == [(PATH, len(DATA))]
    assert blobs.clear_temporary() == 1
    assert everything(blobs) == [PATH]
    assert blobs.clear_temporary() == 0


def test_every_step_is_on_the_disk_before_the_next(
    blobs: LocalBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    for name in ("mkdir", "write", "fsync", "replace"):
        real = getattr(os, name)

        def note(*args: Any, _name: str = name, _real: Any = real, **rest: Any) -> Any:
            steps.append(_name)
            return _real(*args, **rest)

        monkeypatch.setattr(os, name, note)
    blobs.put("home/yard/x", DATA)
    assert steps == ["write", "fsync", "mkdir", "fsync", "mkdir", "fsync", "replace", "fsync"]
    steps.clear()
    blobs.put("home/yard/y", DATA)
    assert steps == ["write", "fsync", "replace", "fsync"]
