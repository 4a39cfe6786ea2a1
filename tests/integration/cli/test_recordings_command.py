"""`vedette recordings`: what is recorded, and films of it, from a data folder."""

import asyncio
from pathlib import Path

import pytest

from tests.command import vedette
from tests.servers.av_packets import START_US, footage, numbers_of
from tests.unit.recording.studio import SECOND, Studio
from vedette.contracts.sink import GapCause
from vedette.kit.clock import from_us
from vedette.store.recordings import Gap
from vedette.store.store import Store
from vedette.testing.fakes import FakeClock
from vedette.testing.store_samples import HOME, with_places


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds of the camera `yard` from 2026-01-01 12:00:00 on, then a larger picture."""
    folder = tmp_path_factory.mktemp("data")
    studio = Studio(folder / "recordings", segment_s=2.0)
    studio.play(footage(seconds=6.0))
    studio.play(footage(seconds=2.0, size=(640, 360), start_us=START_US + 6 * SECOND))
    studio.desk.close()

    async def fill() -> None:
        store = await Store.open(folder / "vedette.db", FakeClock())
        await with_places(store)
        async with store.write() as unit:
            for row in studio.sink.segments:
                await unit.segments(HOME).add(row, site_id="home", now=unit.now)
            gap = Gap(
                site_id="home",
                camera_id="yard",
                began_at=from_us(START_US + 8 * SECOND),
                ended_at=from_us(START_US + 68 * SECOND),
                cause=GapCause.DISK_FULL,
                detail="no space",
            )
            await unit.gaps(HOME).save(gap, now=unit.now)
        await store.close()

    asyncio.run(fill())
    return folder


def test_the_list_says_what_is_recorded_and_why_not(data: Path) -> None:
    span = ("--from", "2026-01-01T11:00", "--to", "2026-01-01T13:00")
    ran = vedette("recordings", "list", "--data", data, *span, env={"COLUMNS": "120"})

    assert ran.code == 0, ran.err
    lines = [line.split() for line in ran.out.splitlines() if "yard" in line]
    assert [line[2] for line in lines] == ["12:00:00.0", "12:00:08.0"]
    assert [line[-1] for line in lines] == ["recorded", "full"]
    assert [line[5] for line in lines] == ["0:00:08", "0:01:00"]


def test_an_export_is_exact_to_the_picture_and_splits_where_the_format_changes(
    data: Path, tmp_path: Path
) -> None:
    ran = vedette(
        *("recordings", "export", "yard", "--data", data, "-o", tmp_path / "yard.mp4"),
        *("--from", "2026-01-01T12:00:01.3", "--to", "2026-01-01T13:00:07.2+01:00"),
    )

    assert ran.code == 0, ran.err
    assert numbers_of(str(tmp_path / "yard.mp4")) == list(range(13, 60))
    assert numbers_of(str(tmp_path / "yard-2.mp4")) == list(range(12))
    assert {path.name for path in tmp_path.iterdir()} == {"yard.mp4", "yard-2.mp4"}
    assert "yard-2.mp4" in ran.out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("list", "attic"), 1, "yard"),
        (("list", "--from", "yesterday"), 2, "2026-01-31"),
        (("export", "yard", "--from", "2026-01-02", "--to", "2026-01-02T01", "-o", "x"), 1, "not"),
        (("export", "yard", "--from", "2026-01-02", "--to", "2026-01-01", "-o", "x"), 2, "after"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(
    arguments: tuple[str, ...], code: int, words: str, data: Path, tmp_path: Path
) -> None:
    ran = vedette("recordings", *arguments, "--data", data, folder=tmp_path)
    assert (ran.code, list(tmp_path.iterdir())) == (code, [])
    assert words in ran.err


def test_a_folder_without_recordings_is_left_as_it_is(tmp_path: Path) -> None:
    ran = vedette("recordings", "list", "--data", tmp_path)
    assert ran.code == 1
    assert "--data" in ran.err
    assert list(tmp_path.iterdir()) == []
