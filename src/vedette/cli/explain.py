"""`vedette explain`: why something happened, or did not."""

import asyncio
import json
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from vedette.cli.look import out, table
from vedette.cli.options import AsJson, Kept
from vedette.cli.recordings import moment
from vedette.contracts.errors import InvalidInput

if TYPE_CHECKING:
    from vedette.app.explain import Told

EXAMPLES = """Examples:

  vedette explain 6f2d7c1e-0000-5000-8000-00000000000e

  vedette explain --camera yard --at 2026-01-31T14:03:22 --around 60
"""


def explain(
    what: Annotated[str | None, typer.Argument(help="Id of an event, an alert or a track.")] = None,
    camera: Annotated[str | None, typer.Option(help="Id of a camera, with --at.")] = None,
    at: Annotated[str | None, typer.Option(help="A moment, with --camera; UTC.")] = None,
    around: Annotated[
        float, typer.Option(min=0.0, max=3600.0, help="Seconds before and after that moment.")
    ] = 10.0,
    picture: Annotated[
        Path | None,
        typer.Option(help="Write what the camera saw then, out of its recording (JPEG)."),
    ] = None,
    data: Kept = None,
    as_json: AsJson = False,
) -> None:
    """Say why people were told of something, or were not, with every stage's word and figures."""
    from vedette.app.explain import explain as of_id
    from vedette.app.explain import explain_moment
    from vedette.app.settings import default_data_folder

    folder = data or default_data_folder()
    if what is not None and camera is None and at is None:
        found = asyncio.run(of_id(folder, what, picture))
    elif what is None and camera is not None and at is not None:
        seconds = timedelta(seconds=around)
        found = asyncio.run(explain_moment(folder, camera, moment(at), seconds, picture))
    else:
        raise InvalidInput("say either an id, or --camera and --at; see vedette explain --help")
    if as_json:
        typer.echo(json.dumps([_plain(each) for each in found], indent=2))
        return
    for each in found:
        _show(each)


def _show(explained: "Told") -> None:
    story = explained.story
    out.print(f"\n[bold]{escape(story.about)}[/]", soft_wrap=True)
    for answer in story.answers:
        out.print(f"  {escape(answer)}", soft_wrap=True)
    for setting in story.remedies:
        out.print(f"  [yellow]In the way:[/] {escape(setting)}", soft_wrap=True)
    for picture in explained.pictures:
        out.print(f"  Picture: {escape(str(picture))}", soft_wrap=True)
    shown = table("", "time (UTC)", "stage", "")
    for line in story.lines:
        shown.add_row(f"{line.at:%H:%M:%S}.{line.at:%f}"[:10], line.stage, escape(line.text))
    out.print(shown)


def _plain(explained: "Told") -> dict[str, object]:
    story = asdict(explained.story)
    lines = [{**line, "at": line["at"].isoformat()} for line in story.pop("lines")]
    return {**story, "lines": lines, "pictures": [str(each) for each in explained.pictures]}
