"""The supervisor with real worker processes, and a product that only takes notes."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.scenes import BLOB
from vedette.app.camera_settings import CameraSettings
from vedette.app.worker_plan import assignment
from vedette.contracts.assignment import CameraAssignment, WorkerAssignment
from vedette.contracts.facts import CameraState, CameraStatus
from vedette.contracts.payload import Payload
from vedette.contracts.sink import EventChange
from vedette.kit.clock import SystemClock
from vedette.link.control_end import Hub
from vedette.link.files import WorkerFolders
from vedette.link.messages import Durable
from vedette.services.worker_life import Life, WorkerLimits
from vedette.services.workers import Around, Seat, Workers
from vedette.testing.fakes import until

PATIENCE_S = 60.0


@dataclass
class Ward:
    """Cameras in workers; `seats` says which together."""

    root: Path
    cameras: dict[str, dict[str, Any]]
    seats: list[list[str]]
    limits: WorkerLimits = field(default_factory=WorkerLimits)
    template: dict[str, Any] = field(default_factory=dict)
    kept: list[Durable] = field(default_factory=list)
    facts: list[tuple[str, Payload]] = field(default_factory=list)
    left: list[Life] = field(default_factory=list)
    gone: list[tuple[str, str]] = field(default_factory=list)
    facts_when_gone: int = 0
    """How many there were when the last worker went."""
    packets: dict[str, int] = field(default_factory=dict)
    """By camera, as told in the last full beat of the process that has it now."""
    told_s: dict[str, float] = field(default_factory=dict)
    """When that was (monotonic)."""
    storing: asyncio.Event = field(default_factory=asyncio.Event)
    """Cleared while nothing can be stored."""

    def __post_init__(self) -> None:
        self.storing.set()
        self.versions = dict.fromkeys(self.cameras, 1)
        given = {"worker": "w0", "cameras": (), "detectors": {"default": BLOB}, **self.template}
        self.pool = Workers(
            self.seats,
            template=WorkerAssignment.model_validate(given),
            hub=lambda ears: Hub(self.root / "run" / "link.sock", ears, SystemClock()),
            around=Around(
                assign=self.assign,
                keep=self._keep,
                left=self._left,
                fact=lambda topic, fact: self.facts.append((topic, fact)),
                topics=lambda: ["camera.*.status"],
                folders=self.folders,
                figures=self._figures,
                gone=self._gone,
            ),
            clock=SystemClock(),
            limits=self.limits,
        )

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Ward"]:
        """Run until the block ends."""
        running = asyncio.ensure_future(self.pool.run())
        try:
            yield self
        finally:
            if not running.done():
                await self.pool.close()
            await running

    async def delivers(self, *cameras: str, within_s: float = PATIENCE_S) -> float:
        """Wait until these cameras send packets; how long that took."""
        began = time.monotonic()
        await until(
            lambda: all(self.packets.get(name, 0) > 0 for name in cameras), within_s=within_s
        )
        return time.monotonic() - began

    async def is_back(self, camera: str) -> None:
        """Wait until a camera whose worker has gone says that it is online again; unlike its
        figures, it says so at once."""
        seen = self.facts_when_gone
        topic = f"camera.{camera}.status"

        def online() -> bool:
            said = [fact for name, fact in self.facts[seen:] if name == topic]
            return any(isinstance(x, CameraStatus) and x.state is CameraState.ONLINE for x in said)

        await until(online, within_s=PATIENCE_S)

    async def has_spare(self) -> None:
        await until(
            lambda: self.pool.spare is not None and self.pool.spare.line.connected,
            within_s=PATIENCE_S,
        )

    def seat(self, camera: str) -> Seat:
        found = self.pool.seat_of(camera)
        assert found is not None
        return found

    def life(self, camera: str) -> Life:
        """The process that has a camera now."""
        found = self.seat(camera).life
        assert found is not None
        return found

    def folders(self, life: str) -> WorkerFolders:
        return WorkerFolders(spool=self.root / "spool" / life, parts=self.root / "parts" / life)

    def assign(self, camera: str) -> CameraAssignment:
        settings = CameraSettings.model_validate({"id": camera, **self.cameras[camera]})
        return assignment(settings, self.versions[camera])

    def events_of(self, camera: str) -> list[EventChange]:
        changes = (each for each in self.kept if isinstance(each, EventChange))
        return [change for change in changes if change.event.camera_id == camera]

    async def _keep(self, said: Durable) -> None:
        await self.storing.wait()
        self.kept.append(said)

    async def _left(self, life: Life) -> None:
        self.left.append(life)

    def _figures(self, seat: Seat, head: Mapping[str, Any]) -> None:
        for name, stats in head["cameras"].items():
            self.packets[name] = stats["packets"]
            self.told_s[name] = time.monotonic()

    def _gone(self, seat: Seat, why: str) -> None:
        self.gone.append((seat.name, why))
        self.facts_when_gone = len(self.facts)
        for name in seat.cameras:
            self.packets.pop(name, None)


def slowness() -> float:
    """How many times longer than on an idle machine things take now: wall time by CPU time."""
    wall, spent = time.perf_counter(), time.process_time()
    while time.process_time() - spent < 0.3:
        pass
    return max(1.0, (time.perf_counter() - wall) / 0.3)
