"""Tells how the bus is, on the bus itself: every few seconds, and at once when it is in trouble."""

import threading
from collections import Counter
from dataclasses import asdict

from vedette.bus.port import ALARMING, EventBus, Happening, Told
from vedette.contracts.bus_status import BusAlert, BusStatus, SubscriberStatus
from vedette.contracts.topics import BUS_STATUS, find_topic
from vedette.kit.clock import Clock

QUIET_S = 1.0
"""The same trouble of the same subscriber is told at most this often."""
MOST_TOPICS = 10_000
OTHERS = "other"

_ALERTS = {
    Happening.HIGH_WATER: BusAlert.HIGH_WATER,
    Happening.DROPPED: BusAlert.OVERFLOW,
    Happening.TIMED_OUT: BusAlert.TIMEOUT,
}
_REASONS = {
    BusAlert.HIGH_WATER: "{whom} does not keep up: its queue fills",
    BusAlert.OVERFLOW: "{whom} did not keep up: the oldest that waited for it was dropped",
    BusAlert.TIMEOUT: "{whom} took too long over {topic}, and was given up after {seconds:.1f} s",
}


class BusReporter:
    """Watches one bus; `run` in a task. Works with every adapter."""

    def __init__(self, bus: EventBus, clock: Clock, *, every_s: float) -> None:
        self._bus = bus
        self._clock = clock
        self.every_s = every_s
        """Between two reports."""
        self._lock = threading.Lock()
        self._facts: Counter[str] = Counter()
        self._lines: dict[str, str] = {}
        self._told_at_s: dict[tuple[Happening, str], float] = {}
        self.alerts: Counter[str] = Counter()
        """Told so far, by kind."""

    async def run(self) -> None:
        """Report until cancelled."""
        unwatch = self._bus.watch(self._hear)
        try:
            while True:
                await self._clock.sleep(self.every_s)
                if self._bus.wanted(BUS_STATUS):
                    self._bus.publish(BUS_STATUS, self.status())
        finally:
            unwatch()

    @property
    def facts(self) -> dict[str, int]:
        """Facts published so far, by line of the catalogue."""
        with self._lock:
            return dict(self._facts)

    def status(self, told: Told | None = None) -> BusStatus:
        """How the bus is now.

        Args:
            told: what is wrong.
        """
        figures = self._bus.stats()
        alert = None if told is None else _ALERTS[told.what]
        return BusStatus(
            at=self._clock.now(),
            alert=alert,
            reason=_reason(alert, told) if alert and told else "",
            topic=told.topic if told else "",
            subscriber=told.subscriber if told else "",
            depth=sum(each.depth for each in figures),
            in_flight=sum(each.in_flight for each in figures),
            lag_s=max((each.lag_s for each in figures), default=0.0),
            subscribers=tuple(SubscriberStatus(**asdict(each)) for each in figures),
            facts=self.facts,
        )

    def _hear(self, told: Told) -> None:
        """In the thread where it happens."""
        if told.what is Happening.PUBLISHED:
            self._count(told.topic)
        elif told.what in ALARMING and told.topic != BUS_STATUS and self._is_news(told):
            self._bus.publish(BUS_STATUS, self.status(told))

    def _count(self, topic: str) -> None:
        with self._lock:
            line = self._lines.get(topic)
            if line is None:
                known = find_topic(topic)
                line = OTHERS if known is None else known.name
                if len(self._lines) < MOST_TOPICS:
                    self._lines[topic] = line
            self._facts[line] += 1

    def _is_news(self, told: Told) -> bool:
        now_s, key = self._clock.monotonic(), (told.what, told.subscriber or told.topic)
        with self._lock:
            if now_s - self._told_at_s.get(key, -QUIET_S) < QUIET_S:
                return False
            self._told_at_s[key] = now_s
            self.alerts[_ALERTS[told.what].value] += 1
        return True


def _reason(alert: BusAlert, told: Told) -> str:
    whom = told.subscriber or "whoever was asked"
    return _REASONS[alert].format(whom=whom, topic=told.topic, seconds=told.seconds)
