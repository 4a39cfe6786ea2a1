"""Tells how long something took that belongs to a trace; costs nothing where nobody collects."""

from datetime import timedelta
from types import TracebackType
from typing import Self

from vedette.bus.mute import MUTE
from vedette.contracts.bus import Bus
from vedette.contracts.span import CONTROL, Span, Value
from vedette.contracts.topics import SPAN
from vedette.kit.clock import Clock, SystemClock


class Tracer:
    """Of one part of the product. Safe from any thread."""

    def __init__(self, bus: Bus, clock: Clock, component: str = CONTROL) -> None:
        """`component`: the process, as `vedette status` calls it."""
        self._bus = bus
        self._clock = clock
        self._component = component

    def tell(
        self,
        name: str,
        correlation_id: str | None,
        took_s: float,
        *,
        error: str = "",
        attributes: dict[str, Value] | None = None,
    ) -> None:
        """This has just ended, having taken so long. What belongs to no picture is not told."""
        if not correlation_id or not self._bus.wanted(SPAN):
            return
        ended = self._clock.now()
        span = Span(
            name=name,
            correlation_id=correlation_id,
            component=self._component,
            began=ended - timedelta(seconds=max(0.0, took_s)),
            ended=ended,
            attributes=attributes or {},
            error=error,
        )
        self._bus.publish(SPAN, span)

    def span(self, name: str, correlation_id: str | None, **attributes: Value) -> "Doing":
        """What runs within `with` is told when it is over, also where it raises."""
        return Doing(self, self._clock, name, correlation_id, attributes)


class Doing:
    """Something that goes on. Give it more attributes, or an error that was not raised."""

    def __init__(
        self,
        tracer: Tracer,
        clock: Clock,
        name: str,
        correlation_id: str | None,
        attributes: dict[str, Value],
    ) -> None:
        self.attributes = attributes
        self.error = ""
        self._tracer = tracer
        self._clock = clock
        self._name = name
        self._correlation_id = correlation_id
        self._began_s = 0.0

    def __enter__(self) -> Self:
        self._began_s = self._clock.monotonic()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self.error = f"{type(error).__name__}: {error}"
        took_s = self._clock.monotonic() - self._began_s
        self._tracer.tell(
            self._name,
            self._correlation_id,
            took_s,
            error=self.error,
            attributes=self.attributes,
        )


SILENT = Tracer(MUTE, SystemClock())
"""For parts that stand alone."""
