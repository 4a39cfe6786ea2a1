"""The life of two events with everything that is written for them, and what must hold after."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import av

from vedette.blobs.local import TEMPORARY, LocalBlobs
from vedette.bus.memory import MemoryBus
from vedette.contracts.artifact import Artifact, ArtifactKind
from vedette.contracts.event import Event, EventState
from vedette.contracts.packet import Packet, StreamInfo
from vedette.contracts.payload import Payload
from vedette.contracts.sink import EventChange, NewArtifact
from vedette.kit.clock import from_us, to_us
from vedette.media.clip import ClipWriter
from vedette.services.event_writer import EventWriter
from vedette.services.finish_clip import finish_part
from vedette.services.janitor import Janitor
from vedette.services.relay import Relay
from vedette.services.repair import Repair, RepairReport
from vedette.services.retention import Retention
from vedette.store.store import Store
from vedette.testing.fakes import FakeClock
from vedette.testing.store_samples import HOME, NOON, make_event, make_track, make_verdict

PACKETS = 12
FIRST = make_event(1)
SECOND = make_event(60)
CLOSED = FIRST.model_copy(
    update={
        "state": EventState.CLOSED,
        "updated_at": NOON + timedelta(seconds=9),
        "ended_at": NOON + timedelta(seconds=9),
        "end_reason": "left",
    }
)
OPENED, UPDATED, TRACKED, FILMED, ENDED, CLIPPED, SECOND_OPENED, SECOND_ENDED, SWEPT = range(1, 10)
"""What was acknowledged last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Footage:
    """Packets of a real camera."""

    info: StreamInfo
    packets: tuple[Packet, ...]


def read_footage(file: Path) -> Footage:
    """The first second of a video, without decoding it."""
    container = av.open(str(file))
    stream: Any = container.streams.video[0]
    info = StreamInfo(
        codec=stream.codec_context.name,
        width=stream.width,
        height=stream.height,
        time_base=stream.time_base,
        frame_rate=float(stream.average_rate),
        template=stream,
    )
    packets: list[Packet] = []
    for raw in container.demux(stream):
        if len(packets) == PACKETS or raw.pts is None:
            break
        packets.append(
            Packet(
                data=bytes(raw),
                pts=raw.pts,
                dts=raw.dts,
                duration=raw.duration,
                is_keyframe=raw.is_keyframe,
                at_us=to_us(NOON) + int(raw.pts * stream.time_base * 1_000_000),
            )
        )
    return Footage(info=info, packets=tuple(packets))


