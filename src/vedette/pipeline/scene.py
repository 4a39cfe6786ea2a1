"""What a camera's pictures are judged and drawn by, as far as it may change between two of them."""

from collections.abc import Callable
from dataclasses import dataclass

from vedette.contracts.event import Event
from vedette.pipeline.book import Capture
from vedette.pipeline.live import Draw
from vedette.rules.build import BuiltRule
from vedette.zones.zones import Zones


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Of one camera."""

    zones: Zones
    rules: tuple[BuiltRule, ...]
    draw: Draw
    """The live picture."""
    begin_capture: Callable[[Event, int], Capture]
    """Starts the media of an event; told the time of its first sample."""
    ring_s: float
    """How long packets are kept for clips: a rule that waits needs what was before."""
