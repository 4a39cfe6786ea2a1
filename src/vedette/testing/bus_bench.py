"""What tests of a bus work with."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from vedette.bus.port import EventBus
from vedette.contracts.payload import Payload


class Numbered(Payload):
    """A fact for tests."""

    number: int


class Correlated(Numbered):
    """One that says which frame it is about."""

    correlation_id: str


class Listener:
    """A handler that remembers what it heard; it raises for the numbers in `refuses`."""

    def __init__(self, *, refuses: tuple[int, ...] = ()) -> None:
        self.heard: list[tuple[str, int]] = []
        self._refuses = refuses

    async def __call__(self, topic: str, payload: Payload) -> None:
        assert isinstance(payload, Numbered)
        if payload.number in self._refuses:
            raise RuntimeError("on purpose")
        self.heard.append((topic, payload.number))

    @property
    def numbers(self) -> list[int]:
        return [number for _, number in self.heard]


@asynccontextmanager
async def running(bus: EventBus) -> AsyncIterator[EventBus]:
    """Serve the bus inside the block, and close it after."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(bus.run())
        await asyncio.sleep(0)  # noqa: TID251  it runs from here on
        try:
            yield bus
        finally:
            bus.close()
