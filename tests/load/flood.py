"""Ten thousand events within a minute, a few of them critical: who is told, and how soon.

    python -m tests.load.flood --events 10000 --seconds 60

Goes through the real writer, store, outbox, policy, couriers and a webhook over HTTP. The version
that CI runs is tests/integration/notify/test_flood.py.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.load.record import percentile
from tests.servers.web import Heard, Reply, WebServer
from vedette.app.basement import Basement
from vedette.app.folder import DataFolder
from vedette.app.notices import build_notifier
from vedette.app.settings import Settings
from vedette.blobs.local import LocalBlobs
from vedette.contracts.event import Event, Severity
from vedette.contracts.sink import EventChange
from vedette.kit.clock import SystemClock
from vedette.services.alert_desk import AlertDesk
from vedette.services.hands import ChannelHands
from vedette.store.places import Camera, Site
from vedette.store.scope import SiteScope
from vedette.store.store import Store
from vedette.testing.store_samples import make_event

CAMERAS = 20
CRITICAL_EVERY = 500
SETTLE_S = 60.0


class Receiver(WebServer):
    """Notes when which event was told, and keeps nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.told: dict[str, float] = {}
        self.times: Counter[str] = Counter()
        self.plain: Counter[str] = Counter()
        """Those that are not critical, by camera."""

    def hear(self, request: Heard) -> Reply:
        told = json.loads(request.body)["event"]
        with self._lock:
            self.told.setdefault(told["id"], time.monotonic())
            self.times[told["id"]] += 1
            self.plain[told["camera_id"]] += told["severity"] != "critical"
        return Reply()

    def answer(self, request: Heard) -> Reply:
        return self.hear(request)


@dataclass(kw_only=True)
class Report:
    """What happened."""

    events: int = 0
    took_s: float = 0.0
    critical_late_s: list[float] = field(default_factory=list)
    """Of each critical event, from its submission until the webhook had it."""
    critical_lost: int = 0
    alerts: int = 0
    doubled: int = 0
    most_of_a_camera: int = 0
    """Alerts of one camera that are not critical."""

    def table(self) -> str:
        late = self.critical_late_s
        return (
            f"{self.events} events in {self.took_s:.1f} s; {self.alerts} alerts, {self.doubled} "
            f"twice, {self.most_of_a_camera} of one camera at most; critical: {len(late)} told, "
            f"{self.critical_lost} not, p50 {percentile(late, 50):.3f} s, "
            f"p95 {percentile(late, 95):.3f} s, most {max(late, default=0.0):.3f} s"
        )


async def flood(folder: Path, events: int, seconds: float) -> Report:
    """Have so many events happen in so long, evenly, over twenty cameras."""
    cameras = [f"camera-{n:02d}" for n in range(CAMERAS)]
    with Receiver() as receiver:
        settings = Settings.model_validate(
            {
                "sites": [{"id": "home"}],
                "cameras": [{"id": c, "site": "home", "source": "simulator"} for c in cameras],
                "notify": {"channels": [{"type": "webhook", "url": receiver.url}]},
            }
        )
        clock, scope = SystemClock(), SiteScope("home")
        store = await Store.open(folder / "vedette.db", clock)
        async with store.write() as unit:
            await unit.sites(scope).save([Site(id="home", name="Home", enabled=True)])
            await unit.cameras(scope).save([Camera(id=c, site_id="home", name=c) for c in cameras])
        base = Basement(
            settings, store, LocalBlobs(folder / "artifacts"), DataFolder(root=folder), clock
        )

        async def nothing() -> None:
            """No mutes here."""

        hands = ChannelHands(
            AlertDesk(store, mutes_changed=nothing),
            scope,
            base.bus,
            clock,
            reports=tuple,
            pictures=dict,
        )
        notifier = build_notifier(settings, base, hands)
        base.bus.subscribe("event.opened", notifier.handle, name="notifier")
        tasks = [
            asyncio.create_task(part())
            for part in (base.writer.run, base.relay.run, notifier.run, base.bus.run)
        ]
        report = Report(events=events)
        critical = await _happen(base, cameras, events, seconds, report)
        await _settle(base, receiver, critical)
        for event, at_s in critical.items():
            if event in receiver.told:
                report.critical_late_s.append(receiver.told[event] - at_s)
        report.critical_lost = len(critical.keys() - receiver.told.keys())
        report.alerts = len(receiver.told)
        report.most_of_a_camera = max(receiver.plain.values(), default=0)
        report.doubled = sum(times > 1 for times in receiver.times.values())
        base.relay.close()
        base.bus.close()
        await notifier.stop()
        await base.writer.close()
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await store.close()
    return report


async def _happen(
    base: Basement, cameras: list[str], events: int, seconds: float, report: Report
) -> dict[str, float]:
    """Returns when each critical event was submitted, by id."""
    began_s, critical = time.monotonic(), dict[str, float]()
    for number in range(events):
        due_s = began_s + number * seconds / events
        left_s = max(0.0, due_s - time.monotonic())
        if left_s or number % 20 == 0:  # others of this process have their turn
            await asyncio.sleep(left_s)
        urgent = number % CRITICAL_EVERY == CRITICAL_EVERY - 1
        event = _event(number, cameras[number % len(cameras)], urgent=urgent)
        if urgent:
            critical[str(event.id)] = time.monotonic()
        base.writer.submit(EventChange(event=event))
    report.took_s = time.monotonic() - began_s
    return critical


def _event(number: int, camera: str, *, urgent: bool) -> Event:
    now = datetime.now(UTC)
    return make_event(
        number,
        camera_id=camera,
        rule_id="fire" if urgent else f"rule-{number}",
        severity=Severity.CRITICAL if urgent else Severity.INFO,
        opened_at=now,
        updated_at=now,
        track_ids=(f"{camera}/s1/{number}",),
    )


async def _settle(base: Basement, receiver: Receiver, critical: dict[str, float]) -> None:
    until_s = time.monotonic() + SETTLE_S
    while time.monotonic() < until_s:
        if base.writer.waiting == 0 and not critical.keys() - receiver.told.keys():
            return
        await asyncio.sleep(0.05)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=60.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vedette-flood-") as scratch:
        report = asyncio.run(flood(Path(scratch), given.events, given.seconds))
    sys.stdout.write(report.table() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
