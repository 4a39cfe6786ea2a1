"""Every event bus keeps the contract of buses."""

from vedette.bus.memory import MemoryBus
from vedette.testing.bus_contract import BusContract
from vedette.testing.fakes import FakeClock


class TestMemoryBus(BusContract):
    def make(self) -> MemoryBus:
        return MemoryBus(clock=FakeClock())
