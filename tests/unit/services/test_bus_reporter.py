"""How the bus is, told on the bus: periodically, and at once when something is wrong."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from vedette.bus.memory import MemoryBus
from vedette.bus.port import BusLimits
from vedette.contracts.bus_status import BusAlert, BusStatus
from vedette.contracts.errors import NoAnswer
from vedette.contracts.payload import Payload
from vedette.kit.clock import SystemClock
from vedette.services.bus_reporter import QUIET_S, BusReporter
from vedette.testing.bus_bench import Listener, Numbered, running
from vedette.testing.fakes import FakeClock, until

FRAME = "camera.yard.frame"


class Reports:
    """Who listens on `status.bus`."""

    def __init__(self) -> None:
        self.all: list[BusStatus] = []

    async def __call__(self, topic: str, payload: Payload) -> None:
        assert topic == "status.bus"
        assert isinstance(payload, BusStatus)
        self.all.append(BusStatus.model_validate_json(payload.model_dump_json()))

    @property
    def alerts(self) -> list[BusStatus]:
        return [each for each in self.all if each.alert]


@asynccontextmanager
async def reporting(bus: MemoryBus, reporter: BusReporter) -> AsyncIterator[Reports]:
    reports = Reports()
    bus.subscribe("status.bus", reports, name="reports")
    async with running(bus), asyncio.TaskGroup() as tasks:
        task = tasks.create_task(reporter.run())
        await asyncio.sleep(0)
        try:
            yield reports
        finally:
            task.cancel()


async def test_periodic_reports_show_what_waits_and_how_long() -> None:
    bus = MemoryBus(clock=SystemClock())
    gate, listener = asyncio.Event(), Listener()

    async def slow(topic: str, payload: Payload) -> None:
        await gate.wait()
        await listener(topic, payload)

    bus.subscribe("camera.*.frame", slow, name="slow")
    async with reporting(bus, BusReporter(bus, SystemClock(), every_s=0.02)) as reports:
        for number in range(3):
            bus.publish(FRAME, Numbered(number=number))
        await until(lambda: any(each.depth == 2 for each in reports.all))
        now = next(each for each in reversed(reports.all) if each.depth == 2)
        assert (now.in_flight, now.alert) == (1, None)
        await until(lambda: reports.all[-1].lag_s > 0.05)
        gate.set()
        await until(lambda: reports.all[-1].depth == 0)
        await until(lambda: reports.all[-1].facts.get("status.bus", 0) >= 3)
        last = {each.name: each for each in reports.all[-1].subscribers}

    assert last["slow"].delivered == 3
    assert min(last["slow"].latencies_s) > 0.05
    assert reports.all[-1].facts["camera.{id}.frame"] == 3


async def test_trouble_is_told_at_once_and_once() -> None:
    clock = FakeClock()
    bus = MemoryBus(clock=clock, limits=BusLimits(depth=10, watermark=0.5))
    reporter = BusReporter(bus, clock, every_s=3600.0)
    stop = asyncio.Event()

    async def stuck(topic: str, payload: Payload) -> None:
        del topic, payload
        await stop.wait()

    bus.subscribe("camera.*.frame", stuck, name="stuck")
    unwatch = bus.watch(reporter._hear)
    reports = Reports()
    bus.subscribe("status.bus", reports, name="reports")
    async with running(bus):
        for number in range(30):
            bus.publish(FRAME, Numbered(number=number))
        await until(lambda: len(reports.alerts) == 2)
        assert [each.alert for each in reports.alerts] == [BusAlert.HIGH_WATER, BusAlert.OVERFLOW]
        first = reports.alerts[0]
        assert (first.subscriber, first.topic) == ("stuck", FRAME)
        assert first.reason == "stuck does not keep up: its queue fills"
        assert first.depth == 5
        clock.advance(QUIET_S)
        for number in range(30, 33):
            bus.publish(FRAME, Numbered(number=number))
        await until(lambda: len(reports.alerts) == 3)
        stop.set()
        await bus.drain()

    unwatch()
    assert reporter.alerts == {"high_water": 1, "overflow": 2}


async def test_a_request_that_nobody_answers_is_an_alert() -> None:
    clock = SystemClock()
    bus = MemoryBus(clock=clock)
    reporter = BusReporter(bus, clock, every_s=3600.0)
    async with reporting(bus, reporter) as reports:
        with pytest.raises(NoAnswer):
            await bus.request("status.report", Numbered(number=1), within_s=0.01)
        await until(lambda: bool(reports.alerts))

    [alert] = reports.alerts
    assert (alert.alert, alert.topic) == (BusAlert.TIMEOUT, "status.report")
    assert alert.reason == (
        "whoever was asked took too long over status.report, and was given up after 0.0 s"
    )


async def test_a_full_queue_of_the_reports_themselves_causes_no_reports() -> None:
    clock = FakeClock()
    bus = MemoryBus(clock=clock)
    reporter = BusReporter(bus, clock, every_s=1.0)
    bus.subscribe("status.bus", Listener(), name="asleep", depth=1)
    bus.watch(reporter._hear)
    for _ in range(100):
        bus.publish("status.bus", reporter.status())

    assert reporter.alerts == {}
    assert bus.stats()[0].dropped == 99
