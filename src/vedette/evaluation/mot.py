"""Reads boxes of tracked objects from MOTChallenge files, with or without a header."""

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vedette.contracts.errors import InvalidInput

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

HEADER = ("frame", "id", "left", "top", "width", "height", "score", "label")
"""Columns that `vedette analyze --tracks` writes; frames count from 1, boxes in pixels."""
_NEEDED = HEADER[:6]
_ALIASES = {"conf": "score", "confidence": "score", "class": "label"}
_KNOWN = {*HEADER, *_ALIASES, "visibility"}
_BARE_COLUMNS = range(6, 11)
"""MOTChallenge without a header: six columns, then confidence, then class or x, y, z."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Boxes:
    """n rows of a file, ordered by frame, then id; at most one row for each frame and id."""

    frames: I64
    """(n,) from 1."""
    ids: I64
    """(n,)"""
    boxes: F64
    """(n, 4) left, top, right, bottom in pixels."""
    labels: tuple[str, ...] | None
    """(n,) class names; None where the file has none."""

    def __len__(self) -> int:
        return len(self.frames)

    def pick(self, rows: npt.NDArray[np.bool_] | I64) -> "Boxes":
        """The rows chosen by a mask or by indices."""
        chosen = np.arange(len(self))[rows]
        labels = None if self.labels is None else tuple(self.labels[i] for i in chosen)
        return Boxes(
            frames=self.frames[chosen],
            ids=self.ids[chosen],
            boxes=self.boxes[chosen],
            labels=labels,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What is really there."""

    judged: Boxes
    aside: Boxes
    """Rows of confidence 0: "do not judge this", neither when it is found nor when it is not."""


def read_truth(path: Path) -> Truth:
    """Read a file of truth, see `read_boxes`.

    Raises:
        InvalidInput: as `read_boxes`.
    """
    rows = _sorted_rows(path)
    return Truth(
        judged=_boxes([row for row in rows if row.score != 0.0]),
        aside=_boxes([row for row in rows if row.score == 0.0]),
    )


def read_boxes(path: Path) -> Boxes:
    """Read one file.

    Two forms are read: with a header (`frame,id,left,top,width,height` in any order, and
    optionally `score`, `label`, `visibility`), and MOTChallenge's own without one (6 to 10 columns
    in that order, the seventh being a confidence).

    Args:
        path: the file, UTF-8.
    Raises:
        InvalidInput: the file cannot be read, or a row is malformed; file and line are named.
    """
    return _boxes(_sorted_rows(path))


def _sorted_rows(path: Path) -> "list[_Row]":
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path} is not a text file: {error}") from error
    rows = sorted(_rows(path, text), key=lambda row: (row.frame, row.id))
    _refuse_twins(path, rows)
    return rows


def _boxes(rows: "Sequence[_Row]") -> Boxes:
    labelled = bool(rows) and all(row.label is not None for row in rows)
    return Boxes(
        frames=np.array([row.frame for row in rows], dtype=np.int64),
        ids=np.array([row.id for row in rows], dtype=np.int64),
        boxes=np.array([row.box for row in rows], dtype=np.float64).reshape(-1, 4),
        labels=tuple(row.label or "" for row in rows) if labelled else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    line: int
    frame: int
    id: int
    box: tuple[float, float, float, float]
    score: float | None
    label: str | None


def _rows(path: Path, text: str) -> Iterator[_Row]:
    reader = csv.reader(text.splitlines(), strict=True)
    columns: dict[str, int] | None = None
    try:
        for cells in reader:
            if not cells or not any(cell.strip() for cell in cells):
                continue
            where = f"{path}, line {reader.line_num}"
            if columns is None:
                columns = _columns(where, cells)
                if columns is not None:
                    width = len(cells)
                    continue
                columns, width = _bare(where, cells), len(cells)
            if len(cells) != width:
                raise InvalidInput(f"{where}: {len(cells)} columns where {width} belong")
            yield _row(where, reader.line_num, columns, cells)
    except csv.Error as error:
        raise InvalidInput(f"{path}, line {reader.line_num}: {error}") from error


def _columns(where: str, cells: Sequence[str]) -> dict[str, int] | None:
    """Where each column is, by the header; None where the first line is a row already."""
    if _is_number(cells[0]):
        return None
    words = [cell.strip().lower() for cell in cells]
    unknown = [word for word in words if word not in _KNOWN]
    if unknown:
        raise InvalidInput(
            f"{where}: the header has the column {unknown[0]!r}; known are {', '.join(HEADER)}"
        )
    named = [_ALIASES.get(word, word) for word in words]
    missing = [word for word in _NEEDED if word not in named]
    if missing or len(set(named)) != len(named):
        raise InvalidInput(
            f"{where}: the header must name each of {', '.join(_NEEDED)} once, and has "
            f"{', '.join(words)}"
        )
    return {word: column for column, word in enumerate(named)}


def _bare(where: str, cells: Sequence[str]) -> dict[str, int]:
    if len(cells) not in _BARE_COLUMNS:
        raise InvalidInput(
            f"{where}: {len(cells)} columns; a file without a header has 6 to 10: "
            f"{', '.join(_NEEDED)}, confidence, ..."
        )
    return {word: column for column, word in enumerate(HEADER[: min(len(cells), 7)])}


def _row(where: str, line: int, columns: dict[str, int], cells: Sequence[str]) -> _Row:
    def number(name: str) -> float:
        cell = cells[columns[name]].strip()
        if not _is_number(cell):
            raise InvalidInput(f"{where}: {name} is {cell!r}, and must be a number")
        return float(cell)

    def whole(name: str) -> int:
        value = number(name)
        if not value.is_integer():
            raise InvalidInput(f"{where}: {name} is {value}, and must be a whole number")
        return int(value)

    frame = whole("frame")
    if frame < 1:
        raise InvalidInput(f"{where}: frame is {frame}; frames count from 1")
    left, top, width, height = (number(name) for name in HEADER[2:6])
    if width <= 0.0 or height <= 0.0:
        raise InvalidInput(f"{where}: width and height must be more than 0")
    return _Row(
        line=line,
        frame=frame,
        id=whole("id"),
        box=(left, top, left + width, top + height),
        score=number("score") if "score" in columns else None,
        label=cells[columns["label"]].strip() if "label" in columns else None,
    )


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def _refuse_twins(path: Path, rows: Sequence[_Row]) -> None:
    for before, after in pairwise(rows):
        if (before.frame, before.id) == (after.frame, after.id):
            raise InvalidInput(
                f"{path}, line {max(before.line, after.line)}: object {after.id} is in frame "
                f"{after.frame} twice (also line {min(before.line, after.line)})"
            )
