"""A piece of long work that somebody asked for: an export, a backtest, an upload."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, Field

from vedette.contracts.payload import Fraction, Payload, Slug


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    """Given up: a dead letter, until somebody says `retry`."""
    CANCELLED = "cancelled"

    @property
    def over(self) -> bool:
        return self not in {JobState.QUEUED, JobState.RUNNING}


class Job(Payload):
    """One job at one moment."""

    id: UUID
    kind: Slug
    site_id: Slug
    arguments: dict[str, Any] = Field(default_factory=dict)
    priority: int = Field(default=0, ge=-10, le=10)
    """Each step is worth a minute of waiting: urgent ones overtake, and nobody waits for ever."""
    state: JobState = JobState.QUEUED
    progress: Fraction = 0.0
    note: str = ""
    """What it does now, in a few words."""
    attempts: int = 0
    most_attempts: int = Field(default=1, ge=1)
    result: dict[str, Any] = Field(default_factory=dict)
    error: str = ""
    """Why the latest attempt failed."""
    created_at: AwareDatetime
    updated_at: AwareDatetime
    next_at: AwareDatetime
    """Not before this."""
    started_at: datetime | None = None
    finished_at: datetime | None = None
