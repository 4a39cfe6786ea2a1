"""Names, numbers and places of other products as ours."""

import re
from collections.abc import Collection, Sequence
from typing import Any

from vedette.contracts.errors import InvalidConfig

LONGEST = 64


def slug(name: str, taken: Collection[str] = ()) -> str:
    """An id of ours for a name: small letters, digits, `_` and `-`, and none that is taken."""
    plain = re.sub(r"[^a-z0-9_-]+", "_", name.lower()).strip("_")[:LONGEST] or "camera"
    found, number = plain, 1
    while found in taken:
        number += 1
        found = f"{plain[: LONGEST - 4]}_{number}"
    return found


def number(value: Any, place: str) -> float:
    """A number, also one that stands in quotes.

    Raises:
        InvalidConfig: it is none.
    """
    try:
        if isinstance(value, bool):
            raise TypeError
        return float(value)
    except (TypeError, ValueError):
        raise InvalidConfig(f"{place}: {value!r} is no number") from None


def words(value: Any) -> list[str]:
    """A list of words, also of one that stands alone."""
    if value is None:
        return []
    return [str(each) for each in (value if isinstance(value, list) else [value])]


def polygons(value: Any) -> list[list[float]]:
    """Corners as they are written: `x,y,x,y`, or a list of such texts, one for each polygon.

    Raises:
        InvalidConfig: they make no polygon.
    """
    found: list[list[float]] = []
    texts = value if isinstance(value, list) else [value]
    if texts and all(isinstance(each, str) and each.count(",") == 1 for each in texts):
        texts = [",".join(texts)]  # one point a line
    for text in texts:
        flat = [number(part, "a corner") for part in str(text).split(",") if part.strip()]
        if len(flat) < 6 or len(flat) % 2:
            raise InvalidConfig(f"{text!r} is no polygon; it has three corners or more, x,y each")
        found.append(flat)
    return found


def fractions(flat: Sequence[float], size: tuple[float, float] | None) -> list[list[float]] | None:
    """Corners as fractions of the picture; None for pixels of a picture of unknown size."""
    scale = (1.0, 1.0)
    if max(flat) > 1.0:
        if size is None:
            return None
        scale = size
    pairs = zip(flat[::2], flat[1::2], strict=True)
    return [[_part(x, scale[0]), _part(y, scale[1])] for x, y in pairs]


def _part(value: float, whole: float) -> float:
    return round(min(1.0, max(0.0, value / whole)), 4)
