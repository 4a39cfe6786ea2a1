"""A space of Google Chat, as far as its webhooks go: checks the token, the shape and the size."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.servers.web import Heard, Reply, WebServer

KEY, TOKEN = "AIza-a-key", "a-token%3D"
"""As they stand in the address."""
MOST_TEXT = 4096
MOST_BYTES = 32_000


class ChatSpace(WebServer):
    """Keeps messages by their request id: the same twice is one. `first` are refusals to begin."""

    def __init__(self, *first: Reply) -> None:
        super().__init__()
        self._first = list(first)
        self.messages: dict[str, dict[str, Any]] = {}

    @property
    def webhook(self) -> str:
        return f"{self.url}/v1/spaces/AAAA/messages?key={KEY}&token={TOKEN}"

    def answer(self, request: Heard) -> Reply:
        parts = urlsplit(request.path)
        asked = {key: values[0] for key, values in parse_qs(parts.query).items()}
        if parts.path != "/v1/spaces/AAAA/messages":
            return _error(404, "Requested entity was not found.")
        if (asked.get("key"), asked.get("token")) != (KEY, "a-token="):
            return _error(401, "The caller does not have permission")
        if self._first:
            return self._first.pop(0)
        message = json.loads(request.body)
        problem = fault_of(message)
        if problem or len(request.body) > MOST_BYTES:
            return _error(400, f"Invalid JSON payload received. {problem}")
        self.messages.setdefault(asked["requestId"], message)
        return Reply(body=b'{"name": "spaces/AAAA/messages/1"}')


def fault_of(message: dict[str, Any]) -> str:
    """What Chat would not take."""
    if set(message) == {"text"}:
        return "" if 0 < len(message["text"]) <= MOST_TEXT else "text is too long"
    if set(message) != {"cardsV2"}:
        return f"Unknown name {set(message)}"
    for each in message["cardsV2"]:
        card = each["card"]
        if not each["cardId"] or not card["header"]["title"] or not card["sections"]:
            return "a card has an id, a title and sections"
        for section in card["sections"]:
            for widget in section["widgets"]:
                if set(widget) - {"textParagraph", "buttonList"} or len(widget) != 1:
                    return f"Unknown name {set(widget)}"
    return ""


def _error(status: int, message: str) -> Reply:
    body = {"error": {"code": status, "message": message}}
    return Reply(status=status, body=json.dumps(body).encode())
