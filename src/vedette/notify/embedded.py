"""Channels that end in the product itself, and what they need of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from vedette.contracts.notice import Notice
from vedette.contracts.push import PushSubscription


class Inbox(Protocol):
    """Keeps messages for people who look into the product."""

    async def put(self, notice: Notice) -> None:
        """Keep it; what is kept already stays as it is. Raises StorageFailed."""
        ...


class Browsers(Protocol):
    """Browsers that want to be told."""

    @property
    def key(self) -> bytes:
        """The secret of our signatures, 32 bytes."""
        ...

    def admit(self, *, private: bool) -> None:
        """Somebody writes to them now; `private`: also to what is not in the internet."""
        ...

    async def all(self) -> Sequence[PushSubscription]:
        """Raises StorageFailed."""
        ...

    async def forget(self, subscription: PushSubscription) -> None:
        """It is no more. Raises StorageFailed."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductSide:
    """What a product gives to its channels."""

    inbox: Inbox
    browsers: Browsers


@runtime_checkable
class Embedded(Protocol):
    """A channel that does not work alone."""

    def embed(self, product: ProductSide) -> None:
        """Take what is needed, before the first message."""
        ...
