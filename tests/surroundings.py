"""What a camera is built into when a test watches it alone: a bus, a sink, a detector."""

from pathlib import Path

from vedette.app.build import Surroundings
from vedette.app.detectors import DetectorPool
from vedette.bus.memory import MemoryBus
from vedette.contracts.bus import Bus
from vedette.contracts.sink import EventSink
from vedette.detect.server import DetectorServer
from vedette.kit.clock import Clock
from vedette.pipeline.capture import at_once


def around(
    sink: EventSink,
    detector: DetectorPool | DetectorServer,
    clock: Clock,
    *,
    bus: Bus | None = None,
    parts: Path | None = None,
) -> Surroundings:
    """Where files of events are made at once, in the thread that asks for them."""
    return Surroundings(
        clock=clock,
        bus=bus or MemoryBus(clock=clock),
        sink=sink,
        detector=detector,
        work=at_once,
        parts=parts,
    )
