"""Numbers with units, as people write them: `5s`, `2 min`, `500 MB`, `10 fps`, `80%`."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

_SECONDS = {"ms": 1e-3, "s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_DAYS = {"h": 1 / 24, "d": 1.0, "day": 1.0, "days": 1.0, "w": 7.0, "weeks": 7.0, "y": 365.0}
_GB = {"mb": 1e-3, "gb": 1.0, "tb": 1000.0}
_MB = {"kb": 1e-3, "mb": 1.0, "gb": 1000.0}
_RATE = {"fps": 1.0, "hz": 1.0, "/s": 1.0}
_PART = {"%": 0.01}

UNITS: Mapping[str, Mapping[str, float]] = {
    "_s": _SECONDS,
    "_days": _DAYS,
    "_gb": _GB,
    "_mb": _MB,
    "fps": _RATE,
    "watermark": _PART,
    "score": _PART,
}
"""By the end of a setting's name: what a number of each unit is worth in the setting's own."""

_NUMBER = re.compile(r"\s*([+-]?\d+(?:\.\d+)?)\s*([a-z/%]*)\s*", re.IGNORECASE)


def normalised(names: Iterable[str], data: Any) -> Any:
    """Settings with plain numbers where their names say which unit they have.

    What is no number with a unit that fits stays as it is, for whoever validates it to refuse.
    """
    if not isinstance(data, Mapping):
        return data
    known = set(names)
    return {
        key: _number(key, value) if key in known and isinstance(value, str) else value
        for key, value in data.items()
    }


def _number(name: str, text: str) -> float | int | str:
    units = next((units for end, units in UNITS.items() if name.endswith(end)), None)
    found = _NUMBER.fullmatch(text)
    if units is None or found is None:
        return text
    number, unit = found.groups()
    if unit and unit.lower() not in units:
        return text
    value = float(number) * (units[unit.lower()] if unit else 1.0)
    return int(value) if value.is_integer() else value


def measured(text: str) -> tuple[float | None, str]:
    """`12 km/h` as 12.0 and `km/h`; None where it does not begin with a number."""
    found = _NUMBER.fullmatch(text)
    if found is None:
        return None, ""
    return float(found[1]), found[2].lower()


def seconds_of(value: Any) -> Any:
    """`1.5 min` as 90.0; what is no text stays as it is.

    Raises:
        ValueError: the text is no time.
    """
    if not isinstance(value, str):
        return value
    number, unit = measured(value)
    if number is None or (unit and unit not in _SECONDS):
        raise ValueError(f"{value!r} is no time; write for example 5, '5s', '90 min', '2h'")
    return number * (_SECONDS[unit] if unit else 1.0)
