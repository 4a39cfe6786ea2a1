"""What people on the other side of a channel may do, and channels that hear them."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID


class Hands(Protocol):
    """What the product does for them. Every method may raise `VedetteError`: its sentence is the
    answer."""

    async def acknowledge(self, alert_id: UUID, by: str) -> str:
        """Somebody knows of it; returns the answer in words."""
        ...

    async def mute(self, alert_id: UUID, lasts_s: float, by: str) -> str:
        """Nobody is told of the alert's camera and rule for a while."""
        ...

    async def status(self) -> str:
        """How the cameras are, a line each."""
        ...

    async def snapshot(self, camera_id: str) -> bytes:
        """The latest picture of a camera, as JPEG."""
        ...

    async def switch(self, camera_id: str, *, on: bool, by: str) -> str:
        """Look for objects at a camera, or only show and record it."""
        ...

    def cameras(self) -> Sequence[str]:
        """Ids of the cameras that there are."""
        ...


class Hearing(Protocol):
    """A channel that people answer on; `hears` says whether it is to."""

    @property
    def hears(self) -> bool: ...

    async def hear(self, hands: Hands) -> None:
        """Do what they want, until cancelled.

        Raises:
            DeliveryFailed, DeliveryRefused: the far end cannot be asked now.
        """
        ...
