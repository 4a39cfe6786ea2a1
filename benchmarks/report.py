"""The table: in the terminal, in docs/performance.md between markers, and as results.json."""

import json
from collections.abc import Sequence
from pathlib import Path

from benchmarks.cell import Cell

BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"
KEPT = [
    "row",
    "metric",
    "workload",
    "unit",
    "ours",
    "peer",
    "peer_name",
    "ratio",
    "spread",
    "target",
    "met",
]
HEAD = ("row", "metric", "workload", "ours", "peer", "ratio", "spread", "target", "met")


def as_text(cells: Sequence[Cell]) -> str:
    """Columns for a terminal, with a sentence below each cell that has one."""
    rows = [HEAD, *(_columns(cell) for cell in cells)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    lines = []
    for number, row in enumerate(rows):
        texts = (text.ljust(width) for text, width in zip(row, widths, strict=True))
        lines.append("  ".join(texts).rstrip())
        if number and cells[number - 1].why:
            lines.append(f"     {cells[number - 1].why}")
    return "\n".join(lines)


def as_markdown(cells: Sequence[Cell]) -> str:
    """A table, then why targets are missed."""
    lines = ["| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    lines += ["| " + " | ".join(_columns(cell)) + " |" for cell in cells]
    notes = [
        f"- Row {cell.row}, {cell.metric}, {cell.workload}: {cell.why}"
        for cell in cells
        if cell.why
    ]
    return "\n".join([*lines, "", *notes]) if notes else "\n".join(lines)


def write_results(path: Path, cells: Sequence[Cell]) -> None:
    """The figures, as a list."""
    rows = [{name: cell.plain()[name] for name in KEPT} for cell in cells]
    path.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def write_between(path: Path, text: str) -> None:
    """Replace what stands between the markers of a document.

    Raises:
        ValueError: it has no markers.
    """
    document = path.read_text(encoding="utf-8")
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{path} needs the lines {BEGIN} and {END}")
    path.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def _columns(cell: Cell) -> tuple[str, ...]:
    peer = "" if cell.peer is None else f"{cell.peer_name} {_number(cell.peer)} {cell.unit}"
    missing = f"{cell.peer_name}: not measured" if cell.peer_name and cell.peer is None else ""
    spread = "" if cell.spread is None else "-".join(_number(value) for value in cell.spread)
    return (
        str(cell.row),
        cell.metric,
        cell.workload,
        f"{_number(cell.ours)} {cell.unit}".strip(),
        (peer or missing).strip(),
        "" if cell.ratio is None else f"{_number(cell.ratio)}x",
        spread,
        cell.target,
        {True: "yes", False: "**no**", None: ""}[cell.met],
    )


def _number(value: float) -> str:
    """Three digits that mean something."""
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
