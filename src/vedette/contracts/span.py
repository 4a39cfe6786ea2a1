"""How long one thing took, on the way from a picture to a message on somebody's phone."""

from pydantic import AwareDatetime, Field

from vedette.contracts.payload import Payload

Value = str | int | float | bool

CONTROL = "control"
"""The main process, as logs and traces call it."""


class Span(Payload):
    """Topic `telemetry.span`. All that began with one picture is one trace: its `correlation_id`.

    Told only where somebody collects traces.
    """

    name: str = Field(min_length=1, max_length=100)
    correlation_id: str = Field(min_length=1, max_length=300)
    component: str = CONTROL
    """The process."""
    began: AwareDatetime
    ended: AwareDatetime
    whole: bool = False
    """It is the picture itself; everything else of the trace belongs to it."""
    attributes: dict[str, Value] = Field(default_factory=dict)
    error: str = ""
    """Why it failed; empty where it did not."""
