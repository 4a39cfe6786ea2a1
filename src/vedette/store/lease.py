"""When a row that was taken, or put off, may be taken again; also where the clock was put back."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, or_

FARTHEST = timedelta(hours=1)
"""No lease and no pause is longer. What lies further ahead was noted by a clock that has been put
back since: waiting for it could take years."""


def is_over(until: Any, now: datetime) -> ColumnElement[bool]:
    """True of rows whose time has come.

    Args:
        until: the column; empty where nobody holds the row.
    """
    return or_(until.is_(None), until <= now, until > now + FARTHEST)
