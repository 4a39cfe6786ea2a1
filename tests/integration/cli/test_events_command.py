"""`vedette events export`: files of events, called as legacy scripts look for them."""

import asyncio
from pathlib import Path

import pytest

from tests.command import vedette
from tests.integration.store.bench import media
from vedette.blobs.local import LocalBlobs
from vedette.contracts.artifact import ArtifactKind
from vedette.contracts.event import EventState
from vedette.contracts.sink import EventChange
from vedette.services.keep_event import EventKeeper
from vedette.store.store import Store
from vedette.testing.fakes import FakeClock
from vedette.testing.store_samples import BOTH, NOON, make_event, with_places

MOMENTS = (1, 1, 60, 3600)
"""Seconds after noon; two events of one second."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three events of `yard`, one of `barn`, each with a picture and a clip; one file is gone."""
    folder = tmp_path_factory.mktemp("data")

    async def fill() -> None:
        store = await Store.open(folder / "vedette.db", FakeClock())
        await with_places(store)
        blobs = LocalBlobs(folder / "artifacts")
        keeper = EventKeeper(store, blobs)
        for number, second in enumerate(MOMENTS):
            place = {"site_id": "farm", "camera_id": "barn"} if number == 3 else {}
            over = {"state": EventState.CLOSED, "ended_at": NOON, "dedupe_key": f"track-{number}"}
            event = make_event(second, **over, **place)
            files = (media(data=b"picture %d" % number), media(ArtifactKind.CLIP, data=b"clip"))
            change = EventChange(event=event, artifacts=files)
            await keeper.store_rows(await keeper.write_files(change))
            if number == 2:
                async with store.read() as unit:
                    clip = (await unit.artifacts(BOTH).of_event(event.id))[0]
                blobs.delete(clip.storage_path)
        await store.close()

    asyncio.run(fill())
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_script_finds_the_files_by_camera_class_and_moment(data: Path, tmp_path: Path) -> None:
    ran = vedette("events", "export", tmp_path / "found", "--data", data)

    assert ran.code == 0, ran.err
    found = tmp_path / "found"
    assert len(names(found)) == 7
    assert [path.name for path in sorted(found.glob("barn_*.mp4"))] == [
        "barn_person_20260314_130000.mp4"
    ]
    assert (found / "yard_person_20260314_120100.jpg").read_bytes() == b"picture 2"
    twins = {path.read_bytes() for path in found.glob("yard_person*_20260314_120001.jpg")}
    assert twins == {b"picture 0", b"picture 1"}
    dated = (found / "yard_person_20260314_120100.jpg").stat().st_mtime
    assert dated == NOON.timestamp() + 60
    assert "not stored any more: 1" in ran.err
    assert "7 files" in ran.out

    again = vedette("events", "export", found, "--data", data)
    assert again.code == 0, again.err
    assert len(names(found)) == 7


def test_what_is_exported_and_how_it_is_called_can_be_chosen(data: Path, tmp_path: Path) -> None:
    ran = vedette(
        *("events", "export", tmp_path, "--data", data, "--camera", "yard", "--kind", "snapshot"),
        *("--from", "2026-03-14T12:00:30", "--to", "2026-03-14T13:30"),
        *("--names", "{date}-{time}-{rule}"),
    )

    assert ran.code == 0, ran.err
    assert names(tmp_path) == ["20260314-120100-visitor.jpg"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--names", "{day}"), 2, "{day}"),
        (("--from", "yesterday"), 2, "2026-01-31"),
        (("--kind", "film"), 2, "film"),
    ],
)
def test_a_wrong_wish_is_told_in_a_sentence(
    data: Path, tmp_path: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    ran = vedette("events", "export", tmp_path / "out", "--data", data, *arguments)

    assert ran.code == code
    assert words in ran.err
    assert not (tmp_path / "out").exists()


def test_a_folder_of_no_product_is_told(tmp_path: Path) -> None:
    ran = vedette("events", "export", tmp_path / "out", "--data", tmp_path)

    assert ran.code == 1
    assert "--data" in ran.err
