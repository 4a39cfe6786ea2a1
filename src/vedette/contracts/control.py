"""What people want of a running product, as facts: commands, and what drills did."""

from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, Field

from vedette.contracts.payload import Payload, Slug


class ControlCommand(Payload):
    """Topic `dashboard.control.command`. The same id twice is one command."""

    id: UUID
    at: AwareDatetime
    command: str = Field(min_length=1, max_length=100)
    """`resilience.toggle`, ..."""
    target: str = ""
    """What it is about: a scenario, a camera."""
    arguments: dict[str, Any] = Field(default_factory=dict)
    actor: str = ""
    """Who wants it."""


class ResilienceEvent(Payload):
    """Topic `status.resilience.event`: a scenario began or ended."""

    at: AwareDatetime
    scenario: Slug
    action: str
    """`on`, or `off`."""
    reason: str = ""
    """Who wanted it, or that its time was over."""
    kind: str
    topics: str
    """Pattern of the topics that it meddles with."""
    seen: int = 0
    """Facts that it has seen in this episode."""
    lost: int = 0
    delayed: int = 0
    added: int = 0
    """Copies beyond the first."""
