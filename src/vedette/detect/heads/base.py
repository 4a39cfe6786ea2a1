"""What all heads share: candidates, and the check that an output is shaped as expected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from vedette.contracts.errors import ModelUnavailable
from vedette.contracts.sight import F32

Outputs = Mapping[str, F32]
"""The graph's outputs by name, for one picture (batch of 1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of a head besides the outputs."""

    width: int
    """Of the input tensor, in pixels."""
    height: int
    classes: int
    """Number of labels."""
    score: float
    """What is below is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """n boxes before suppression."""

    boxes: F32
    """(n, 4) x1 y1 x2 y2 in pixels of the input tensor; may reach outside."""
    scores: F32
    """(n,) 0..1."""
    classes: npt.NDArray[np.intp]
    """(n,) index of the label."""
    keypoints: F32 | None = None
    """(n, k, 3) x y in pixels of the input tensor, score 0..1; None where the model has none."""


class Decode(Protocol):
    """Reads one picture's outputs.

    Raises:
        ModelUnavailable: an output is missing or has another shape; the sentence says which.
    """

    def __call__(self, outputs: Outputs, asked: Question) -> Candidates: ...


def take(outputs: Outputs, name: str, shape: Sequence[int | None], head: str) -> F32:
    """An output without its batch axis, checked against `shape` (None: any size)."""
    if name not in outputs:
        raise ModelUnavailable(
            f"the head {head!r} expects an output {name!r}; the model has: {', '.join(outputs)}"
        )
    array = outputs[name]
    wanted = (1, *shape)
    fits = len(array.shape) == len(wanted) and all(
        size is None or size == found for size, found in zip(wanted, array.shape, strict=True)
    )
    if not fits:
        expected = " x ".join("any" if size is None else str(size) for size in wanted)
        found = " x ".join(str(size) for size in array.shape)
        raise ModelUnavailable(
            f"the head {head!r} expects the output {name!r} to be {expected}, it is {found}"
        )
    return np.asarray(array[0], dtype=np.float32)


def levels(outputs: Outputs, kind: str, head: str) -> int:
    """How many outputs `kind_0`, `kind_1` ... there are, at least one."""
    count = sum(name.startswith(f"{kind}_") for name in outputs)
    if not count:
        raise ModelUnavailable(
            f"the head {head!r} expects outputs {kind}_0, {kind}_1 ...; "
            f"the model has: {', '.join(outputs)}"
        )
    return count


def joined(parts: Sequence[Candidates]) -> Candidates:
    """The candidates of several levels as one."""
    return Candidates(
        boxes=np.concatenate([part.boxes for part in parts]),
        scores=np.concatenate([part.scores for part in parts]),
        classes=np.concatenate([part.classes for part in parts]),
    )


def best_class(
    scores: F32, threshold: float
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], F32]:
    """Rows whose best class reaches the threshold.

    Args:
        scores: (n, classes).
    Returns:
        rows: (m,) indices; classes: (m,) the best class of each; best: (m,) its score.
    """
    rows = np.flatnonzero((scores >= threshold).any(axis=1))  # a third of the time of a maximum
    chosen = scores[rows]
    classes = chosen.argmax(axis=1)
    return rows, classes, chosen[np.arange(len(rows)), classes]
