"""The tally keeps the contract of modules, and counts each event once."""

from typing import Any

from vedette.bus.port import EventBus
from vedette.contracts.module import Module, ModuleRequest
from vedette.testing.fakes import FakeClock
from vedette.testing.module_contract import ModuleContract, a_bus
from vedette.testing.store_samples import make_event
from vedette_doorbell.tally import TallyModule


class TestTally(ModuleContract):
    settings: dict[str, Any] = {"cameras": ["yard"]}  # noqa: RUF012

    def make(self, bus: EventBus, clock: FakeClock) -> Module:
        return TallyModule(name="tally", bus=bus, clock=clock)


async def test_make_event_that_is_told_twice_counts_once() -> None:
    clock = FakeClock()
    bus = a_bus(clock)
    tally = TallyModule(name="tally", bus=bus, clock=clock)
    await tally.start()

    event = make_event()
    for _ in range(2):
        bus.publish("event.opened", event)
    await bus.drain()
    answer = await tally.handle_request(ModuleRequest(module="tally", what="count"))

    assert answer.result == {event.camera_id: 1}
