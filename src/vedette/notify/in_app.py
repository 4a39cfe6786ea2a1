"""Keeps messages in the product, where people find them unread."""

from vedette.contracts.errors import DeliveryFailed, DeliveryRefused, StorageFailed
from vedette.contracts.notice import Notice
from vedette.kit.clock import Clock
from vedette.notify.embedded import Inbox, ProductSide
from vedette.notify.port import ChannelConfig


class InAppConfig(ChannelConfig):
    """Settings of the list of messages."""


class InAppChannel:
    """One row a message; the page and `/api/v1/inbox` show them."""

    Config = InAppConfig

    def __init__(self, config: InAppConfig, *, clock: Clock) -> None:
        del config, clock  # every channel is built alike
        self._inbox: Inbox | None = None

    def embed(self, product: ProductSide) -> None:
        self._inbox = product.inbox

    async def send(self, notice: Notice) -> str:
        if self._inbox is None:
            raise DeliveryRefused("messages are kept by a running product; look at its page")
        try:
            await self._inbox.put(notice)
        except StorageFailed as error:
            raise DeliveryFailed(f"the message could not be kept: {error}") from error
        return "the list of messages"

    async def close(self) -> None:
        """Nothing to give back."""
