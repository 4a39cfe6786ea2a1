"""A database that cannot be used is refused with a sentence, and left as it is."""

import sqlite3
from pathlib import Path

import pytest

from vedette.contracts.errors import InvalidInput, StorageFailed
from vedette.store.store import Store
from vedette.testing.fakes import FakeClock


def content(path: Path | str) -> bytes:
    return path.read_bytes() if isinstance(path, Path) and path.is_file() else b""


async def refused(path: Path | str, match: str) -> None:
    before = content(path)
    with pytest.raises(StorageFailed, match=match):
        await Store.open(path, FakeClock())
    assert content(path) == before


async def test_something_else_than_a_database(tmp_path: Path) -> None:
    path = tmp_path / "vedette.db"
    path.write_text("Dear diary, " * 100)
    await refused(path, "is not a database")
    path.write_bytes(b"SQLite")
    await refused(path, "is not a database")


async def test_a_database_of_another_program(tmp_path: Path) -> None:
    path = tmp_path / "vedette.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE mine (x)")
    other.close()
    await refused(path, "not one of Vedette")


async def test_tables_of_another_program_in_our_file(tmp_path: Path) -> None:
    path = tmp_path / "vedette.db"
    other = sqlite3.connect(path)
    other.execute("PRAGMA application_id=0x56454454")
    other.execute("CREATE TABLE mine (x)")
    other.close()
    await refused(str(path), "somebody else's tables")


async def test_a_newer_schema(tmp_path: Path) -> None:
    path = tmp_path / "vedette.db"
    await (await Store.open(path, FakeClock())).close()
    newer = sqlite3.connect(path)
    newer.execute("UPDATE alembic_version SET version_num = '9999'")
    newer.commit()
    newer.close()
    await refused(str(path), "newer version of Vedette .schema 9999; this one knows up to")


async def test_a_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "vedette.db"
    await (await Store.open(path, FakeClock())).close()
    data = bytearray(path.read_bytes())
    data[4096:20480] = b"\xa5" * 16384
    path.write_bytes(data)
    await refused(path, "is damaged")


async def test_a_truncated_file(tmp_path: Path) -> None:
    path = tmp_path / "vedette.db"
    await (await Store.open(path, FakeClock())).close()
    path.write_bytes(path.read_bytes()[:10_000])
    await refused(path, "is damaged")


async def test_a_read_only_database(tmp_path: Path) -> None:
    path = tmp_path / "vedette.db"
    await (await Store.open(path, FakeClock())).close()
    await refused(f"sqlite+aiosqlite:///file:{path}?mode=ro&uri=true", "readonly")


async def test_a_folder_that_takes_no_files() -> None:
    await refused("/proc/vedette/vedette.db", "cannot be opened")
    await refused("/proc/vedette.db", "cannot be used")


async def test_a_folder_in_the_place_of_the_file(tmp_path: Path) -> None:
    await refused(tmp_path, "cannot be opened")


async def test_a_database_that_another_process_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vedette.store.sqlite.BUSY_S", 0.05)
    path = tmp_path / "vedette.db"
    await (await Store.open(path, FakeClock())).close()
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    await refused(str(path), "locked")
    holder.close()


@pytest.mark.parametrize("address", ["sqlite+aiosqlite://", "sqlite+aiosqlite:///:memory:"])
async def test_a_database_in_memory(address: str) -> None:
    with pytest.raises(InvalidInput, match="in memory"):
        await Store.open(address, FakeClock())


async def test_an_address_that_cannot_be_read() -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        await Store.open("sqlite+aiosqlite//://", FakeClock())


async def test_a_relative_path_stays_where_it_was_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = await Store.open("data/vedette.db", FakeClock())
    monkeypatch.chdir("/")
    await store.check()
    await store.close()
    assert (tmp_path / "data" / "vedette.db").exists()
