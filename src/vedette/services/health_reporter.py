"""Tells on the bus how the modules are: each of them, all of them, and what has changed."""

from vedette.contracts.bus import Bus
from vedette.contracts.health import HealthLevel, HealthSummary, ModuleState, StatusReport
from vedette.contracts.topics import (
    HEALTH_ANALYTICS,
    HEALTH_SUMMARY,
    STATUS_REPORT,
    health_topic,
)


class HealthReporter:
    """Hand every summary to `report`."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._before: dict[str, tuple[ModuleState, HealthLevel]] = {}

    async def report(self, summary: HealthSummary) -> None:
        """Publish what somebody listens for."""
        for module in summary.modules:
            topic = health_topic(module.name)
            if self._bus.wanted(topic):
                self._bus.publish(topic, module)
            before = self._before.get(module.name)
            now = (module.state, module.level)
            if now == before:
                continue
            self._before[module.name] = now
            self._bus.publish(
                STATUS_REPORT,
                StatusReport(
                    at=module.at,
                    module=module.name,
                    state=module.state,
                    level=module.level,
                    detail=module.detail,
                    before=before[0] if before else None,
                ),
            )
        for topic in (HEALTH_SUMMARY, HEALTH_ANALYTICS):
            if self._bus.wanted(topic):
                self._bus.publish(topic, summary)
