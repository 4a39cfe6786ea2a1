"""How people are told."""

from typing import Protocol

from vedette.contracts.notice import Notice


class Channel(Protocol):
    """One way to reach people. One call is one attempt; the notifier retries."""

    async def send(self, notice: Notice) -> str:
        """Deliver, and return who or what was reached (for the log, without secrets).

        Raises:
            DeliveryFailed: trying again may help.
            DeliveryRefused: trying again is useless.
        """
        ...
