"""A door with a store of three events and their files, and a client that knocks."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import httpx2
import pytest

from vedette.alerts.links import LinkSigner
from vedette.api.context import ApiContext, CameraCard
from vedette.api.server import create_app
from vedette.app.loop_module import LoopModule
from vedette.app.module_plan import ModulePlan
from vedette.app.orchestrator import Orchestrator
from vedette.blobs.local import LocalBlobs
from vedette.bus.memory import MemoryBus
from vedette.contracts.artifact import ArtifactKind
from vedette.contracts.event import Event, EventState, Severity
from vedette.contracts.facts import CameraState
from vedette.contracts.health import Criticality, Health
from vedette.contracts.lifecycle import Lifecycle
from vedette.contracts.module import Module, Stage
from vedette.contracts.sink import EventChange, NewArtifact
from vedette.contracts.status import CameraReport, ProductReport, TriggerReport
from vedette.kit.clock import Clock, SystemClock, from_us, to_us
from vedette.services.event_writer import EventWriter
from vedette.services.keep_event import EventKeeper
from vedette.store.places import Camera, Site
from vedette.store.scope import SiteScope
from vedette.store.store import Store

PICTURE = b"\xff\xd8 a picture \xff\xd9"
CLIP = bytes(range(256)) * 40
HERE = SiteScope(["home"])
SIGNER = LinkSigner(bytes(range(32)))


class StillPicture:
    """A camera with one picture."""

    at_us = 1

    def jpeg(self) -> bytes | None:
        return PICTURE


class Blind:
    """A camera without any."""

    at_us = 0

    def jpeg(self) -> bytes | None:
        return None


SHORT = Lifecycle(keep_days=2.0, tag="doorbell")


def event_of(number: int, *, site: str = "home", camera: str = "yard", rule: str = "r") -> Event:
    at = SystemClock().now() - timedelta(minutes=10 - number)
    return Event(
        id=uuid4(),
        site_id=site,
        camera_id=camera,
        rule_id=rule,
        event_type="enter",
        severity=Severity.WARNING,
        label="person",
        zone_id="lawn",
        dedupe_key=f"track-{number}",
        track_ids=(f"{camera}/s/{number}",),
        state=EventState.CLOSED,
        started_at=at,
        opened_at=at,
        updated_at=at,
        ended_at=at + timedelta(seconds=4),
        end_reason="left",
        score=0.8,
        lifecycle=SHORT if camera == "gate" else Lifecycle(),
    )


REPORT = ProductReport(
    version="1",
    at=from_us(1_700_000_060_000_000),
    started_at=from_us(1_700_000_000_000_000),
    ready=True,
    cameras=(
        CameraReport(
            camera_id="yard",
            name="Yard",
            state=CameraState.ONLINE,
            lag_s=0.2,
            fps_in=25.0,
            gate_note="while nothing moves, only keyframes are looked at",
            tamper="covered",
            dropped={"gate": 900, "corrupt": 3},
            trigger=TriggerReport(connected=True, detail="connected", notices=2, unknown=1),
        ),
    ),
)


def files_of(event: Event) -> tuple[NewArtifact, ...]:
    kinds = (
        (ArtifactKind.SNAPSHOT_ANNOTATED, ".jpg", "image/jpeg", PICTURE),
        (ArtifactKind.CLIP, ".mp4", "video/mp4", CLIP),
    )
    return tuple(
        NewArtifact(
            kind=kind,
            revision=1,
            extension=extension,
            media_type=media_type,
            started_us=to_us(event.started_at),
            data=data,
        )
        for kind, extension, media_type, data in kinds
    )


async def report() -> ProductReport:
    return REPORT


async def modules_of(clock: Clock) -> tuple[Orchestrator, list[Health]]:
    """Two modules; the first one says of itself what stands last in the list."""
    said = [Health()]

    def loop(name: str) -> Module:
        async def never() -> None:
            await asyncio.Event().wait()

        return LoopModule(name, never, health=lambda: said[-1] if name == "cameras" else Health())

    plans = [
        ModulePlan(
            name="cameras",
            build=lambda: loop("cameras"),
            stage=Stage.INPUTS,
            criticality=Criticality.CRITICAL,
            renewable=False,
        ),
        ModulePlan(name="janitor", build=lambda: loop("janitor"), stage=Stage.STORAGE),
    ]
    orchestrator = Orchestrator(
        plans,
        bus=MemoryBus(clock=clock),
        clock=clock,
        rng=random.Random(1),  # noqa: S311 - not cryptography
    )
    await orchestrator.start()
    return orchestrator, said


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[SimpleNamespace]:
    """`client`, `ids` (oldest first), `foreign` (of another), `said` (of cameras), `keeper`."""
    clock = SystemClock()
    store = await Store.open(tmp_path / "v.db", clock)
    blobs = LocalBlobs(tmp_path / "artifacts")
    everywhere = SiteScope(["home", "away"])
    async with store.write() as unit:
        await unit.sites(everywhere).save(
            [Site(id="home", name="Home"), Site(id="away", name="Away")]
        )
        await unit.cameras(everywhere).save(
            [
                Camera(id="yard", site_id="home", name="Yard"),
                Camera(id="gate", site_id="home", name="Gate"),
                Camera(id="shop", site_id="away", name="Shop"),
            ]
        )
    writer = EventWriter(
        store,
        blobs,
        sites={"yard": "home", "gate": "home", "shop": "away"},
        bus=MemoryBus(clock=clock),
        clock=clock,
        stored=lambda: None,
    )
    events = [event_of(1), event_of(2, camera="gate", rule="other"), event_of(3)]
    foreign = event_of(4, site="away", camera="shop")
    for event in (*events, foreign):
        writer.submit(EventChange(event=event, artifacts=files_of(event)))
    await writer.close()
    modules, said = await modules_of(clock)
    context = ApiContext(
        store=store,
        scope=HERE,
        artifact_path=blobs.local_path,
        pictures={"yard": StillPicture(), "gate": Blind()},
        cameras=lambda: [
            CameraCard(id="yard", name="Yard", state="online", detail="<b>bold</b>", fps=5.0),
            CameraCard(id="gate", name="Gate", state="retrying", detail="", fps=2.5),
        ],
        modules=modules,
        metrics=lambda: b"vedette_camera_online 1\n",
        report=report,
        clock=clock,
        stopping=lambda: False,
        links=SIGNER,
    )
    transport = httpx2.ASGITransport(app=create_app(context))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield SimpleNamespace(
            client=client,
            ids=[str(event.id) for event in events],
            foreign=foreign.id,
            said=said,
            keeper=EventKeeper(store, blobs),
            artifacts=tmp_path / "artifacts",
        )
    await modules.stop()
    await store.close()
