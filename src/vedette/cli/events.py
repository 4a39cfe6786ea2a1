"""`vedette events`: their files, copied out under names that people know, and words about them."""

from pathlib import Path
from typing import Annotated

import typer

from vedette.cli.backtest import when
from vedette.cli.look import clock_time, err, out
from vedette.cli.options import Kept
from vedette.cli.recordings import moment
from vedette.contracts.artifact import ArtifactKind
from vedette.contracts.errors import InvalidInput
from vedette.contracts.feedback import ANY_RULE, Judgement
from vedette.kit.clock import SystemClock

app = typer.Typer(
    help="Events: copy their files, say whether they were right.", no_args_is_help=True
)

EXAMPLES = """Examples:

  vedette events export found/

  vedette events export found/ --camera yard --from 2026-01-31T14:00 --kind gif --kind clip

  vedette events export found/ --names "{date}_{time}_{rule}{more}"
"""


@app.command("mark")
def mark(
    event: Annotated[
        str | None, typer.Argument(help="Id of the event; it is in messages and links.")
    ] = None,
    judgement: Annotated[
        Judgement | None,
        typer.Argument(help="true: it was so; false: it was not; missed: and nobody was told."),
    ] = None,
    note: Annotated[str, typer.Option(help="What else is to be said.")] = "",
    missed: Annotated[
        bool, typer.Option("--missed", help="Nothing opened, and something was there.")
    ] = False,
    camera: Annotated[str, typer.Option(help="With --missed: which one.")] = "",
    at: Annotated[str, typer.Option(help="With --missed: when (UTC), or `2h` ago.")] = "",
    rule: Annotated[
        str, typer.Option(help="With --missed: which should have seen it; any if absent.")
    ] = "",
    data: Kept = None,
) -> None:
    """Say whether an event was right, or that one was missed. `/metrics` shows the precision of
    each rule, and `vedette rules suggest` what could be changed."""
    import asyncio

    from vedette.app.mark_event import mark_event, mark_missed
    from vedette.app.settings import default_data_folder

    folder = data or default_data_folder()
    if missed and camera and at and event is None:
        when_ = when(at, SystemClock().now())
        said = asyncio.run(mark_missed(folder, camera, when_, rule_id=rule, note=note))
        about = "" if said.rule_id == ANY_RULE else f"{said.rule_id} at "
        out.print(f"{about}{said.camera_id}, {clock_time(said.at)}: missed", soft_wrap=True)
        return
    if missed or camera or at or rule or event is None or judgement is None:
        raise InvalidInput(
            "say an event and true, false or missed; or that nothing opened at a moment: "
            "--missed --camera yard --at 2026-01-31T14:03:22"
        )
    said = asyncio.run(mark_event(folder, event, judgement, note))
    out.print(
        f"{said.rule_id} at {said.camera_id} ({said.label}): {said.judgement.value}",
        soft_wrap=True,
    )


@app.command("export")
def export(
    folder: Annotated[Path, typer.Argument(help="Where to put them; made where it is missing.")],
    camera: Annotated[
        list[str] | None, typer.Option(help="Id of a camera; may be repeated. All if absent.")
    ] = None,
    begin: Annotated[
        str | None, typer.Option("--from", help="Events that began then or later; UTC.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="Events that began before; UTC.")] = None,
    kind: Annotated[
        list[ArtifactKind] | None, typer.Option(help="May be repeated. All kinds if absent.")
    ] = None,
    names: Annotated[
        str | None, typer.Option(help="Pattern of the names, see docs/file-names.md.")
    ] = None,
    data: Kept = None,
) -> None:
    """Copy snapshots, animations and clips into one folder, as CAMERA_LABEL_DATE_TIME."""
    import asyncio

    from vedette.app.export_events import export_events
    from vedette.app.settings import default_data_folder
    from vedette.blobs.names import DEFAULT_PATTERN
    from vedette.store.events import EventFilter

    wanted = EventFilter(
        cameras=tuple(camera or ()),
        since=moment(begin) if begin else None,
        until=moment(end) if end else None,
    )
    copied = asyncio.run(
        export_events(
            data or default_data_folder(),
            folder,
            wanted,
            kinds=frozenset(kind or ArtifactKind),
            pattern=names or DEFAULT_PATTERN,
        )
    )
    if copied.gone:
        err.print(f"not stored any more: {copied.gone}")
    out.print(f"{copied.files} files, {copied.size_bytes / 1e6:.1f} MB: {folder}", soft_wrap=True)


export.__doc__ = f"{export.__doc__}\n\n{EXAMPLES}"
