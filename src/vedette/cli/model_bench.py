"""`vedette models bench`: which model and engine is best on this machine?"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from vedette.cli.look import err, out, table

if TYPE_CHECKING:
    from vedette.app.model_bench import Candidate, Measured

EXAMPLES = """Examples:

  vedette models bench

  vedette models bench yard.mp4 --model nanodet --model nanodet-640

  vedette models bench --engine openvino --json
"""

BAR = 24
"""Characters of the longest bar."""


def bench(
    video: Annotated[
        Path | None, typer.Argument(help="A video or a picture; the bundled clip if absent.")
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option("--model", "-m", help="Only these installed models.")
    ] = None,
    engine: Annotated[
        list[str] | None, typer.Option("--engine", "-e", help="Only these installed engines.")
    ] = None,
    frames: Annotated[int, typer.Option(min=1, max=500, help="Frames to look at.")] = 40,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Compare the installed models and engines here: speed, memory, agreement with the best."""
    from vedette.app.demo import example
    from vedette.app.model_bench import candidates, compare, recommended
    from vedette.kit.clock import SystemClock

    chosen = _chosen(candidates(), model, engine)
    with _progress() as progress:
        task = progress.add_task("", total=len(chosen))
        rows = compare(
            chosen,
            video or example("pedestrians.mp4"),
            SystemClock(),
            lambda done, in_all, what: progress.update(
                task, completed=done, total=in_all, description=what
            ),
            frames=frames,
        )
    best = recommended(rows)
    if as_json:
        typer.echo(json.dumps(_figures(rows, best), indent=2))
    else:
        out.print(picture(rows))
        out.print(advice(rows, best))
    if not any(not row.problem for row in rows):
        raise typer.Exit(1)


bench.__doc__ = f"{bench.__doc__}\n\n{EXAMPLES}"


def _chosen(
    there: "Sequence[Candidate]", models: list[str] | None, engines: list[str] | None
) -> "list[Candidate]":
    from vedette.contracts.errors import InvalidInput, ModelUnavailable

    if not there:
        raise ModelUnavailable("no model is installed; run: vedette models pull")
    for what, wanted, known in (
        ("model", models, list(dict.fromkeys(each.model for each in there))),
        ("engine", engines, list(dict.fromkeys(each.engine for each in there))),
    ):
        if strange := [name for name in wanted or () if name not in known]:
            raise InvalidInput(
                f"the {what} {strange[0]!r} is not installed; installed are: {', '.join(known)}"
            )
    return [
        each
        for each in there
        if (not models or each.model in models) and (not engines or each.engine in engines)
    ]


def picture(rows: "Sequence[Measured]") -> Table:
    """The table, with a bar for the speed."""
    shown = table(
        "Models on this machine",
        *("model", "engine", ">ms a frame", ">95 %", ">frames/s", "", ">MB", ">finds", ">right"),
    )
    fastest = max((row.fps for row in rows), default=0.0)
    for row in rows:
        if row.problem:
            shown.add_row(row.model, row.engine, "", "", "", f"[yellow]{row.problem}[/]")
            continue
        name = f"[bold]{row.model}[/] (best)" if row.best else row.model
        shown.add_row(
            name,
            row.engine,
            f"{row.median_ms:.1f}",
            f"{row.p95_ms:.1f}",
            f"{row.fps:.0f}",
            f"[green]{'█' * max(1, round(BAR * row.fps / fastest))}[/]",
            f"{row.memory_mb:.0f}",
            f"{row.agrees.recall:.0%}",
            f"{row.agrees.precision:.0%}",
        )
    shown.caption = "finds, right: boxes of the best one that it finds; its boxes that are right"
    return shown


def advice(rows: "Sequence[Measured]", best: "Measured | None") -> str:
    """What to take, in a sentence."""
    from vedette.app.model_bench import CAMERA_FPS, GOOD

    if best is None:
        return "No model could be measured here."
    compared = next(row for row in rows if row.best)
    cameras = int(best.fps // CAMERA_FPS)
    others = "" if best.best else f" of what {compared.model} on {compared.engine} sees"
    seen = (
        "is the one that the others confirm most"
        if best.best
        else (f"sees {best.agrees.recall:.0%}{others}")
    )
    return (
        f"Take [bold]{best.model}[/] on {best.engine} (detector: {{type: onnx, model: "
        f"{best.model}, engine: {_setting(best.engine)}}}): of those that agree with the best by "
        f"at least {GOOD:.0%} it is the fastest, {seen}, and one process looks at about "
        f"{cameras} active cameras {CAMERA_FPS:g} times a second."
    )


def _setting(engine: str) -> str:
    """As the settings have it: `openvino`, `openvino, precision: int8`."""
    name, _, precision = engine.partition(" ")
    return f"{name}, precision: int8" if precision == "int8" else name


def _figures(rows: "Sequence[Measured]", best: "Measured | None") -> dict[str, object]:
    return {
        "rows": [
            {
                **{key: value for key, value in asdict(row).items() if key != "agrees"},
                "frames_per_s": row.fps,
                "recall": row.agrees.recall,
                "precision": row.agrees.precision,
                "f1": row.agrees.f1,
            }
            for row in rows
        ],
        "recommended": None if best is None else {"model": best.model, "engine": best.engine},
    }


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=err,
        transient=True,
    )