def picture(kind: ArtifactKind, revision: int, size: int = 3000) -> NewArtifact:
    """Bytes that are different for each kind and revision."""
    seed = hashlib.sha256(f"{kind}{revision}".encode()).digest()
    return NewArtifact(
        kind=kind,
        revision=revision,
        extension=".jpg",
        media_type="image/jpeg",
        started_us=to_us(NOON),
        data=seed * (size // len(seed)),
    )


@dataclass(slots=True)
class Life:
    """A process that lives until it is killed; `acknowledged` is a file that survives."""

    root: Path
    footage: Footage

    async def live(self) -> None:
        clock = FakeClock(NOON)
        store = await Store.open(self.root / "vedette.db", clock)
        blobs = LocalBlobs(self.root / "artifacts")
        bus = MemoryBus(clock=clock)
        writer = EventWriter(
            store, blobs, sites={"yard": "home"}, bus=bus, clock=clock, stored=lambda: None
        )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(writer.run())
            await self._first(writer)
            clock.advance(60)
            await self._second(writer)
            await writer.close()
        keep = Retention(max_bytes=3000, max_age=timedelta(days=30))
        await Janitor(store, blobs, keep=keep, bus=bus, clock=clock).sweep()
        self._acknowledge(SWEPT)
        await store.close()

    async def _first(self, writer: EventWriter) -> None:
        shot, drawn = ArtifactKind.SNAPSHOT, ArtifactKind.SNAPSHOT_ANNOTATED
        await self._tell(writer, OPENED, FIRST, picture(shot, 1), picture(drawn, 1))
        longer = {"updated_at": NOON + timedelta(seconds=5), "numbers": {"dwell_s": 4.0}}
        await self._tell(writer, UPDATED, FIRST.model_copy(update=longer), picture(shot, 2))
        writer.record(make_track(1), [make_verdict("seen"), make_verdict("entered")])
        await writer.drain()
        self._acknowledge(TRACKED)
        clip = ClipWriter(self.root / "parts" / f"{FIRST.id}.part", self.footage.info)
        clip.extend(self.footage.info, self.footage.packets)
        self._acknowledge(FILMED)
        await self._tell(writer, ENDED, CLOSED)
        finished = clip.finish(self.root / "parts" / str(FIRST.id))
        assert finished is not None
        await self._tell(writer, CLIPPED, CLOSED, finished.artifact())

    async def _second(self, writer: EventWriter) -> None:
        await self._tell(writer, SECOND_OPENED, SECOND, picture(ArtifactKind.GIF, 1))
        ended = {"state": EventState.CLOSED, "ended_at": NOON, "end_reason": "left"}
        await self._tell(writer, SECOND_ENDED, SECOND.model_copy(update=ended))

    async def _tell(
        self, writer: EventWriter, step: int, event: Event, *artifacts: NewArtifact
    ) -> None:
        writer.submit(EventChange(event=event, artifacts=artifacts))
        await writer.drain()
        self._acknowledge(step)

    def _acknowledge(self, step: int) -> None:
        (self.root / "acknowledged").write_text(str(step))


async def restart(root: Path) -> RepairReport:
    """What the next process does first."""
    store = await Store.open(root / "vedette.db", FakeClock(NOON))
    try:
        blobs = LocalBlobs(root / "artifacts")
        repair = Repair(store, blobs, parts=root / "parts", finish_clip=finish_part)
        return await repair.run()
    finally:
        await store.close()


@dataclass(slots=True)
class Told:
    """A subscriber that remembers."""

    topics: list[tuple[str, UUID]]

    async def __call__(self, topic: str, payload: Payload) -> None:
        assert isinstance(payload, Event | Artifact)
        self.topics.append((topic, payload.id))


class Inspection:
    """Looks at a repaired data folder, and lists what is wrong with it."""

    def __init__(self, root: Path, *, power: bool) -> None:
        self.root = root
        self.power = power
        self.wrong: list[str] = []
        note = root / "acknowledged"
        self.step = int(note.read_text()) if note.exists() else 0

    async def look(self) -> list[str]:
        """Repair twice, then compare what is there with what was acknowledged."""
        await restart(self.root)
        again = await restart(self.root)
        self._demand(again.clean, f"a second repair found more: {again}")
        store = await Store.open(self.root / "vedette.db", FakeClock(NOON))
        try:
            await self._look_at_events(store)
            self._look_at_leftovers()
        finally:
            await store.close()
        return self.wrong

    def _demand(self, fine: bool, sentence: str) -> None:
        if not fine:
            self.wrong.append(f"{sentence} (acknowledged: {self.step})")

    async def _look_at_events(self, store: Store) -> None:
        async with store.read() as unit:
            events = {e.id: e for e in (await unit.events(HOME).find()).events}
            files = await unit.artifacts(HOME).of_events(list(events))
            ledger = await unit.verdicts(HOME).of_track("yard/s1/1")
            garbage = await unit.garbage(HOME).find()
        rows = [row for some in files.values() for row in some]
        self._demand(not garbage, f"garbage stays: {garbage}")
        self._demand(self.step < TRACKED or len(ledger) == 2, "the ledger is lost")
        self._look_at_files(rows)
        for event_id, acknowledged in ((FIRST.id, OPENED), (SECOND.id, SECOND_OPENED)):
            self._demand(self.step < acknowledged or event_id in events, "an event is lost")
        for event in events.values():
            ended = ENDED if event.id == FIRST.id else SECOND_ENDED
            reasons = {"left"} if self.step >= ended else {"left", "interrupted"}
            self._demand(event.state is EventState.CLOSED, "an event stays open")
            self._demand(event.end_reason in reasons, f"the end is {event.end_reason}")
            self._demand(event.ended_at is not None, "an event ends at no time")
        if FIRST.id in events:
            self._look_at_media(files[FIRST.id])
        await self._look_at_telling(store, events.values(), rows)

    def _look_at_files(self, rows: Sequence[Artifact]) -> None:
        root = self.root / "artifacts"
        there = {str(f.relative_to(root)): f for f in root.rglob("*") if f.is_file()}
        for row in rows:
            file = there.pop(row.storage_path, None)
            data = b"" if file is None else file.read_bytes()
            self._demand(file is not None, f"{row.kind} has no file")
            self._demand(len(data) == row.size_bytes, f"{row.kind} has the wrong size")
            self._demand(hashlib.sha256(data).hexdigest() == row.sha256, f"{row.kind} differs")
        self._demand(not there, f"files without a row: {sorted(there)}")

    def _look_at_media(self, rows: Sequence[Artifact]) -> None:
        if self.step >= SWEPT:
            self._demand(not rows, "retention was undone")
        if self.step >= SECOND_ENDED:
            return  # retention may have begun
        kinds = {row.kind: row for row in rows}
        self._demand(len(kinds) == len(rows), "a superseded file stays")
        if self.step >= OPENED:
            shots = {ArtifactKind.SNAPSHOT, ArtifactKind.SNAPSHOT_ANNOTATED}
            self._demand(shots <= kinds.keys(), f"pictures are lost: {sorted(kinds)}")
        if self.step >= UPDATED:
            shot = kinds.get(ArtifactKind.SNAPSHOT)
            self._demand(shot is not None and shot.revision == 2, "the better picture is lost")
        film = kinds.get(ArtifactKind.CLIP)
        if self.step >= (CLIPPED if self.power else FILMED):
            self._demand(film is not None, "the clip is lost")
        if film is not None:
            count = len(read_footage(self.root / "artifacts" / film.storage_path).packets)
            least = PACKETS if self.step >= CLIPPED else 1
            self._demand(count >= least, f"the clip holds {count} pictures")
            self._demand(film.started_at >= from_us(to_us(NOON)), "the clip begins at no time")

    async def _look_at_telling(self, store: Store, events: Any, rows: Sequence[Artifact]) -> None:
        clock = FakeClock(NOON)
        bus = MemoryBus(clock=clock)
        told = Told([])
        bus.subscribe("event.*", told, name="inspector")
        relay = Relay(store, bus, clock=clock)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(bus.run())
            relay.close()
            await relay.run()
            bus.close()
        for event in events:
            for topic in ("event.opened", "event.closed"):
                self._demand((topic, event.id) in told.topics, f"{topic} is never told")
        for row in rows:
            self._demand(("event.media.ready", row.id) in told.topics, f"{row.kind} is not told")
        self._demand(len(set(told.topics)) >= len(events), "nothing is told")

    def _look_at_leftovers(self) -> None:
        for folder in (self.root / "parts", self.root / "artifacts" / TEMPORARY):
            left = sorted(file.name for file in folder.iterdir())
            self._demand(not left, f"{folder.name} is not empty: {left}")
        empty = [
            str(folder)
            for folder in (self.root / "artifacts").rglob("*")
            if folder.is_dir() and folder.name != TEMPORARY and not any(folder.iterdir())
        ]
        self._demand(len(empty) <= 4, f"empty folders stay: {empty}")
