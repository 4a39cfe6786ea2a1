"""Asks a running product about messages to people."""

from pydantic import TypeAdapter

from vedette.app.asking import Asking
from vedette.contracts.delivery import Message

PATH = "/api/v1/messages"
_MESSAGE = TypeAdapter(Message)
_MESSAGES = TypeAdapter(list[Message])


class MessagesOf:
    """The messages of the product at an address; every method raises as `Asking.ask`."""

    def __init__(self, address: str) -> None:
        self._product = Asking(address)

    def find(
        self, *, statuses: tuple[str, ...] = (), channel: str = "", limit: int = 50
    ) -> list[Message]:
        params = {"status": list(statuses), "channel": channel, "limit": limit}
        return self._product.ask(_MESSAGES, "GET", PATH, params=params)

    def resend(self, number: int) -> Message:
        return self._product.ask(_MESSAGE, "POST", f"{PATH}/{number}/resend")
