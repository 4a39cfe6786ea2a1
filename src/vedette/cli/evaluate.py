"""`vedette eval`: how good are tracks against known truth, or detection and tracking as a whole?"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vedette.cli.look import download_bar, err, out, table
from vedette.contracts.errors import InvalidInput

if TYPE_CHECKING:
    from vedette.app.scenes import SceneScore

EXAMPLES = """Examples:

  vedette analyze walk.mp4 --every-frame --tracks tracks.csv

  vedette eval tracks.csv truth.csv --label person

  vedette eval tracks.csv truth.csv --frames 1-450/10 --json

  vedette eval --scenes --model nanodet
"""

NAMES = {"mota": "MOTA", "idf1": "IDF1", "hota": "HOTA", "det_a": "DetA", "ass_a": "AssA"}


def evaluate(
    tracks: Annotated[Path | None, typer.Argument(help="What `analyze --tracks` wrote.")] = None,
    truth: Annotated[
        Path | None, typer.Argument(help="The truth: the same format, or MOTChallenge's.")
    ] = None,
    iou: Annotated[float, typer.Option(help="Least overlap of a match.")] = 0.5,
    label: Annotated[str | None, typer.Option(help="Count only objects of this class.")] = None,
    frames: Annotated[
        str | None, typer.Option(help="Judge these frames, as 1-450/10; else those of the truth.")
    ] = None,
    scenes: Annotated[
        bool,
        typer.Option(
            "--scenes",
            help="Judge detector and tracker on drawn scenes with known truth: noise, rain, "
            "shadow, light, night, crossings, things in front.",
        ),
    ] = False,
    model: Annotated[
        str | None, typer.Option(help="With --scenes: a model of the catalogue.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Score tracks against truth: recall, precision, MOTA, IDF1, switches, HOTA."""
    if scenes:
        if tracks is not None:
            raise InvalidInput("--scenes makes its own tracks and truth; leave out the files")
        _scenes(model, as_json=as_json)
        return
    if tracks is None or truth is None:
        raise InvalidInput("give a file of tracks and a file of truth, or --scenes")
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


def _scenes(model: str | None, *, as_json: bool) -> None:
    from vedette.app.scenes import score_scenes
    from vedette.kit.clock import SystemClock

    detector: dict[str, Any] = {"type": "onnx", **({"model": model} if model else {})}
    shown = table(
        "Drawn scenes: every frame | as a camera is watched, with its gates",
        *("scene", ">recall", ">precision", ">MOTA", ">IDF1", ">switches", ">looks"),
        *(">IDF1", ">looks", ">events found"),
    )
    with download_bar() as loading, err.status("drawing") as status:
        for one in score_scenes(
            detector,
            SystemClock(),
            progress=loading,
            begins=lambda name: status.update(f"looking at the scene: {name}"),
        ):
            if as_json:
                typer.echo(json.dumps(_as_json(one)))
            else:
                shown.add_row(*_row(one))
    if not as_json:
        out.print(shown)


def _row(one: "SceneScore") -> tuple[str, ...]:
    every, gated = one.every_frame, one.gated
    return (
        one.name,
        *(f"{getattr(every.scores, name):.3f}" for name in ("recall", "precision", "mota", "idf1")),
        str(every.scores.switches),
        str(every.looked + every.closer_looks),
        f"{gated.scores.idf1:.3f}",
        str(gated.looked + gated.closer_looks),
        f"{one.event_recall:.2f}",
    )


def _as_json(one: "SceneScore") -> dict[str, object]:
    ways = {"every_frame": one.every_frame, "gated": one.gated}
    return {
        "scene": one.name,
        "event_recall": one.event_recall,
        **{
            way: {
                **asdict(watched.scores),
                "looked": watched.looked,
                "closer_looks": watched.closer_looks,
                "events": len(watched.events),
            }
            for way, watched in ways.items()
        },
    }
