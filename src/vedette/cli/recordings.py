"""`vedette recordings`: what is recorded, and films of it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from vedette.cli.look import clock_time, err, out, table
from vedette.cli.options import Kept

app = typer.Typer(
    help="What is recorded, and films of any interval.",
    no_args_is_help=True,
)

EXAMPLES = """Examples:

  vedette recordings list

  vedette recordings list yard --from 2026-01-31T14:00

  vedette recordings export yard --from 2026-01-31T14:03:22 --to 2026-01-31T14:05 -o yard.mp4
"""

Camera = Annotated[str, typer.Argument(help="Id of the camera.")]


@app.command("list")
def list_recordings(
    camera: Annotated[
        str | None, typer.Argument(help="Id of the camera; all of them if absent.")
    ] = None,
    begin: Annotated[
        str | None, typer.Option("--from", help="Since when; a day ago if absent. UTC.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="Until when; now if absent. UTC.")] = None,
    data: Kept = None,
) -> None:
    """Show what is recorded and what is not, and why."""
    import asyncio

    from vedette.app.export import spans_of
    from vedette.kit.clock import SystemClock, from_us

    now = SystemClock().now()
    until = moment(end) if end else now
    since = moment(begin) if begin else until - timedelta(days=1)
    found = asyncio.run(spans_of(_folder(data), camera, since, until, now))
    shown = table("Recordings", "camera", "from (UTC)", "to (UTC)", ">length", "")
    for camera_id, span in found:
        seconds = (span.ended_us - span.began_us) / 1e6
        words = "recorded"
        if span.cause is not None:
            why = span.cause.value.replace("_", " ")
            words = f"[yellow]{why}[/]{', still' if span.lasts else ''}"
        shown.add_row(
            camera_id,
            clock_time(from_us(span.began_us)),
            clock_time(from_us(span.ended_us)),
            str(timedelta(seconds=round(seconds))),
            words,
        )
    if not found:
        err.print("nothing is recorded in that time")
        return
    out.print(shown)


@app.command("export")
def export(
    camera: Camera,
    begin: Annotated[str, typer.Option("--from", help="The first picture; UTC without a zone.")],
    end: Annotated[str, typer.Option("--to", help="The end, not included; UTC without a zone.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write.")
    ] = None,
    background: Annotated[
        bool, typer.Option("--background", help="Let the running product do it (`vedette jobs`).")
    ] = False,
    data: Kept = None,
) -> None:
    """Write an interval into a file: packets copied, exact to the picture.

    Where the format changes in between, there are several files: FILE, FILE-2 and so on.
    """
    import asyncio

    from vedette.contracts.errors import InvalidInput

    if background == (output is not None):
        raise InvalidInput("name a file with --output, or let the product make one: --background")
    if output is None:
        _ask_for_export(camera, moment(begin), moment(end), data)
        return
    from vedette.app.export import export_film
    from vedette.cli.look import bytes_bar
    from vedette.kit.clock import from_us

    with bytes_bar(f"export of {camera}") as told:
        films = asyncio.run(
            export_film(_folder(data), camera, (moment(begin), moment(end)), output, told)
        )
    for film in films:
        stretches = ", ".join(
            f"{clock_time(from_us(a))} to {clock_time(from_us(b))}" for a, b in film.intervals[:5]
        )
        more = f" and {len(film.intervals) - 5} more" if len(film.intervals) > 5 else ""
        out.print(f"{film.path}  {film.size_bytes / 1e6:.1f} MB  {stretches}{more}", soft_wrap=True)


def _ask_for_export(camera: str, begin: datetime, end: datetime, data: Path | None) -> None:
    from vedette.cli.jobs import jobs_of

    arguments = {"camera_id": camera, "begin": begin.isoformat(), "end": end.isoformat()}
    job = jobs_of(data).enqueue("export", arguments)
    out.print(f"job {job.id}; follow it: vedette jobs wait {job.id}")


export.__doc__ = f"{export.__doc__}\n\n{EXAMPLES}"


def moment(text: str) -> datetime:
    """A time as people write it: ISO 8601; UTC where it names no zone.

    Raises:
        InvalidInput: it is not one.
    """
    from vedette.contracts.errors import InvalidInput

    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(
            f"{text!r} is not a time; write it like 2026-01-31T14:03:22, or with a zone"
        ) from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _folder(data: Path | None) -> Path:
    from vedette.app.settings import default_data_folder

    return data or default_data_folder()
