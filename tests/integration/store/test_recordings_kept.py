"""Rows of recordings on a real store: gaps, restarts, repair, retention, room."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from tests.integration.store.bench import Bench, media
from tests.servers.av_packets import Footage, footage
from tests.unit.recording.studio import Studio
from vedette.blobs.local import LocalBlobs
from vedette.contracts.errors import InvalidInput
from vedette.contracts.event import EventState
from vedette.contracts.sink import GapCause, NewSegment, RecordingGap
from vedette.kit.clock import to_us
from vedette.media.segment import mend
from vedette.services.janitor import Janitor
from vedette.services.make_room import Shelf
from vedette.services.recordings import RecordingKeeper
from vedette.services.repair_recordings import RecordingRepair, RecordingReport
from vedette.services.retention import Retention
from vedette.store.recordings import Gap, Segment
from vedette.testing.store_samples import HOME, NOON, make_event, make_segment

S = 1_000_000
ZERO = to_us(NOON)
SITES = {"yard": "home", "barn": "farm"}
RECORDED = frozenset({"yard"})


@asynccontextmanager
async def keeping(bench: Bench) -> AsyncIterator[RecordingKeeper]:
    """A keeper of a new run of the product."""
    keeper = RecordingKeeper(bench.store, sites=SITES, clock=bench.clock)
    await keeper.begin(RECORDED)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(keeper.run())
        yield keeper
        await keeper.close()


def gap(began: float, ended: float | None, cause: GapCause = GapCause.CAMERA_LOST) -> RecordingGap:
    return RecordingGap(
        camera_id="yard",
        began_us=ZERO + round(began * S),
        ended_us=None if ended is None else ZERO + round(ended * S),
        cause=cause,
    )


async def rows(bench: Bench) -> list[Segment]:
    async with bench.store.read() as unit:
        return list(await unit.segments(HOME).oldest(limit=500))


async def gaps(bench: Bench) -> list[tuple[float, float | None, GapCause]]:
    """Begin and end in seconds after noon, and cause."""
    async with bench.store.read() as unit:
        far = timedelta(days=900)
        found = await unit.gaps(HOME).between("yard", NOON - far, NOON + far, limit=500)
    return [(seconds(g), None if g.ended_at is None else ends(g), g.cause) for g in found]


def seconds(gap: Gap) -> float:
    return (gap.began_at - NOON).total_seconds()


def ends(gap: Gap) -> float:
    return 0.0 if gap.ended_at is None else (gap.ended_at - NOON).total_seconds()


async def test_the_time_between_two_runs_is_a_gap(bench: Bench) -> None:
    async with keeping(bench) as keeper:
        keeper.segment(make_segment(0))
        keeper.segment(make_segment(10))
    async with keeping(bench) as keeper:
        assert await gaps(bench) == [(20, None, GapCause.STOPPED)]
        keeper.segment(make_segment(60))
        await keeper.drain()
        assert await gaps(bench) == [(20, 60, GapCause.STOPPED)]
    async with keeping(bench):
        assert await gaps(bench) == [(20, 60, GapCause.STOPPED), (70, None, GapCause.STOPPED)]


async def test_a_camera_that_is_away_at_the_start_ends_the_time_without_us(bench: Bench) -> None:
    async with keeping(bench) as keeper:
        keeper.segment(make_segment(0))
    async with keeping(bench) as keeper:
        keeper.gap(gap(50, None))
        await keeper.drain()
        assert await gaps(bench) == [(10, 50, GapCause.STOPPED), (50, None, GapCause.CAMERA_LOST)]
        keeper.gap(gap(50, 80))
        keeper.segment(make_segment(80))
    assert await gaps(bench) == [(10, 50, GapCause.STOPPED), (50, 80, GapCause.CAMERA_LOST)]


async def test_a_gap_that_a_crash_left_open_ends_with_the_next_recording(bench: Bench) -> None:
    async with keeping(bench) as keeper:
        keeper.segment(make_segment(0))
        keeper.gap(gap(10, None))
    async with keeping(bench) as keeper:
        keeper.segment(make_segment(100))
    assert await gaps(bench) == [(10, 100, GapCause.CAMERA_LOST)]


async def test_a_camera_whose_recording_is_switched_off_says_so(bench: Bench) -> None:
    async with keeping(bench) as keeper:
        keeper.segment(make_segment(0))
    keeper = RecordingKeeper(bench.store, sites=SITES, clock=bench.clock)
    await keeper.begin(frozenset())
    assert await gaps(bench) == [(10, None, GapCause.SWITCHED_OFF)]


async def test_a_hole_that_nobody_told_of_is_the_loss_of_a_worker(bench: Bench) -> None:
    async with keeping(bench) as keeper:
        keeper.segment(make_segment(0))
        keeper.segment(make_segment(10))
        keeper.segment(make_segment(40))
        keeper.gap(gap(50, 60))
        keeper.segment(make_segment(60))
    lost, away = GapCause.WORKER_LOST, GapCause.CAMERA_LOST
    assert await gaps(bench) == [(20, 40, lost), (50, 60, away)]
    async with bench.store.write() as unit:
        begin, end = NOON + timedelta(seconds=20), NOON + timedelta(seconds=33)
        await unit.gaps(HOME).shorten("yard", begin, end, now=unit.now)
    assert await gaps(bench) == [(33, 40, lost), (50, 60, away)]


async def test_a_film_that_begins_again_leaves_no_gap(bench: Bench) -> None:
    async with keeping(bench) as keeper:
        keeper.segment(make_segment(0))
        keeper.segment(make_segment(10))
    async with keeping(bench) as keeper:
        keeper.segment(make_segment(2, length_s=9))
        keeper.segment(make_segment(11, length_s=9))
    assert await gaps(bench) == []


async def test_a_row_of_an_unknown_camera_is_refused_and_the_next_one_kept(bench: Bench) -> None:
    async with keeping(bench) as keeper:
        keeper.segment(make_segment(0, camera_id="attic"))
        with pytest.raises(InvalidInput, match="attic"):
            await keeper.keep(make_segment(0, camera_id="attic"))
        await keeper.keep(make_segment(0))
        await keeper.keep(gap(10, None))
        assert (keeper.counts.failed, keeper.counts.segments, keeper.counts.gaps) == (2, 1, 1)
    assert len(await rows(bench)) == 1


@pytest.fixture(scope="module")
def film() -> Footage:
    """Ten pictures a second, a keyframe each second, from noon on."""
    return footage(seconds=6.0, size=(160, 96), start_us=ZERO)


def record(folder: Path, film: Footage) -> tuple[LocalBlobs, list[NewSegment]]:
    """Segments of two seconds, complete."""
    studio = Studio(folder, segment_s=2.0)
    studio.play(film)
    studio.desk.close()
    return studio.blobs, studio.sink.segments


async def repair(bench: Bench, blobs: LocalBlobs) -> RecordingReport:
    return await RecordingRepair(bench.store, blobs, mend=mend).run()


async def test_files_without_rows_get_them_back(
    bench: Bench, film: Footage, tmp_path: Path
) -> None:
    blobs, made = record(tmp_path / "recordings", film)
    assert await repair(bench, blobs) == RecordingReport(files_adopted=3)

    found = await rows(bench)
    assert [(r.storage_path, r.sha256, r.size_bytes, r.packets) for r in found] == [
        (m.path, m.sha256, m.size_bytes, m.packets) for m in made
    ]
    assert [(r.started_us, r.ended_us) for r in found] == [(m.started_us, m.ended_us) for m in made]
    assert (await repair(bench, blobs)).clean


async def test_rows_without_files_become_gaps(bench: Bench, film: Footage, tmp_path: Path) -> None:
    blobs, made = record(tmp_path / "recordings", film)
    await repair(bench, blobs)
    blobs.local_path(made[1].path).unlink()
    blobs.local_path(made[2].path).write_bytes(b"half")

    report = await repair(bench, blobs)

    assert report.rows_without_file == 2
    assert [r.storage_path for r in await rows(bench)] == [made[0].path]
    assert await gaps(bench) == [(2, 4, GapCause.DAMAGED), (4, 6, GapCause.DAMAGED)]
    assert not blobs.local_path(made[2].path).exists()
    assert (await repair(bench, blobs)).clean


async def test_a_half_written_segment_is_finished_and_rubbish_goes(
    bench: Bench, film: Footage, tmp_path: Path
) -> None:
    studio = Studio(tmp_path / "recordings", segment_s=60.0)
    studio.play(film)
    [part] = studio.left_over
    (studio.blobs.root / ".tmp" / "home.yard.20260314T120100000000Z.part").write_bytes(b"rubbish")
    (studio.blobs.root / ".tmp" / "0123456789abcdef").write_bytes(b"somebody's")
    assert part == "home.yard.20260314T120000000000Z.part"

    report = await repair(bench, studio.blobs)

    assert (report.parts_finished, report.parts_lost) == (1, 1)
    [row] = await rows(bench)
    assert (row.started_us, row.packets) == (ZERO, 50)
    assert row.ended_us == ZERO + 5 * S
    assert studio.left_over == []
    assert (await repair(bench, studio.blobs)).clean


async def test_files_that_are_not_ours_are_left_alone(
    bench: Bench, film: Footage, tmp_path: Path
) -> None:
    blobs, made = record(tmp_path / "recordings", film)
    strangers = [
        blobs.root / "notes.txt",
        blobs.local_path(made[0].path).with_name("holiday.mp4"),
        blobs.root / "elsewhere" / "yard" / "2026-03-14" / "12" / "20260314T120000000000Z.mp4",
        blobs.root / "home" / "attic" / "2026-03-14" / "12" / "20260314T120000000000Z.mp4",
    ]
    real = blobs.local_path(made[0].path).read_bytes()
    for file in strangers:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(real)

    report = await repair(bench, blobs)

    assert (report.files_adopted, report.files_unknown) == (3, 4)
    assert all(file.read_bytes() == real for file in strangers)


async def test_what_a_dead_worker_left_is_finished_while_others_record(
    bench: Bench, film: Footage, tmp_path: Path
) -> None:
    studio = Studio(tmp_path / "recordings", segment_s=60.0)
    studio.play(film)
    tmp = studio.blobs.root / ".tmp"
    (tmp / "main").rename(tmp / "life-1")
    going_on = tmp / "life-2" / "home.yard.20260314T120100000000Z.part"
    going_on.parent.mkdir()
    going_on.write_bytes(b"begun")

    report = await RecordingRepair(bench.store, studio.blobs, mend=mend).take("life-1")

    assert report == RecordingReport(parts_finished=1)
    assert [row.packets for row in await rows(bench)] == [50]
    assert studio.blobs.left_over() == [going_on]


def janitor(bench: Bench, shelf: Shelf, *, max_bytes: int | None = None) -> Janitor:
    keep = Retention(max_bytes=max_bytes, max_age=timedelta(days=30))
    return Janitor(
        bench.store, bench.blobs, keep=keep, bus=bench.bus, clock=bench.clock, shelf=shelf
    )


async def store_film(bench: Bench, folder: Path, film: Footage) -> tuple[Shelf, list[NewSegment]]:
    """Three segments with rows, ten seconds of storing apart."""
    blobs, made = record(folder, film)
    for row in made:
        async with bench.store.write() as unit:
            await unit.segments(HOME).add(row, site_id="home", now=unit.now)
        bench.clock.advance(10.0)
    return Shelf(blobs=blobs), made


def on_disk(shelf: Shelf) -> list[str]:
    return sorted(path for path, _ in shelf.blobs.files())


async def test_events_and_recordings_share_one_budget_and_the_oldest_goes_first(
    bench: Bench, film: Footage, tmp_path: Path
) -> None:
    closed = {"state": EventState.CLOSED, "ended_at": NOON, "end_reason": "left"}
    await bench.keep(make_event(1, **closed), media(data=b"x" * 100))
    await bench.keep(make_event(2), media(data=b"o" * 100))
    bench.clock.advance(10.0)
    shelf, made = await store_film(bench, tmp_path / "recordings", film)
    await bench.keep(make_event(3, **closed), media(data=b"y" * 100))
    keep = made[1].size_bytes + made[2].size_bytes + 200

    swept = await janitor(bench, shelf, max_bytes=keep).sweep()

    assert on_disk(shelf) == [made[1].path, made[2].path]
    kept = [bool(await bench.artifacts(make_event(n))) for n in (1, 2, 3)]
    assert kept == [False, True, True], "the open event keeps its picture"
    assert (swept.discarded, swept.unlinked) == (2, 2)
    assert [row.storage_path for row in await rows(bench)] == [made[1].path, made[2].path]
    assert (await janitor(bench, shelf, max_bytes=keep).sweep()).discarded == 0


async def test_a_camera_can_have_limits_of_its_own(
    bench: Bench, film: Footage, tmp_path: Path
) -> None:
    shelf, made = await store_film(bench, tmp_path / "recordings", film)
    shelf.limits = {
        "yard": Retention(max_bytes=None, max_age=timedelta(seconds=25)),
        "barn": Retention(max_bytes=0, max_age=None),
    }
    await janitor(bench, shelf).sweep()
    assert on_disk(shelf) == [made[1].path, made[2].path]

    shelf.limits = {"yard": Retention(max_bytes=made[2].size_bytes, max_age=None)}
    await janitor(bench, shelf).sweep()
    assert on_disk(shelf) == [made[2].path]


class Disk:
    """A disk of a certain size, or one that cannot be asked."""

    def __init__(self, shelf: Shelf, size_bytes: int) -> None:
        self.shelf = shelf
        self.size_bytes = size_bytes
        self.broken = False

    def free(self) -> int:
        if self.broken:
            raise OSError("the disk does not say")
        return self.size_bytes - sum(size for _, size in self.shelf.blobs.files())


async def test_a_disk_that_is_nearly_full_loses_its_oldest_recordings(
    bench: Bench, film: Footage, tmp_path: Path
) -> None:
    shelf, made = await store_film(bench, tmp_path / "recordings", film)
    total = sum(row.size_bytes for row in made)
    disk = Disk(shelf, total + 10)
    shelf.free_bytes, shelf.min_free_bytes = disk.free, 10
    await janitor(bench, shelf).sweep()
    assert len(on_disk(shelf)) == 3, "exactly enough is enough"

    shelf.min_free_bytes = 11
    swept = await janitor(bench, shelf).sweep()
    assert on_disk(shelf) == [made[1].path, made[2].path]
    assert (swept.discarded, swept.freed_bytes) == (1, made[0].size_bytes)


async def test_a_disk_that_cannot_be_asked_keeps_its_last_state(
    bench: Bench, film: Footage, tmp_path: Path
) -> None:
    shelf, made = await store_film(bench, tmp_path / "recordings", film)
    disk = Disk(shelf, sum(row.size_bytes for row in made) + 10)
    shelf.free_bytes, shelf.min_free_bytes = disk.free, 11
    disk.broken = True
    await janitor(bench, shelf).sweep()
    assert len(on_disk(shelf)) == 3, "nothing is known, so nothing is deleted"

    disk.broken = False
    shelf.free()
    disk.broken = True
    await janitor(bench, shelf).sweep()
    await janitor(bench, shelf).sweep()
    assert on_disk(shelf) == [made[1].path, made[2].path], "what was freed is counted"


async def test_a_failed_write_makes_room_at_once(
    bench: Bench, film: Footage, tmp_path: Path
) -> None:
    shelf, _ = await store_film(bench, tmp_path / "recordings", film)
    sweeper = janitor(bench, shelf)
    bench.clock.waits.clear()
    keeper = RecordingKeeper(bench.store, sites=SITES, clock=bench.clock, full=sweeper.wake)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(keeper.run())
        keeper.gap(gap(6, None, GapCause.DISK_FULL))
        await keeper.close()
    await sweeper.sweep()
    assert on_disk(shelf) == []
