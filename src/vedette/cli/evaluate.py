"""`vedette eval`: how good are tracks against known truth?"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from vedette.cli.look import out, table

EXAMPLES = """Examples:

  vedette analyze walk.mp4 --every-frame --tracks tracks.csv

  vedette eval tracks.csv truth.csv --label person

  vedette eval tracks.csv truth.csv --frames 1-450/10 --json
"""

NAMES = {"mota": "MOTA", "idf1": "IDF1", "hota": "HOTA", "det_a": "DetA", "ass_a": "AssA"}


def evaluate(
    tracks: Annotated[Path, typer.Argument(help="What `analyze --tracks` wrote.")],
    truth: Annotated[Path, typer.Argument(help="The truth: the same format, or MOTChallenge's.")],
    iou: Annotated[float, typer.Option(help="Least overlap of a match.")] = 0.5,
    label: Annotated[str | None, typer.Option(help="Count only objects of this class.")] = None,
    frames: Annotated[
        str | None, typer.Option(help="Judge these frames, as 1-450/10; else those of the truth.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Score tracks against truth: recall, precision, MOTA, IDF1, switches, HOTA."""
    from vedette.evaluation.score import evaluate as score
    from vedette.evaluation.score import parse_frames

    judged = None if frames is None else parse_frames(frames)
    result = asdict(score(tracks, truth, iou=iou, label=label, frames=judged))
    if as_json:
        typer.echo(json.dumps(result))
        return
    shown = table(f"{tracks.name} against {truth.name}, IoU {iou:g}", "figure", ">value")
    for name, value in result.items():
        text = f"{value:.3f}" if isinstance(value, float) else str(value)
        shown.add_row(NAMES.get(name, name.replace("_", " ")), text)
    out.print(shown)


evaluate.__doc__ = f"{evaluate.__doc__}\n\n{EXAMPLES}"
