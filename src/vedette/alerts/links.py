"""Addresses in messages that open one event without an account, for some days, and nothing else.

A token is `version, end, event, mac` in base64url: the mac is HMAC-SHA256 (RFC 2104) over what is
before it, cut to 128 bits, which RFC 2104 (section 5) allows.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from vedette.contracts.errors import LinkExpired, NotFound
from vedette.contracts.event import Event

PATH = "/l/"
"""What these addresses begin with."""
_PURPOSE = b"vedette/link/event"
_VERSION = b"\x01"
_MAC_BYTES = 16
_HEAD_BYTES = 1 + 4 + 16


class LinkSigner:
    """Makes tokens, and knows its own."""

    def __init__(self, key: bytes) -> None:
        """Take the key; whoever has it can open every event.

        Raises:
            ValueError: it is shorter than 32 bytes.
        """
        if len(key) < 32:
            raise ValueError("a key of links has 32 bytes or more")
        self._key = key

    def token(self, event_id: UUID, until: datetime) -> str:
        """Good for one event, to the second."""
        head = _VERSION + int(until.timestamp()).to_bytes(4, "big") + event_id.bytes
        return urlsafe_b64encode(head + self._mac(head)).rstrip(b"=").decode()

    def read(self, token: str, now: datetime) -> UUID:
        """The event that a token opens.

        Raises:
            NotFound: it is not one of ours, or was changed on the way.
            LinkExpired: it was good until a while ago.
        """
        try:
            raw = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
        except (ValueError, UnicodeEncodeError):
            raw = b""
        head, mac = raw[:_HEAD_BYTES], raw[_HEAD_BYTES:]
        as_made = urlsafe_b64encode(raw).rstrip(b"=").decode() == token
        if not as_made or not hmac.compare_digest(mac, self._mac(head)) or head[:1] != _VERSION:
            raise NotFound(
                "this link is not complete, or was made before its key was changed; take it anew "
                "from the message"
            )
        until_s = int.from_bytes(head[1:5], "big")
        if now.timestamp() > until_s:
            until = datetime.fromtimestamp(until_s, UTC)
            raise LinkExpired(
                f"this link was good until {until:%Y-%m-%d %H:%M} UTC; the event itself is on the "
                "page of Vedette, as long as it is kept"
            )
        return UUID(bytes=head[5:])

    def _mac(self, head: bytes) -> bytes:
        return hmac.digest(self._key, _PURPOSE + head, "sha256")[:_MAC_BYTES]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLinks:
    """The address of an event for who gets a message: the same event, the same address."""

    base_url: str
    signer: LinkSigner
    lasts: timedelta

    def of(self, event: Event) -> str:
        token = self.signer.token(event.id, event.opened_at + self.lasts)
        return f"{self.base_url.rstrip('/')}{PATH}{token}"
