"""Who besides moving pixels may open a camera's decode gate: the port for outside triggers."""

from dataclasses import dataclass
from typing import Protocol


class GateTrigger(Protocol):
    """Told that something outside the picture began or ended (a camera's own detection).

    Called from threads other than the camera's, so it must be quick, and safe to call at any time.
    """

    def __call__(self, name: str, at_us: int, *, active: bool) -> None:
        """Take note.

        Args:
            name: what it is: `motion`, `person`, `vehicle` ... (`vedette.onvif.topics`).
            at_us: when we learnt of it, by our clock: microseconds since 1970, UTC.
            active: True when it begins, False when it is over. Each name is told at its changes,
                so an end follows each begin, at the latest when the connection is lost.
        """
        ...


@dataclass(slots=True, kw_only=True)
class TriggerStats:
    """How the line to a camera's own events is. Written by the trigger's thread, read by anyone."""

    connected: bool = False
    detail: str = "not begun"
    """What it does, or why not."""
    notices: int = 0
    """Events with a word of ours."""
    unknown: int = 0
    """Events for which we have no word."""
    dropped: int = 0
    """Events beyond what is read of one camera."""
    changes: int = 0
    """What was told on."""
    reconnects: int = 0


class Beside(Protocol):
    """Runs beside a camera while it is watched (its `GateTrigger`'s other end)."""

    def start(self) -> None:
        """Begin, in threads of its own; returns at once."""
        ...

    def stop(self) -> bool:
        """End, within seconds; False where a thread is left behind."""
        ...
