"""The life of a camera that is recorded, lost and swept, and what must hold after."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from tests.servers.av_packets import Footage, footage, numbers_of
from vedette.blobs.local import LocalBlobs
from vedette.bus.memory import MemoryBus
from vedette.contracts.sink import GapCause
from vedette.kit.clock import to_us
from vedette.media.segment import SegmentWriter, mend
from vedette.recording.recorder import Recorder, RecordingDesk
from vedette.recording.reel import RecordPlan, Reel
from vedette.services.janitor import Janitor
from vedette.services.make_room import Shelf
from vedette.services.recordings import RecordingKeeper
from vedette.services.repair_recordings import RecordingRepair, RecordingReport
from vedette.services.retention import Retention
from vedette.store.recordings import Segment
from vedette.store.store import Store
from vedette.testing.fakes import FakeClock
from vedette.testing.store_samples import HOME, NOON

SITES = {"yard": "home"}
FIRST, SECOND = range(22), range(30, 40)
"""Numbers of the pictures that are recorded: before and after the camera was lost."""
LOST_AT, BACK_AT = 22, 30
FRAGMENT = 5
FPS = 5
"""Pictures that a crash may cost: one second."""
RECORDED, SWEEPING, SWEPT = 1, 2, 3


def read_footage(video: Path) -> Footage:
    """Five pictures a second, a keyframe each second."""
    del video
    return footage(seconds=8.0, fps=FPS, gop=FPS, size=(160, 96), start_us=to_us(NOON))


@dataclass(slots=True)
class Life:
    """A process that lives until it is killed; `acknowledged` and `given` survive."""

    root: Path
    footage: Footage

    async def live(self) -> None:
        clock = FakeClock(NOON)
        store = await Store.open(self.root / "vedette.db", clock)
        blobs = LocalBlobs(self.root / "recordings")
        keeper = RecordingKeeper(store, sites=SITES, clock=clock)
        await keeper.begin(frozenset(SITES))
        desk = RecordingDesk(clock)
        plan = RecordPlan(site_id="home", camera_id="yard", segment_us=1_500_000)
        recorder = desk.add(
            Reel(plan=plan, blobs=blobs, new_file=SegmentWriter, sink=keeper, clock=clock)
        )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(keeper.run())
            await self._record(recorder, keeper, desk)
            await keeper.close()
        self._acknowledge(RECORDED)
        await self._sweep(store, blobs, clock)
        await store.close()

    async def _record(
        self, recorder: Recorder, keeper: RecordingKeeper, desk: RecordingDesk
    ) -> None:
        zero = to_us(NOON)
        for packet in self.footage.packets:
            number = (packet.at_us - zero) * FPS // 1_000_000
            if number == LOST_AT:
                recorder.lost("no route to host")
            if LOST_AT <= number < BACK_AT:
                continue
            recorder.packet(self.footage.info, packet)
            desk.turn()
            await keeper.drain()
            (self.root / "given").write_text(str(number))
        desk.close()

    async def _sweep(self, store: Store, blobs: LocalBlobs, clock: FakeClock) -> None:
        async with store.read() as unit:
            rows = await unit.segments(HOME).oldest(limit=100)
        keep = sum(row.size_bytes for row in rows[2:])
        shelf = Shelf(blobs=blobs, limits={"yard": Retention(max_bytes=keep, max_age=None)})
        self._acknowledge(SWEEPING)
        janitor = Janitor(
            store,
            LocalBlobs(self.root / "artifacts"),
            keep=Retention(max_age=timedelta(days=30)),
            bus=MemoryBus(clock=clock),
            clock=clock,
            shelf=shelf,
        )
        await janitor.sweep()
        self._acknowledge(SWEPT)

    def _acknowledge(self, step: int) -> None:
        (self.root / "acknowledged").write_text(str(step))


async def restart(root: Path) -> RecordingReport:
    """What the next process does first."""
    store = await Store.open(root / "vedette.db", FakeClock(NOON))
    try:
        return await RecordingRepair(store, LocalBlobs(root / "recordings"), mend=mend).run()
    finally:
        await store.close()


class Inspection:
    """Looks at a repaired folder, and lists what is wrong with it."""

    def __init__(self, root: Path, *, power: bool) -> None:
        self.root = root
        self.power = power
        self.wrong: list[str] = []
        self.step = self._note("acknowledged", 0)
        self.given = self._note("given", -1)

    def _note(self, name: str, default: int) -> int:
        note = self.root / name
        text = note.read_text() if note.exists() else ""
        return int(text) if text else default

    async def look(self) -> list[str]:
        """Repair twice, then compare what is there with what was given."""
        await restart(self.root)
        again = await restart(self.root)
        self._demand(again.clean, f"a second repair found more: {again}")
        store = await Store.open(self.root / "vedette.db", FakeClock(NOON))
        try:
            async with store.read() as unit:
                rows = await unit.segments(HOME).oldest(limit=100)
                end = NOON + timedelta(hours=1)
                found = await unit.gaps(HOME).between("yard", NOON, end, limit=9)
                garbage = await unit.segments(HOME).garbage(limit=9)
        finally:
            await store.close()
        gaps = [gap for gap in found if gap.cause is GapCause.CAMERA_LOST]
        self._demand(not garbage, f"garbage stays: {garbage}")
        self._look_at_files(rows)
        self._look_at_pictures(rows)
        if self.given >= BACK_AT + 1:
            self._demand(len(gaps) == 1, f"the gap is not noted: {gaps}")
        if self.step >= RECORDED:
            ended = gaps[0].ended_at if gaps else None
            self._demand(ended == NOON + timedelta(seconds=6), f"the gap ends {ended}")
        left = LocalBlobs(self.root / "recordings").left_over()
        self._demand(not left, f"files in the making stay: {left}")
        return self.wrong

    def _demand(self, fine: bool, sentence: str) -> None:
        if not fine:
            self.wrong.append(f"{sentence} (given: {self.given}, acknowledged: {self.step})")

    def _look_at_files(self, rows: Sequence[Segment]) -> None:
        root = self.root / "recordings"
        there = {str(f.relative_to(root)): f for f in root.rglob("*") if f.is_file()}
        for row in rows:
            file = there.pop(row.storage_path, None)
            data = b"" if file is None else file.read_bytes()
            self._demand(file is not None, f"{row.storage_path} has no file")
            self._demand(len(data) == row.size_bytes, f"{row.storage_path} has the wrong size")
            hashed = hashlib.sha256(data).hexdigest()
            self._demand(hashed == row.sha256, f"{row.storage_path} differs")
        self._demand(not there, f"files without a row: {sorted(there)}")

    def _look_at_pictures(self, rows: Sequence[Segment]) -> None:
        shown = []
        for row in sorted(rows, key=lambda one: one.started_at):
            numbers = numbers_of(str(self.root / "recordings" / row.storage_path))
            first = round((row.started_at - NOON).total_seconds() * FPS)
            last = round((row.ended_at - NOON).total_seconds() * FPS)
            self._demand(numbers == list(range(first, last)), f"{first} to {last}: {numbers}")
            shown += numbers
        wanted = [n for n in (*FIRST, *SECOND) if n <= self.given]
        if self.step >= SWEEPING:
            self._demand(shown[-FPS:] == wanted[-FPS:], "the newest is gone")
            self._demand(self.step < SWEPT or shown == wanted[-len(shown) :], "a hole")
            return
        sure = wanted[: -2 * FRAGMENT if self.power else -FRAGMENT]
        if self.step >= RECORDED:
            sure = wanted
        lost = sorted(set(self._durable(sure)) - set(shown))
        self._demand(not lost, f"pictures are lost: {lost}")
        self._demand(len(shown) == len(set(shown)), "pictures are there twice")

    def _durable(self, pictures: Sequence[int]) -> Sequence[int]:
        """What must be there: power loss may take what is in the open segment."""
        if not self.power or self.step >= RECORDED:
            return pictures
        begun = max((n for n in pictures if n % (2 * FPS) == 0), default=0)
        return [n for n in pictures if n < min(begun, 4 * FPS)]
