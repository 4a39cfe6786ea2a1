"""A browser that wants to be told: its push service's address, and the keys to write to it."""

from base64 import urlsafe_b64decode
from functools import partial
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, HttpUrl, UrlConstraints

POINT_BYTES = 65
"""An uncompressed point of P-256 (RFC 8291, section 2.1)."""
AUTH_BYTES = 16


def unpadded(text: str) -> bytes:
    """base64url without padding, as browsers write keys.

    Raises:
        ValueError: it is none.
    """
    return urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))


def _of_length(length: int, text: str) -> str:
    if len(unpadded(text)) != length:
        raise ValueError(f"it is base64url of {length} bytes")
    return text


class PushKeys(BaseModel):
    """Of one subscription (RFC 8291)."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    p256dh: Annotated[str, Field(max_length=100), AfterValidator(partial(_of_length, POINT_BYTES))]
    auth: Annotated[str, Field(max_length=40), AfterValidator(partial(_of_length, AUTH_BYTES))]


class PushSubscription(BaseModel):
    """As `PushSubscription.toJSON()` of a browser has it; errors never repeat it."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    endpoint: Annotated[HttpUrl, UrlConstraints(max_length=1000)]
    """Whoever knows it can have the browser told nothing, but may fill its queue: it is secret."""
    keys: PushKeys

    @property
    def host(self) -> str:
        """What may be said of it aloud."""
        return self.endpoint.host or ""


class PushKey(BaseModel):
    """What a browser needs to subscribe: `applicationServerKey` (base64url)."""

    model_config = ConfigDict(frozen=True)

    key: str
