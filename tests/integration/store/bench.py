"""What a test of the services works on."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vedette.blobs.local import LocalBlobs
from vedette.bus.memory import MemoryBus
from vedette.contracts.artifact import Artifact, ArtifactKind
from vedette.contracts.event import Event
from vedette.contracts.payload import Payload
from vedette.contracts.sink import EventChange, NewArtifact
from vedette.kit.clock import to_us
from vedette.services.event_writer import DEFAULTS, EventWriter, WriterOptions
from vedette.services.keep_event import EventKeeper
from vedette.store.store import Store
from vedette.testing.fakes import FakeClock
from vedette.testing.store_samples import BOTH, NOON

SITES = {"yard": "home", "barn": "farm"}


def media(
    kind: ArtifactKind = ArtifactKind.SNAPSHOT,
    revision: int = 1,
    data: bytes | None = b"a picture",
    file: Path | None = None,
) -> NewArtifact:
    """Media as a camera hands it over."""
    clip = kind is ArtifactKind.CLIP
    return NewArtifact(
        kind=kind,
        revision=revision,
        extension=".mp4" if clip else ".jpg",
        media_type="video/mp4" if clip else "image/jpeg",
        started_us=to_us(NOON),
        duration_s=4.0 if clip else 0.0,
        width=640,
        height=360,
        data=None if file else data,
        file=file,
    )


class Listener:
    """Remembers what it heard; raises as often as told."""

    def __init__(self, failures: int = 0) -> None:
        self.heard: list[tuple[str, Payload]] = []
        self.calls = 0
        self._failures = failures

    async def __call__(self, topic: str, payload: Payload) -> None:
        self.calls += 1
        if self.calls <= self._failures:
            raise RuntimeError("on purpose")
        self.heard.append((topic, payload))

    @property
    def topics(self) -> list[str]:
        return [topic for topic, _ in self.heard]


@dataclass(frozen=True, kw_only=True)
class Bench:
    """The real parts."""

    store: Store
    blobs: LocalBlobs
    bus: MemoryBus
    clock: FakeClock
    parts: Path

    @property
    def keeper(self) -> EventKeeper:
        return EventKeeper(self.store, self.blobs)

    def writer(self, options: WriterOptions = DEFAULTS, **changes: Any) -> EventWriter:
        needs: dict[str, Any] = {
            "sites": SITES,
            "bus": self.bus,
            "clock": self.clock,
            "stored": lambda: None,
            **changes,
        }
        return EventWriter(self.store, self.blobs, options=options, **needs)

    @asynccontextmanager
    async def writing(
        self, options: WriterOptions = DEFAULTS, **changes: Any
    ) -> AsyncIterator[EventWriter]:
        """A writer that runs during the block, and is closed in order."""
        writer = self.writer(options, **changes)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(writer.run())
            yield writer
            await writer.close()

    async def keep(self, event: Event, *artifacts: NewArtifact) -> None:
        """Store a change at once."""
        change = EventChange(event=event, artifacts=artifacts)
        await self.keeper.store_rows(await self.keeper.write_files(change))

    async def event(self, event: Event) -> Event | None:
        async with self.store.read() as unit:
            return await unit.events(BOTH).find_one(event.id)

    async def artifacts(self, event: Event) -> tuple[Artifact, ...]:
        async with self.store.read() as unit:
            return await unit.artifacts(BOTH).of_event(event.id)

    async def outbox(self) -> list[tuple[str, Mapping[str, Any]]]:
        """Everything that waits to be told, in order (it is leased for a moment)."""
        async with self.store.write() as unit:
            letters = await unit.outbox(BOTH).lease(1000, now=unit.now, lease_s=0.0)
        return [(letter.topic, letter.body) for letter in letters]

    def on_disk(self) -> dict[str, str]:
        """Hash of every file by its path."""
        root = self.blobs.root
        return {
            str(file.relative_to(root)): hashlib.sha256(file.read_bytes()).hexdigest()
            for file in root.rglob("*")
            if file.is_file()
        }

    async def consistent(self) -> bool:
        """True when files and rows tell the same."""
        async with self.store.read() as unit:
            rows = await unit.artifacts(BOTH).files(limit=500)
        return {path: sha256 for _, path, _, sha256 in rows} == self.on_disk()
