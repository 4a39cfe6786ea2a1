"""Background jobs as others see them: ask for one, look at it, cancel it, have it tried again."""

import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from vedette.contracts.job import Job, JobState


class Task(Protocol):
    """A job as whoever does it sees it."""

    @property
    def job(self) -> Job: ...

    @property
    def stop(self) -> threading.Event:
        """Set when it is to end: cancelled, too late, or the product stops. For threads."""
        ...

    def tell(self, progress: float, note: str = "") -> None:
        """Say how far it is (0 to 1) and what it does; from any thread, as often as one likes."""
        ...


Check = Callable[[Mapping[str, Any]], None]
"""Raises `InvalidInput` where arguments make no sense."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a job of this name does."""

    name: str
    run: Callable[[Task], Awaitable[Mapping[str, Any]]]
    """Does it, and returns what came of it. It may be cancelled at any point, and is begun anew
    after a crash: doing it twice must do no harm."""
    check: Check = lambda arguments: None
    limit_s: float = 3600.0
    """An attempt that takes longer is given up."""
    most_attempts: int = 3


class Jobs(Protocol):
    """Where jobs are asked for. Belongs to one loop."""

    async def enqueue(
        self,
        kind: str,
        arguments: Mapping[str, Any],
        *,
        site_id: str,
        priority: int = 0,
        job_id: UUID | None = None,
    ) -> Job:
        """Have something done; the same `job_id` twice is one job.

        Raises:
            InvalidInput: there is no such kind or site, or its arguments make no sense.
            StorageFailed: it cannot be kept now.
        """
        ...

    async def get(self, job_id: UUID) -> Job:
        """Raises NotFound where there is none."""
        ...

    async def find(
        self, *, states: Sequence[JobState] = (), kind: str = "", limit: int = 50
    ) -> tuple[Job, ...]:
        """The newest first; all states where none is named."""
        ...

    async def cancel(self, job_id: UUID) -> Job:
        """End it, at once or as soon as it can; what is over stays as it is."""
        ...

    async def retry(self, job_id: UUID) -> Job:
        """Have what failed or was cancelled done again.

        Raises:
            InvalidInput: it is done, or not over yet.
        """
        ...

    async def numbers(self) -> Mapping[JobState, int]:
        """How many there are in each state."""
        ...
