"""Commands are obeyed once, from wherever they come, and refused with a reason."""

from typing import Any
from uuid import uuid4

import pytest

from vedette.bus.memory import MemoryBus
from vedette.contracts.contract_notice import ContractNotice
from vedette.contracts.control import ControlCommand
from vedette.contracts.errors import InvalidInput
from vedette.contracts.payload import Payload
from vedette.services.commands import CommandDesk
from vedette.testing.fakes import FakeClock


class Bridge:
    """A desk that writes down what it is told."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.bus = MemoryBus(clock=self.clock)
        self.obeyed: list[str] = []
        self.refused: list[str] = []
        desk = CommandDesk(
            self.bus,
            self.clock,
            {"camera.toggle": self._obey, "module.restart": self._fail},
            others=frozenset({"resilience.toggle"}),
        )
        desk.open()
        self.bus.subscribe("status.contract", self._hear, name="test")

    async def _obey(self, command: ControlCommand) -> None:
        self.obeyed.append(command.target)

    async def _fail(self, command: ControlCommand) -> None:
        raise InvalidInput(f"the module {command.target} lives as long as the product")

    async def _hear(self, topic: str, fact: Payload) -> None:
        assert isinstance(fact, ContractNotice)
        self.refused.append(fact.reason)

    def command(self, name: str, target: str = "yard", **more: Any) -> ControlCommand:
        return ControlCommand(id=uuid4(), at=self.clock.now(), command=name, target=target, **more)

    async def say(self, *commands: ControlCommand, on: str = "dashboard.control.command") -> None:
        for command in commands:
            self.bus.publish(on, command)
        await self.bus.drain()


@pytest.fixture
def bridge() -> Bridge:
    return Bridge()


async def test_a_command_is_obeyed_once_under_whichever_name(bridge: Bridge) -> None:
    first, second = bridge.command("camera.toggle"), bridge.command("camera.toggle", "gate")

    await bridge.say(first, first)
    await bridge.say(first, second, on="dashboard.commands")
    await bridge.say(second, on="dashboard.phone.commands")

    assert bridge.obeyed == ["yard", "gate"]
    assert bridge.refused == []


async def test_what_cannot_be_obeyed_is_told_with_its_reason(bridge: Bridge) -> None:
    await bridge.say(bridge.command("module.restart", "bus"), bridge.command("dance"))

    assert bridge.refused == [
        "module.restart: the module bus lives as long as the product",
        "dance: there is no such command; there are: camera.toggle, module.restart, "
        "resilience.toggle",
    ]


async def test_what_a_module_obeys_is_left_to_it(bridge: Bridge) -> None:
    await bridge.say(bridge.command("resilience.toggle", "slow"))

    assert (bridge.obeyed, bridge.refused) == ([], [])
