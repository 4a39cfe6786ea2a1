"""What people want of the running product, from wherever they say it: one desk for all commands."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from uuid import UUID

from vedette.bus.port import EventBus, Undo
from vedette.contracts.contract_notice import ContractKind, ContractNotice
from vedette.contracts.control import ControlCommand
from vedette.contracts.errors import VedetteError
from vedette.contracts.payload import Payload
from vedette.contracts.topics import COMMAND, CONTRACT
from vedette.kit.clock import Clock
from vedette.kit.recent import Recent

log = logging.getLogger(__name__)

ALIASES = ("dashboard.commands", "dashboard.*.commands")
"""Topics of the seed design that mean the same."""
REMEMBERED = 1000

Obey = Callable[[ControlCommand], Awaitable[None]]


class CommandDesk:
    """Obeys each command once, and says why not where it cannot."""

    def __init__(
        self,
        bus: EventBus,
        clock: Clock,
        obeyed: Mapping[str, Obey],
        *,
        others: frozenset[str] = frozenset(),
    ) -> None:
        """Take what it needs.

        Args:
            obeyed: what to do, by command.
            others: commands that modules obey themselves.
        """
        self._bus = bus
        self._clock = clock
        self._obeyed = dict(obeyed)
        self._others = others
        self._seen: Recent[UUID] = Recent(REMEMBERED)
        self._passed: Recent[UUID] = Recent(REMEMBERED)

    def open(self) -> tuple[Undo, ...]:
        """Hear commands from now on, until what is returned is called."""
        hear = self._bus.subscribe(COMMAND, self._hear, name="commands")
        aliases = [self._bus.subscribe(each, self._pass_on, name=each) for each in ALIASES]
        return (hear, *aliases)

    async def _pass_on(self, topic: str, fact: Payload) -> None:
        del topic
        if isinstance(fact, ControlCommand) and not self._passed.again(fact.id):
            self._bus.publish(COMMAND, fact)

    async def _hear(self, topic: str, fact: Payload) -> None:
        if not isinstance(fact, ControlCommand) or self._seen.again(fact.id):
            return
        if fact.command in self._others:
            return
        obey = self._obeyed.get(fact.command)
        if obey is None:
            there = ", ".join(sorted({*self._obeyed, *self._others}))
            self._refuse(topic, fact, f"there is no such command; there are: {there}")
            return
        try:
            await obey(fact)
        except VedetteError as error:
            self._refuse(topic, fact, str(error))

    def _refuse(self, topic: str, command: ControlCommand, why: str) -> None:
        log.warning("the command %s of %s: %s", command.command, command.actor or "somebody", why)
        notice = ContractNotice(
            at=self._clock.now(),
            kind=ContractKind.REJECTED,
            topic=topic,
            who=command.actor,
            reason=f"{command.command}: {why}",
        )
        self._bus.publish(CONTRACT, notice)
