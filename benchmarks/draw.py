"""Draws docs/images/performance.svg from benchmarks/results.json: three pictures in a row.

    python -m benchmarks.draw

Colours suit light and dark pages; the file is the same for the same figures.
"""

import json
import math
from collections.abc import Sequence
from html import escape
from typing import Any

from benchmarks.contest import ROOT

RESULTS = ROOT / "benchmarks" / "results.json"
PICTURE = ROOT / "docs" / "images" / "performance.svg"
OURS, PEER, INK, FAINT = "#2f81f7", "#9a9a9a", "#7a7a7a", "#c8c8c8"
WIDTH, HEIGHT, GAP = 330, 300, 30

Bar = tuple[str, float, bool]
"""Name, value, whether it is ours."""


def main() -> None:
    """Draw what there are figures for."""
    rows = json.loads(RESULTS.read_text(encoding="utf-8"))
    panels = [panel for panel in (_active(rows), _tracker(rows), _alerts(rows)) if panel]
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_text(_together(panels), encoding="utf-8")
    print(PICTURE)


def _active(rows: list[dict[str, Any]]) -> str:
    chosen = [row for row in rows if row["row"] == 1 and row["peer"]]
    if not chosen:
        return ""
    bars: list[Bar] = [("Vedette", chosen[0]["ours"], True)]
    bars += [(row["peer_name"], row["peer"], False) for row in chosen]
    return _bars("An active camera: ms CPU a second", sorted(bars, key=lambda bar: bar[1]))


def _alerts(rows: list[dict[str, Any]]) -> str:
    chosen = [row for row in rows if row["row"] == 8 and row["metric"].endswith(("p50", "p95"))]
    most = max((_count(row["workload"]) for row in chosen), default=0)
    bars: list[Bar] = [
        (f"{row['workload'].partition(':')[0]}, {row['metric'][-3:]}", row["ours"], True)
        for row in chosen
        if _count(row["workload"]) == most
    ]
    return _bars(f"Alert latency with {most} cameras: ms", bars) if bars else ""


def _tracker(rows: list[dict[str, Any]]) -> str:
    lines: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        if row["row"] == 4 and row["metric"] == "tracker":
            count = float(row["workload"].split()[0])
            lines.setdefault("Vedette", []).append((count, row["ours"]))
            if row["peer"]:
                lines.setdefault(row["peer_name"], []).append((count, row["peer"]))
    return _curves("Tracker: ms CPU a frame, by objects", lines) if lines else ""


def _count(workload: str) -> int:
    return int(workload.rpartition(": ")[2].split()[0])


def _bars(title: str, bars: Sequence[Bar]) -> str:
    most = max(value for _, value, _ in bars)
    step = min(44.0, (HEIGHT - 40) / len(bars))
    parts = [_text(0, 16, title, bold=True)]
    for index, (name, value, mine) in enumerate(bars):
        top = 34 + index * step
        width = (WIDTH - 60) * value / most
        parts.append(_text(0, top + 11, name))
        colour = OURS if mine else PEER
        parts.append(
            f'<rect x="0" y="{top + 15:.1f}" width="{width:.1f}" height="{step * 0.35:.1f}" '
            f'fill="{colour}"/>'
        )
        parts.append(_text(width + 5, top + 15 + step * 0.3, _number(value)))
    return "".join(parts)


def _curves(title: str, lines: dict[str, list[tuple[float, float]]]) -> str:
    points = [point for line in lines.values() for point in line]
    low_x, high_x = (edge(x for x, _ in points) for edge in (min, max))
    low_y, high_y = (edge(y for _, y in points) for edge in (min, max))

    def place(x: float, y: float) -> tuple[float, float]:
        across = math.log(x / low_x) / math.log(high_x / low_x)
        up = math.log(y / low_y) / math.log(high_y / low_y)
        return 10 + across * (WIDTH - 110), HEIGHT - 30 - up * (HEIGHT - 80)

    parts = [_text(0, 16, title, bold=True)]
    for x in sorted({x for x, _ in points}):
        at = place(x, low_y)[0]
        parts.append(f'<path d="M{at:.1f} 40V{HEIGHT - 25}" stroke="{FAINT}" stroke-width=".5"/>')
        parts.append(_text(at - 6, HEIGHT - 10, f"{x:.0f}"))
    for name, line in lines.items():
        colour = OURS if name == "Vedette" else PEER
        path = " ".join(
            f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in sorted(set(line)))
        )
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        last_x, last_y = place(*max(line))
        parts.append(_text(last_x + 5, last_y + 4, f"{name.split()[-1]} {_number(max(line)[1])}"))
    return "".join(parts)


def _together(panels: Sequence[str]) -> str:
    width = len(panels) * (WIDTH + GAP)
    inside = "".join(
        f'<g transform="translate({index * (WIDTH + GAP) + 10} 5)">{panel}</g>'
        for index, panel in enumerate(panels)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT + 10}" '
        f'width="{width}" height="{HEIGHT + 10}" font-family="sans-serif" font-size="11">'
        f"{inside}</svg>\n"
    )


def _text(x: float, y: float, text: str, *, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{INK}"{weight}>{escape(text)}</text>'


def _number(value: float) -> str:
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"


if __name__ == "__main__":
    main()
