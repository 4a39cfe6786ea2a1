"""What is different between two settings as plain values, by key; things with an id by it."""

from collections.abc import Iterator
from typing import Any

from vedette.config.document import MISSING

Difference = tuple[str, Any, Any]
"""Key, as `vedette config where` takes it; what it was; what it is, or `MISSING`."""


def differences(old: Any, new: Any, at: str = "") -> Iterator[Difference]:
    """Each key that is different; of what one does not have at all only the outermost."""
    old, new = by_id(old), by_id(new)
    if not (isinstance(old, dict) and isinstance(new, dict)):
        if old != new:
            yield at, old, new
        return
    for key in sorted(old.keys() | new.keys()):
        here = f"{at}.{key}" if at else key
        yield from differences(old.get(key, MISSING), new.get(key, MISSING), here)


def by_id(value: Any) -> Any:
    """Lists of things with an id as mappings from it."""
    if (
        isinstance(value, list)
        and value
        and all(isinstance(x, dict) and x.get("id") for x in value)
    ):
        return {str(each["id"]): each for each in value}
    return value
