"""A webhook receiver as a user would write it: checks the signature, handles each id once."""

import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Any

from tests.servers.web import Heard, Reply, WebServer


class WebhookReceiver(WebServer):
    """Gives the replies of `first`, one a request, then 200; a wrong signature gets 401."""

    def __init__(self, *, secret: str | None = None, first: Sequence[Reply | int] = ()) -> None:
        super().__init__()
        self._secret = secret
        self._first = [Reply(status=each) if isinstance(each, int) else each for each in first]
        self.messages: dict[str, dict[str, Any]] = {}
        """Bodies of the requests answered with 200, by message id."""

    def answer(self, request: Heard) -> Reply:
        if self._secret is not None and not self._signed(request, self._secret):
            return Reply(status=401, body=b"wrong signature")
        if self._first:
            return self._first.pop(0)
        message = json.loads(request.body)
        self.messages.setdefault(message["id"], message)
        return Reply()

    @staticmethod
    def _signed(request: Heard, secret: str) -> bool:
        header = request.headers.get("x-vedette-signature", "")
        fields = dict(part.split("=", 1) for part in header.split(",") if "=" in part)
        signed = fields.get("t", "").encode() + b"." + request.body
        expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
        return hmac.compare_digest(fields.get("v1", ""), expected)
