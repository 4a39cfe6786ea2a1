"""Keyset paging: newest first, by time and id, so that new rows never move a page."""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from vedette.contracts.errors import InvalidInput
from vedette.kit.clock import from_us, to_us

MOST = 500
"""Rows of one page at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a page ended: the next one begins after this row."""

    at: datetime
    id: UUID

    def cursor(self) -> str:
        """Opaque and safe in a URL."""
        raw = to_us(self.at).to_bytes(8, "big", signed=True) + self.id.bytes
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")

    @staticmethod
    def of(cursor: str) -> "Place":
        """Read a cursor back.

        Raises:
            InvalidInput: it is not one that `cursor` made.
        """
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            if len(raw) != 24:
                raise ValueError("wrong length")
            at = from_us(int.from_bytes(raw[:8], "big", signed=True))
        except (ValueError, OverflowError, binascii.Error) as error:
            raise InvalidInput(
                f"{cursor[:80]!r} is not a cursor; give the one that came with the last page"
            ) from error
        return Place(at=at, id=UUID(bytes=raw[8:]))


def demand_limit(limit: int) -> int:
    """The size of a page, 1 to `MOST`.

    Raises:
        InvalidInput: outside of that.
    """
    if not 1 <= limit <= MOST:
        raise InvalidInput(f"a page has 1 to {MOST} rows, not {limit}")
    return limit
