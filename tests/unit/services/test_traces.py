"""Traces keep the contract of modules, and mean the same trace in every process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from opentelemetry.trace.status import StatusCode

from tests.servers.trace_collector import TraceCollector
from vedette.bus.port import EventBus
from vedette.bus.tracer import SILENT, Tracer
from vedette.contracts.errors import InvalidConfig
from vedette.contracts.health import HealthLevel
from vedette.contracts.module import Module
from vedette.contracts.payload import Payload
from vedette.contracts.span import Span
from vedette.contracts.topics import SPAN
from vedette.kit.redact import SECRETS
from vedette.services.traces import MOST_WAITING, TracesConfig, TracesModule, readable, trace_id
from vedette.testing.fakes import FakeClock, until
from vedette.testing.module_contract import ModuleContract, a_bus

NOON = FakeClock().now()


def span(**about: Any) -> Span:
    plain: dict[str, Any] = {
        "name": "store",
        "correlation_id": "yard/s1/9",
        "began": NOON,
        "ended": NOON + timedelta(seconds=0.25),
    }
    return Span.model_validate({**plain, **about})


class TestTraces(ModuleContract):
    settings: dict[str, Any] = {"endpoint": "http://127.0.0.1:9"}  # noqa: RUF012
    wrong: dict[str, Any] = {"endpoint": "the cellar"}  # noqa: RUF012

    def make(self, bus: EventBus, clock: FakeClock) -> Module:
        return TracesModule(name="traces", bus=bus, clock=clock)


@asynccontextmanager
async def running(
    collector: TraceCollector, **settings: Any
) -> AsyncIterator[tuple[TracesModule, EventBus]]:
    clock = FakeClock()
    bus = a_bus(clock)
    module = TracesModule(name="traces", bus=bus, clock=clock)
    await module.configure({"endpoint": collector.url, "timeout_s": 1.0, **settings})
    await module.start()
    try:
        yield module, bus
    finally:
        await module.stop()


async def test_spans_of_one_picture_are_one_trace_wherever_they_come_from() -> None:
    with TraceCollector() as collector:
        async with running(collector) as (_, bus):
            bus.publish(SPAN, span(name="frame", component="w1", whole=True))
            bus.publish(SPAN, span(name="store", attributes={"event": "e-1", "attempt": 2}))
            bus.publish(SPAN, span(name="decode", correlation_id="yard/s1/10"))
            await bus.drain()
            await until(lambda: len(collector.spans) == 3)

    [whole], [store], [other] = map(collector.named, ("frame", "store", "decode"))
    assert whole.trace == store.trace != other.trace
    assert (whole.parent, store.parent) == ("", whole.id)
    assert (whole.component, store.component) == ("w1", "control")
    assert store.ended_ns - store.began_ns == 250_000_000
    assert store.attributes["vedette.event"] == "e-1"
    assert store.attributes["vedette.attempt"] == 2
    assert store.attributes["vedette.correlation_id"] == "yard/s1/9"


async def test_a_collector_that_fails_gets_them_later_and_health_says_so() -> None:
    with TraceCollector(first=(400, 400)) as collector:
        async with running(collector) as (module, bus):
            bus.publish(SPAN, span())
            await bus.drain()
            await until(lambda: len(collector.heard) == 1)
            sick = await module.health()
            await until(lambda: len(collector.spans) == 1)
            well = await module.health()
            while well.level is not HealthLevel.HEALTHY:
                await asyncio.sleep(0.01)  # its answer comes through this loop
                well = await module.health()

    assert sick.level in {HealthLevel.DEGRADED, HealthLevel.HEALTHY}, "its answer is on its way"
    assert well.figures["sent"] == 1
    assert len(collector.heard) == 3


async def test_what_waits_is_bounded_and_the_oldest_goes() -> None:
    clock = FakeClock()
    bus = a_bus(clock)
    module = TracesModule(name="traces", bus=bus, clock=clock)
    await module.configure({"endpoint": "http://127.0.0.1:9"})
    for number in range(MOST_WAITING + 10):
        await module._hear(SPAN, span(correlation_id=f"yard/s1/{number}"))

    health = await module.health()

    assert health.figures["waiting"] == MOST_WAITING
    assert health.figures["lost"] == 10


async def test_a_part_of_the_traces_is_the_same_part_everywhere() -> None:
    kept: list[set[str]] = []
    for _ in range(2):
        module = TracesModule(name="traces", bus=a_bus(FakeClock()), clock=FakeClock())
        await module.configure({"endpoint": "http://127.0.0.1:9", "part": 0.25})
        for number in range(400):
            for name in ("frame", "store"):
                await module._hear(SPAN, span(name=name, correlation_id=f"yard/s1/{number}"))
        kept.append({each.correlation_id for each in module._waiting})
        assert len(module._waiting) == 2 * len(kept[-1]), "whole traces only"

    assert kept[0] == kept[1]
    assert 60 < len(kept[0]) < 140


async def test_without_an_endpoint_it_does_not_begin() -> None:
    module = TracesModule(name="traces", bus=a_bus(FakeClock()), clock=FakeClock())

    with pytest.raises(InvalidConfig, match="where the collector is"):
        await module.start()


@pytest.mark.parametrize(
    ("settings", "url", "headers"),
    [
        ({"endpoint": "http://c:4318"}, "http://c:4318/v1/traces", {}),
        (
            {"endpoint": "https://c/otlp", "token": "abc"},
            "https://c/otlp",
            {"Authorization": "Bearer abc"},
        ),
        (
            {"endpoint": "http://c:4318/", "token": "abc", "token_header": "x-team"},
            "http://c:4318/v1/traces",
            {"x-team": "abc"},
        ),
    ],
)
def test_where_spans_go_and_what_goes_with_them(
    settings: dict[str, Any], url: str, headers: dict[str, str]
) -> None:
    config = TracesConfig.model_validate(settings)

    assert config.url() == url
    assert config._headers() == headers


def test_a_failure_is_told_without_its_secrets() -> None:
    SECRETS.hide("hunter2-hunter2")

    told = readable(span(error="no answer from http://x/?key=hunter2-hunter2"))

    assert told.status.status_code is StatusCode.ERROR
    assert told.status.description == "no answer from http://x/?key=***"


def test_a_span_that_is_told_again_is_the_same_one() -> None:
    first, again = readable(span()), readable(span())
    other = readable(span(attributes={"attempt": 2}))

    assert first.get_span_context() == again.get_span_context()
    assert first.get_span_context() != other.get_span_context()
    assert trace_id("yard/s1/9") == trace_id("yard/s1/9") != trace_id("yard/s1/10")


async def test_what_runs_within_a_span_is_told_also_where_it_raises() -> None:
    clock = FakeClock()
    bus = a_bus(clock)
    told: list[Payload] = []

    async def hear(topic: str, fact: Payload) -> None:
        del topic
        told.append(fact)

    bus.subscribe(SPAN, hear, name="test")
    tracer = Tracer(bus, clock, "w1")
    with tracer.span("deliver", "yard/s1/9", channel="phone") as doing:
        clock.advance(2.0)
        doing.attributes["attempt"] = 1
        doing.error = "nobody there"
    with pytest.raises(KeyError), tracer.span("decide", "yard/s1/9"):
        raise KeyError("lost")
    with tracer.span("decide", None):
        pass
    await bus.drain()

    deliver, decide = told
    assert isinstance(deliver, Span)
    assert isinstance(decide, Span)
    assert (deliver.ended - deliver.began).total_seconds() == 2.0
    assert deliver.attributes == {"channel": "phone", "attempt": 1}
    assert (deliver.error, deliver.component) == ("nobody there", "w1")
    assert decide.error == "KeyError: 'lost'"


def test_a_part_that_stands_alone_tells_nobody() -> None:
    with SILENT.span("decide", "yard/s1/9") as doing:
        assert doing.error == ""
