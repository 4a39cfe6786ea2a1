"""A long event has a clip in parts: each is kept, served, and mended after a crash."""

from dataclasses import replace
from pathlib import Path

from tests.integration.store.bench import Bench, media
from tests.servers.av_packets import footage
from vedette.contracts.artifact import ArtifactKind
from vedette.contracts.sink import EventChange
from vedette.media.clip import ClipWriter
from vedette.services.finish_clip import finish_part
from vedette.services.keep_event import EventKeeper
from vedette.services.mend_clips import mend_clips
from vedette.services.repair import Repair
from vedette.testing.store_samples import HOME, make_event

EVENT = make_event(1)


def clip(folder: Path, part: int, data: bytes) -> EventChange:
    file = folder / f"{part}-{data.decode()}.mp4"
    file.write_bytes(data)
    new = replace(media(ArtifactKind.CLIP, part, file=file), part=part)
    return EventChange(event=EVENT, artifacts=(new,))


async def kept(bench: Bench) -> list[tuple[int, int, int]]:
    """Part, revision and size of each clip."""
    rows = [a for a in await bench.artifacts(EVENT) if a.kind is ArtifactKind.CLIP]
    return sorted((a.part, a.revision, a.size_bytes) for a in rows)


async def keep(bench: Bench, change: EventChange) -> None:
    keeper = EventKeeper(bench.store, bench.blobs)
    await keeper.store_rows(await keeper.write_files(change))


async def test_parts_stay_beside_each_other_whatever_their_order(
    bench: Bench, tmp_path: Path
) -> None:
    await keep(bench, clip(tmp_path, 2, b"second"))
    await keep(bench, clip(tmp_path, 1, b"first"))
    await keep(bench, clip(tmp_path, 3, b"the third"))

    assert await kept(bench) == [(1, 1, 5), (2, 2, 6), (3, 3, 9)]
    assert await bench.consistent()


async def test_the_same_part_told_again_is_one_and_a_better_one_replaces_it(
    bench: Bench, tmp_path: Path
) -> None:
    for part, data in ((1, b"first"), (2, b"second"), (1, b"first")):
        await keep(bench, clip(tmp_path, part, data))
    assert await kept(bench) == [(1, 1, 5), (2, 2, 6)]

    await keep(bench, clip(tmp_path, 1, b"mended"))
    assert await kept(bench) == [(1, 3, 6), (2, 2, 6)]


async def test_every_part_that_a_crash_left_is_mended(bench: Bench) -> None:
    await bench.keep(EVENT)
    take = footage(seconds=4.0)
    for number, part in ((1, take.packets[:20]), (2, take.packets[20:])):
        writer = ClipWriter(bench.parts / f"{EVENT.id}.clip-{number}.part", take.info)
        writer.extend(take.info, part)
    (bench.parts / f"{EVENT.id}.clip-1.mp4").write_bytes(b"a copy that was begun")

    async def store(change: EventChange) -> None:
        await keep(bench, change)

    mended = await mend_clips(
        bench.parts, store=bench.store, scope=HOME, finish=finish_part, keep=store
    )

    assert (mended.finished, mended.lost, mended.waiting) == (2, 0, 0)
    assert [(part, revision) for part, revision, _ in await kept(bench)] == [(1, 1), (2, 2)]
    assert list(bench.parts.iterdir()) == []


async def test_a_part_whose_row_a_crash_prevented_gets_it_back(
    bench: Bench, tmp_path: Path
) -> None:
    for part, data in ((1, b"first"), (2, b"second")):
        await keep(bench, clip(tmp_path, part, data))
    keeper = EventKeeper(bench.store, bench.blobs)
    await keeper.write_files(clip(tmp_path, 3, b"the third"))
    async with bench.store.write() as unit:
        [first] = [a for a in await unit.artifacts(HOME).of_event(EVENT.id) if a.part == 1]
        await unit.artifacts(HOME).discard([first.id], "age", now=unit.now)

    await Repair(bench.store, bench.blobs).run()

    assert [(part, revision) for part, revision, _ in await kept(bench)] == [(2, 2), (3, 3)]
    assert await bench.consistent()
