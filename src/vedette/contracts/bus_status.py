"""How the bus is: told every few seconds, and at once when something is wrong."""

from enum import StrEnum

from pydantic import AwareDatetime

from vedette.contracts.payload import Payload


class BusAlert(StrEnum):
    """What is wrong."""

    HIGH_WATER = "high_water"
    """A queue fills."""
    OVERFLOW = "overflow"
    """A queue was full, and something was dropped."""
    TIMEOUT = "timeout"
    """A handler, or who was asked, took too long."""


class SubscriberStatus(Payload):
    """One subscriber."""

    name: str
    pattern: str
    capacity: int
    """Most transient facts that may wait."""
    depth: int
    """Facts that wait."""
    in_flight: int
    """Facts in hand."""
    delivered: int
    failed: int
    dropped: int
    lag_s: float
    """From publishing to handled: of the oldest that is not handled, else of the last one."""
    latencies_s: tuple[float, ...]
    """The same of the latest facts."""


class BusStatus(Payload):
    """Topic `status.bus`."""

    at: AwareDatetime
    alert: BusAlert | None = None
    """Absent in the periodic report."""
    reason: str = ""
    """A sentence, where something is wrong."""
    topic: str = ""
    subscriber: str = ""
    depth: int
    """Facts that wait, altogether."""
    in_flight: int
    lag_s: float
    """The longest of all subscribers."""
    subscribers: tuple[SubscriberStatus, ...]
    facts: dict[str, int]
    """Facts published so far, by line of the catalogue."""
