"""Remembers who already has an alert, so that a second attempt goes only to the others."""

from collections import OrderedDict
from uuid import UUID


class Reached:
    """Targets by alert, for the latest alerts; in memory, so a restart forgets them."""

    def __init__(self, *, alerts: int = 256) -> None:
        self._alerts = alerts
        self._targets: OrderedDict[UUID, dict[str, int | None]] = OrderedDict()

    def add(self, alert: UUID, target: str, message: int | None = None) -> None:
        """`message` is what the target calls it, where it has numbers."""
        self._targets.setdefault(alert, {})[target] = message
        while len(self._targets) > self._alerts:
            self._targets.popitem(last=False)

    def missing(self, alert: UUID, targets: tuple[str, ...]) -> tuple[str, ...]:
        """The targets that do not have it yet, in order."""
        have = self._targets.get(alert, {})
        return tuple(target for target in targets if target not in have)

    def message(self, alert: UUID, target: str) -> int | None:
        """What the target calls it; None where that is not known, or no longer."""
        return self._targets.get(alert, {}).get(target)
