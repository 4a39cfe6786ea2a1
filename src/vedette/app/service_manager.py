"""Speaks to systemd, where it listens: ready, still alive, stopping (sd_notify(3))."""

import asyncio
import logging
import os
import socket
from collections.abc import Mapping

from vedette.contracts.health import HealthLevel, HealthSummary
from vedette.kit.clock import Clock

log = logging.getLogger(__name__)


class ServiceManager:
    """Silent where nobody listens. For a unit with `Type=notify` and, if wanted, `WatchdogSec=`."""

    def __init__(self, clock: Clock, environment: Mapping[str, str] = os.environ) -> None:
        self._clock = clock
        self._address = _address(environment.get("NOTIFY_SOCKET", ""))
        self.watchdog_s = _watchdog_s(environment) if self._address else None
        """How soon a sign of life must follow the last one; None where nobody waits for it."""

    @property
    def listens(self) -> bool:
        return self._address is not None

    def ready(self, address: str) -> None:
        """Everything runs."""
        self._say("READY=1", f"STATUS=watching; {address}")

    def stopping(self) -> None:
        self._say("STOPPING=1", "STATUS=closing open events and clips")

    async def report(self, summary: HealthSummary) -> None:
        """What is amiss goes into the status line."""
        amiss = [each.name for each in summary.modules if each.level is not HealthLevel.HEALTHY]
        names = f": {', '.join(amiss)}" if amiss else ""
        self._say(f"STATUS={summary.level.value}{names}")

    async def run(self) -> None:
        """Give signs of life until cancelled. They come from the loop that everything runs in, so
        that they end when it hangs."""
        if self.watchdog_s is None:
            await asyncio.Event().wait()
            return
        while True:
            self._say("WATCHDOG=1")
            await self._clock.sleep(self.watchdog_s / 2)

    def _say(self, *lines: str) -> None:
        if self._address is None:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
                line.setblocking(False)
                line.sendto("\n".join(lines).encode(), self._address)
        except OSError as error:
            log.warning("systemd cannot be told %s: %s", lines[0], error)


def _address(name: str) -> str | None:
    """Of the socket; a name that begins with `@` is not in the file system."""
    if not name:
        return None
    return f"\0{name[1:]}" if name.startswith("@") else name


def _watchdog_s(environment: Mapping[str, str]) -> float | None:
    """Seconds, where signs of life are wanted of this very process."""
    micros = environment.get("WATCHDOG_USEC", "")
    meant = environment.get("WATCHDOG_PID", str(os.getpid()))
    if not micros.isdigit() or int(micros) == 0 or meant != str(os.getpid()):
        return None
    return int(micros) / 1e6
