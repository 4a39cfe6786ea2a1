"""`make bench`: runs the benchmarks, prints the table, and writes results.json and the document.

    python -m benchmarks [--rows 1 3 6] [--quick] [--keep]

Each row is a process of its own. Rows that are not run keep their figures in results.json.
`--quick` shows that everything works; its figures are printed and not kept.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.bench import Bench, bench_of, options
from benchmarks.cell import Cell
from benchmarks.contest import ROOT
from benchmarks.machine import machine
from benchmarks.report import as_markdown, as_text, write_between, write_results

ROWS = {
    1: "active_camera",
    2: "fleet",
    3: "motion_gate",
    4: "tracking",
    5: "detector_path",
    6: "zones_rules",
    7: "clip",
    8: "alert_latency",
    10: "scaling",
    11: "fleet_simulation",
    12: "bus",
    14: "backtest",
}
"""Each is a file of this folder with a `measure(bench) -> list[Cell]`."""

RESULTS = ROOT / "benchmarks" / "results.json"
NOTES = ROOT / "benchmarks" / "notes.json"
"""Sentences of the cells, and the machine of each row: what results.json has no place for."""
DOCUMENT = ROOT / "docs" / "performance.md"


def main() -> int:
    """Run what was chosen; 1 where a benchmark failed (a missed target is no failure)."""
    parser = argparse.ArgumentParser(description=__doc__)
    options(parser)
    parser.add_argument("--rows", type=int, nargs="*", default=sorted(ROWS), choices=sorted(ROWS))
    parser.add_argument("--only-write", action="store_true", help="write the document again")
    chosen = parser.parse_args()
    bench = bench_of(chosen)
    bench.build.mkdir(parents=True, exist_ok=True)
    rows = [] if chosen.only_write else chosen.rows
    fresh: dict[int, list[Cell] | None] = {}
    for number, row in enumerate(rows, start=1):
        print(f"[{number}/{len(rows)}] row {row}: {ROWS[row]}", file=sys.stderr, flush=True)
        fresh[row] = _measure(ROWS[row], bench)
    done = {row: cells for row, cells in fresh.items() if cells is not None}
    print(as_text([cell for cells in done.values() for cell in cells]))
    if not bench.quick:
        _keep(done, machine(bench.ffmpeg))
    failed = [ROWS[row] for row, cells in fresh.items() if cells is None]
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _measure(module: str, bench: Bench) -> list[Cell] | None:
    """The cells of one benchmark; None where it failed."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="vedette-bench-") as folder:
        out = Path(folder) / "cells.json"
        command = [sys.executable, "-m", f"benchmarks.{module}", "--json", str(out)]
        command += ["--build", str(bench.build)]
        command += ["--quick"] if bench.quick else []
        command += [] if bench.peers else ["--no-peers"]
        if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
            return None
        cells = [Cell.of(values) for values in json.loads(out.read_text(encoding="utf-8"))]
    bench.say(f"{module}: {time.monotonic() - began:.0f} s")
    return cells


def _keep(done: dict[int, list[Cell]], where: str) -> None:
    """Write the figures; rows that were not run stay as they were."""
    rows, notes = _kept()
    for row, cells in done.items():
        rows[row] = cells
        notes[str(row)] = f"{datetime.now(UTC):%Y-%m-%d}, {where}"
    cells = [cell for row in sorted(rows) for cell in rows[row]]
    write_results(RESULTS, cells)
    sentences = {_name(cell): cell.why for cell in cells if cell.why}
    text = json.dumps({"machines": notes, "why": sentences}, indent=1, sort_keys=True)
    NOTES.write_text(text + "\n", encoding="utf-8")
    machines: dict[str, list[str]] = {}
    for row in sorted(rows):
        machines.setdefault(notes[str(row)], []).append(str(row))
    lines = [f"Rows {', '.join(of)}: {which}." for which, of in machines.items()]
    write_between(DOCUMENT, as_markdown(cells) + "\n\n" + "\n\n".join(lines))


def _kept() -> tuple[dict[int, list[Cell]], dict[str, str]]:
    """What is in results.json and notes.json."""
    if not RESULTS.exists():
        return {}, {}
    notes = json.loads(NOTES.read_text(encoding="utf-8"))
    rows: dict[int, list[Cell]] = {}
    for values in json.loads(RESULTS.read_text(encoding="utf-8")):
        cell = Cell.of(values)
        cell = Cell.of({**values, "why": notes["why"].get(_name(cell), "")})
        rows.setdefault(cell.row, []).append(cell)
    return rows, dict(notes["machines"])


def _name(cell: Cell) -> str:
    return " / ".join(str(part) for part in cell.key)


if __name__ == "__main__":
    sys.exit(main())
