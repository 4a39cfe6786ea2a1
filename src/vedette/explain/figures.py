"""Figures as people say them."""

from collections.abc import Callable
from typing import Any

from vedette.contracts.verdict import Numbers

Say = Callable[[Numbers], str]
"""The words for the figures of a verdict."""


def span(seconds: Any) -> str:
    """`7.2 s`, `2 min 5 s`, `1 h 3 min`."""
    value = float(seconds)
    if value < 60:
        return f"{value:.1f} s"
    whole = int(value)
    parts = (whole // 3600, "h"), (whole // 60 % 60, "min"), (whole % 60, "s")
    return " ".join(f"{number} {unit}" for number, unit in parts if number)


def percent(part: Any) -> str:
    """A fraction as people say it: `0.02 %`, `3.2 %`, `62 %`."""
    value = 100 * float(part)
    if value < 0.1:
        return f"{value:.1g} %"
    return f"{value:.1f} %" if value < 10 else f"{value:.0f} %"


def below(value: Any, digits: int = 2) -> str:
    """The largest number of so many digits that is not above it."""
    scale = 10**digits
    return f"{int(float(value) * scale + 1e-9) / scale:g}"
