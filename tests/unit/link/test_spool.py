"""The spool: what was said is there until it is acknowledged, also after a crash; and no longer."""

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vedette.contracts.errors import StorageFailed
from vedette.link.spool import LOG, TIDY_BYTES, Spool, left_in


def text(word: str) -> Callable[[int], bytes]:
    return lambda seq: f"{seq} {word}".encode()


def fill(spool: Spool, count: int, word: str = "x") -> None:
    for _ in range(count):
        spool.append(text(word))


def numbers(spool: Spool, sent: int = 0) -> list[int]:
    return [seq for seq, _ in spool.after(sent, window=10_000)]


def test_what_is_not_acknowledged_is_there_in_order_after_a_crash(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    fill(spool, 5)
    spool.ack(2)

    again = Spool(tmp_path)  # nothing was closed, nothing synced: as after kill -9
    assert again.after(0, window=10) == [(3, b"3 x"), (4, b"4 x"), (5, b"5 x")]
    assert again.append(text("y")) == 6
    assert list(left_in(tmp_path)) == [b"3 x", b"4 x", b"5 x", b"6 y"]


@settings(max_examples=40, deadline=None)
@given(cut=st.integers(1, 60), rot=st.booleans())
def test_a_torn_tail_is_cut_off_and_the_rest_is_whole(
    tmp_path_factory: pytest.TempPathFactory, cut: int, rot: bool
) -> None:
    folder = tmp_path_factory.mktemp("spool")
    fill(Spool(folder), 4, "words that matter")
    file = folder / LOG
    raw = file.read_bytes()
    torn = raw[:-cut] + (bytes(cut) if rot else b"")
    file.write_bytes(torn)

    left = list(left_in(folder))
    whole = [f"{n} words that matter".encode() for n in range(1, 5)]
    assert left == whole[: len(left)]
    assert len(left) >= 4 - 1 - cut // 34

    again = Spool(folder)
    assert [body for _, body in again.after(0, window=10)] == left
    again.append(text("new"))
    assert list(left_in(folder)) == [*left, f"{len(left) + 1} new".encode()]


def test_the_window_bounds_what_is_under_way(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    fill(spool, 10)

    assert [seq for seq, _ in spool.after(0, window=4)] == [1, 2, 3, 4]
    assert spool.after(4, window=4) == []
    spool.ack(1)
    assert [seq for seq, _ in spool.after(4, window=4)] == [5]
    spool.ack(10)
    assert spool.after(10, window=4) == []


def test_a_full_spool_lets_the_speaker_wait_until_there_is_room(tmp_path: Path) -> None:
    spool = Spool(tmp_path, most_waiting=3)
    fill(spool, 3)
    spoken = threading.Event()

    def speak() -> None:
        spool.append(text("late"))
        spoken.set()

    thread = threading.Thread(target=speak)
    thread.start()
    assert spool.full
    assert not spoken.wait(0.05)
    spool.ack(1)
    assert spoken.wait(5)
    thread.join()
    assert numbers(spool) == [2, 3, 4]


def test_a_closed_spool_frees_who_waits_and_keeps_what_it_has(tmp_path: Path) -> None:
    spool = Spool(tmp_path, most_waiting=1)
    fill(spool, 1)
    errors: list[str] = []

    def speak() -> None:
        try:
            spool.append(text("never"))
        except StorageFailed as error:
            errors.append(str(error))

    thread = threading.Thread(target=speak)
    thread.start()
    spool.close()
    thread.join(5)

    assert errors == ["the worker is stopping and takes no more events"]
    assert list(left_in(tmp_path)) == [b"1 x"]


def test_the_log_does_not_grow_when_everything_is_acknowledged(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    for _ in range(20):
        spool.append(lambda seq: bytes(TIDY_BYTES // 8))
        spool.ack(spool.append(text("x")))
    fill(spool, 1)

    assert (tmp_path / LOG).stat().st_size <= TIDY_BYTES * 1.3
    assert numbers(spool) == [41]


def test_a_full_disk_keeps_messages_in_memory_and_bounds_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(tmp_path)
    fill(spool, 1)
    write = os.pwrite

    def full(handle: int, data: bytes, place: int) -> int:
        if len(data) == 8:
            return write(handle, data, place)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    fill(spool, 499, "in memory")
    assert spool.unwritten == 499
    assert not spool.full
    fill(spool, 1)
    assert spool.full
    monkeypatch.undo()
    assert [body for _, body in spool.after(0, window=3)] == [
        b"1 x",
        b"2 in memory",
        b"3 in memory",
    ]
    spool.ack(500)
    fill(spool, 1, "on the disk")
    assert list(left_in(tmp_path)) == [b"502 on the disk"]


def test_a_message_that_cannot_be_made_leaves_no_gap(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    fill(spool, 1)

    def fail(seq: int) -> bytes:
        raise ValueError(seq)

    with pytest.raises(ValueError, match="2"):
        spool.append(fail)
    assert spool.append(text("x")) == 2


def test_who_left_nothing_left_nothing(tmp_path: Path) -> None:
    assert list(left_in(tmp_path / "never")) == []
