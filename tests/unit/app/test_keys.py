"""Keys: made once, for their owner alone."""

import threading
from pathlib import Path

import pytest

from vedette.app.keys import key_file
from vedette.contracts.errors import StorageFailed


def test_a_key_is_made_once_and_read_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "links.key"

    first = key_file(path)

    assert len(first) == 32
    assert key_file(path) == first
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [each.name for each in path.parent.iterdir()] == ["links.key"]
    path.unlink()
    assert key_file(path) != first


def test_where_many_make_it_at_once_all_have_the_same(tmp_path: Path) -> None:
    path, found = tmp_path / "keys" / "links.key", set[bytes]()
    threads = [threading.Thread(target=lambda: found.add(key_file(path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == {path.read_bytes()}


def test_what_is_no_key_is_said(tmp_path: Path) -> None:
    short = tmp_path / "short.key"
    short.write_bytes(b"half")
    with pytest.raises(StorageFailed, match="holds 4 bytes"):
        key_file(short)
    with pytest.raises(StorageFailed, match="cannot be used"):
        key_file(short / "below.key")
