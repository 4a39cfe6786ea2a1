"""What every relational store must do with recordings. Subclass, provide `opened`, run pytest."""

from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta

import pytest

from vedette.contracts.errors import InvalidInput
from vedette.contracts.sink import GapCause, NewSegment
from vedette.store.recordings import Gap, Segment
from vedette.store.scope import SiteScope
from vedette.store.store import Store
from vedette.testing.store_samples import BOTH, HOME, NOON, make_segment


def after_noon(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def make_gap(
    began: float, ended: float | None, cause: GapCause = GapCause.CAMERA_LOST, detail: str = ""
) -> Gap:
    """Seconds after noon."""
    return Gap(
        site_id="home",
        camera_id="yard",
        began_at=after_noon(began),
        ended_at=None if ended is None else after_noon(ended),
        cause=cause,
        detail=detail,
    )


async def add_segments(store: Store, *segments: NewSegment) -> None:
    async with store.write() as unit:
        for segment in segments:
            await unit.segments(HOME).add(segment, site_id="home", now=unit.now)


async def starts(store: Store, begin: float, end: float, limit: int = 500) -> list[float]:
    """Starts of the segments that touch an interval, seconds after noon."""
    async with store.read() as unit:
        found = await unit.segments(HOME).between(
            "yard", after_noon(begin), after_noon(end), limit=limit
        )
    return [(s.started_at - NOON).total_seconds() for s in found]


class RecordingStoreContract:
    """Segments and gaps behave the same in every store."""

    def opened(self) -> AbstractAsyncContextManager[Store]:
        """An empty store with `with_places` applied; its clock stands still."""
        raise NotImplementedError

    async def test_a_segment_comes_back_as_it_was_stored(self) -> None:
        new = make_segment(3)
        async with self.opened() as store:
            await add_segments(store, new)
            async with store.read() as unit:
                [row] = await unit.segments(HOME).oldest(limit=10)
        assert (row.started_us, row.ended_us) == (new.started_us, new.ended_us)
        assert (row.storage_path, row.sha256, row.size_bytes) == (new.path, new.sha256, 1000)
        assert (row.codec, row.width, row.height, row.packets) == ("h264", 1280, 720, 250)
        assert (row.media_type, row.has_audio) == ("video/mp4", True)

    async def test_the_same_file_has_one_row(self) -> None:
        async with self.opened() as store:
            await add_segments(store, make_segment(3), make_segment(3))
            assert await starts(store, 0, 100) == [3]

    async def test_a_segment_of_an_unknown_camera_or_another_site_is_refused(self) -> None:
        async with self.opened() as store:
            with pytest.raises(InvalidInput):
                await add_segments(store, make_segment(camera_id="attic"))
            with pytest.raises(InvalidInput, match="farm"):
                async with store.write() as unit:
                    await unit.segments(HOME).add(make_segment(), site_id="farm", now=unit.now)

    async def test_an_interval_finds_what_touches_it_in_order(self) -> None:
        async with self.opened() as store:
            await add_segments(store, *(make_segment(n) for n in (30, 10, 0, 20)))
            assert await starts(store, 0, 40) == [0, 10, 20, 30]
            assert await starts(store, 10, 20) == [10]
            assert await starts(store, 9.999, 20.001) == [0, 10, 20]
            assert await starts(store, 40, 50) == []

    async def test_pages_of_an_interval_neither_repeat_nor_skip(self) -> None:
        async with self.opened() as store:
            await add_segments(store, *(make_segment(n * 10) for n in range(7)))
            seen: list[Segment] = []
            async with store.read() as unit:
                while page := await unit.segments(HOME).between(
                    "yard",
                    after_noon(0),
                    after_noon(100),
                    limit=3,
                    after=seen[-1] if seen else None,
                ):
                    seen += page
        assert [(s.started_at - NOON).total_seconds() for s in seen] == [n * 10 for n in range(7)]

    async def test_another_site_sees_nothing(self) -> None:
        async with self.opened() as store:
            await add_segments(store, make_segment())
            async with store.write() as unit:
                await unit.gaps(HOME).save(make_gap(1, 2), now=unit.now)
            farm = SiteScope("farm")
            async with store.read() as unit:
                assert await unit.segments(farm).oldest(limit=10) == ()
                assert await unit.segments(farm).total_bytes() == 0
                assert await unit.segments(BOTH).total_bytes() == 1000
                begin, end = after_noon(0), after_noon(100)
                assert await unit.segments(farm).between("yard", begin, end, limit=9) == ()
                assert await unit.gaps(farm).between("yard", begin, end, limit=9) == ()

    async def test_what_is_discarded_is_garbage_until_it_is_dropped(self) -> None:
        async with self.opened() as store:
            await add_segments(store, make_segment(0), make_segment(10))
            async with store.write() as unit:
                segments = unit.segments(HOME)
                first, _ = await segments.oldest(limit=10)
                assert await segments.discard([first.id], "age") == 1
                assert await segments.discard([first.id], "age") == 0
            assert await starts(store, 0, 100) == [10]
            async with store.write() as unit:
                segments = unit.segments(HOME)
                assert await segments.total_bytes() == 1000
                assert await segments.total_bytes("yard") == 1000
                assert await segments.total_bytes("barn") == 0
                assert [row.id for row in await segments.garbage(limit=10)] == [first.id]
                assert await segments.known([first.storage_path, "x"]) == {first.storage_path: 1000}
                await segments.drop([first.id, first.id + 1])
                assert await segments.garbage(limit=10) == ()
            assert await starts(store, 0, 100) == [10], "only garbage can be dropped"

    async def test_a_folder_holds_its_own_files_only(self) -> None:
        async with self.opened() as store:
            await add_segments(store, make_segment(0))
            async with store.read() as unit:
                segments = unit.segments(HOME)
                assert len(await segments.in_folder("home/yard/2026-03-14/12")) == 1
                assert len(await segments.in_folder("home/yard/2026-03-14/1")) == 0
                assert len(await segments.in_folder("home/yard/2026-03-14/13")) == 0

    async def test_a_gap_lasts_until_its_end_is_told(self) -> None:
        async with self.opened() as store:
            async with store.write() as unit:
                await unit.gaps(HOME).save(make_gap(5, None, detail="no route"), now=unit.now)
            async with store.write() as unit:
                gaps = unit.gaps(HOME)
                assert await gaps.open("yard") == make_gap(5, None, detail="no route")
                begin, end = after_noon(50), after_noon(60)
                assert len(await gaps.between("yard", begin, end, limit=9)) == 1
                await gaps.save(make_gap(5, 20, detail="no route"), now=unit.now)
                assert await gaps.open("yard") is None
                assert await gaps.last_end("yard") == after_noon(20)
                assert await gaps.between("yard", begin, end, limit=9) == ()

    async def test_a_gap_of_no_length_is_no_gap(self) -> None:
        async with self.opened() as store, store.write() as unit:
            gaps = unit.gaps(HOME)
            await gaps.save(make_gap(5, None), now=unit.now)
            await gaps.save(make_gap(5, 5), now=unit.now)
            assert await gaps.between("yard", after_noon(0), after_noon(9), limit=9) == ()

    async def test_old_gaps_are_forgotten_but_not_one_that_lasts(self) -> None:
        async with self.opened() as store, store.write() as unit:
            gaps = unit.gaps(HOME)
            await gaps.save(make_gap(1, 2), now=unit.now)
            await gaps.save(make_gap(5, None), now=unit.now)
            assert await gaps.forget(stored_before=unit.now, limit=9) == 0
            later = unit.now + timedelta(seconds=1)
            assert await gaps.forget(stored_before=later, limit=9) == 1
            left = await gaps.between("yard", after_noon(0), after_noon(9), limit=9)
            assert left == (make_gap(5, None),)
