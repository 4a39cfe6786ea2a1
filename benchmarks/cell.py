"""One figure beside its peer and its target: what every benchmark hands back."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

_TARGET = re.compile(r"^(<=|<|>=|>) ([0-9.]+)(x?)(?: .*)?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A line of the table."""

    row: int
    """Number of the yardstick's row, see docs/performance.md."""
    metric: str
    workload: str
    unit: str
    """Of `ours` and `peer`."""
    ours: float
    peer: float | None = None
    peer_name: str = ""
    ratio: float | None = None
    """`ours / peer`."""
    spread: tuple[float, float] | None = None
    """Lowest and highest of the rounds: of the ratio where there is a peer, else of `ours`."""
    target: str = ""
    """`<= 0.55x` speaks of the ratio, `<= 0.13 ms` of `ours`; words may follow. Empty: none."""
    met: bool | None = None
    """None where there is no target, or a peer that it needs is missing."""
    why: str = ""
    """A sentence: why it is missed, or what else a reader should know."""

    @property
    def key(self) -> tuple[int, str, str, str]:
        """What makes two cells the same one, measured at different times."""
        return self.row, self.metric, self.workload, self.peer_name

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)

    @staticmethod
    def of(values: dict[str, Any]) -> "Cell":
        """The reverse of `plain`."""
        spread = values.get("spread")
        return Cell(**{**values, "spread": None if spread is None else tuple(spread)})


def judged(cell: Cell) -> Cell:
    """With its ratio, and whether the target is met.

    Raises:
        ValueError: the target cannot be read.
    """
    ratio = cell.ours / cell.peer if cell.peer else None
    met: bool | None = None
    if cell.target:
        found = _TARGET.match(cell.target)
        if found is None:
            raise ValueError(f"the target {cell.target!r} is none: write `<= 0.55x` or `>= 0.99`")
        sign, number, of_ratio = found.groups()
        value = ratio if of_ratio else cell.ours
        met = None if value is None else _holds(value, sign, float(number))
    return replace(cell, ratio=ratio, met=met)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is measured, before it is: the fields are those of `Cell`."""

    row: int
    metric: str
    workload: str
    unit: str
    peer_name: str = ""
    target: str = ""
    why: str = ""


def compared(asked: Question, ours: Sequence[float], peer: Sequence[float] = ()) -> Cell:
    """The cell of some rounds; the best (lowest) of each side counts.

    Args:
        ours: one figure per round.
        peer: the same of the peer, measured in turns with ours; empty where there is none.
    """
    pairs = zip(ours, peer, strict=True) if peer else ()
    rounds = [mine / theirs for mine, theirs in pairs if theirs] if peer else list(ours)
    return judged(
        Cell(
            **asdict(asked),
            ours=min(ours),
            peer=min(peer) if peer else None,
            spread=(min(rounds), max(rounds)) if len(rounds) > 1 else None,
        )
    )


def _holds(value: float, sign: str, bound: float) -> bool:
    return {
        "<=": value <= bound,
        "<": value < bound,
        ">=": value >= bound,
        ">": value > bound,
    }[sign]
