"""`vedette replay`: recorded video through the present code and settings, beside what happened."""

import asyncio
import json
import logging
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from vedette.cli.backtest import when
from vedette.cli.look import clock_time, frame_bar, out, table
from vedette.cli.options import AsJson, Kept
from vedette.contracts.errors import InvalidInput
from vedette.kit.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vedette.app.replay import Difference, Replayed

EXAMPLES = """Examples:

  vedette replay yard --from 2026-01-31T14:00 --to 2026-01-31T14:10

  vedette replay visit.mp4 --camera yard --at 2026-01-31T14:03:22 --log debug
"""


class Level(StrEnum):
    """How much is said on standard error."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"


def replay(
    source: Annotated[
        str | None,
        typer.Argument(help="A video file, or its http address; or the id of a camera."),
    ] = None,
    camera: Annotated[
        str, typer.Option(help="Whose settings, and whose recordings where no source is given.")
    ] = "",
    begin: Annotated[
        str, typer.Option("--from", help="Of recordings: a moment (UTC), or `2h` ago.")
    ] = "",
    end: Annotated[str, typer.Option("--to", help="The same; now if absent.")] = "",
    at: Annotated[
        str,
        typer.Option(help="When the film was recorded (UTC); what the file says if absent."),
    ] = "",
    config: Annotated[Path, typer.Option("--config", "-c", help="The present settings.")] = Path(
        "vedette.yaml"
    ),
    data: Kept = None,
    level: Annotated[
        Level, typer.Option("--log", help="`debug` tells every decision on standard error.")
    ] = Level.WARNING,
    as_json: AsJson = False,
) -> None:
    """Say which events the present code and settings make of video, and what differs from then."""
    from vedette.app.replay import replay as replayed
    from vedette.app.replay_source import replay_source
    from vedette.app.settings import default_data_folder

    logging.getLogger("vedette").setLevel(level.upper())
    clock, folder = SystemClock(), data or default_data_folder()
    now = clock.now()
    if begin and not at and bool(source) != bool(camera):
        camera = camera or source or ""
        span = when(begin, now), when(end, now) if end else now
        with frame_bar(f"replaying {camera}") as bar:
            found = asyncio.run(replayed(camera, *span, config, folder, clock, progress=bar))
    elif source and camera and not begin and not end:
        moment = when(at, now) if at else None
        with frame_bar(f"replaying with the settings of {camera}") as bar:
            found = asyncio.run(
                replay_source(source, camera, config, folder, clock, at=moment, progress=bar)
            )
    else:
        raise InvalidInput(
            "say either a camera and what was recorded of it (yard --from 2026-01-31T14:00), or a "
            "film and whose settings (visit.mp4 --camera yard, with --at where it has no time)"
        )
    if as_json:
        typer.echo(json.dumps(_plain(found), indent=2))
        return
    if found.compared:
        for name, differences in (("New", found.new), ("Gone", found.gone)):
            _list(name, differences)
    else:
        _tell(found)
    for one, other in found.stretches:
        out.print(f"replayed: {clock_time(one)} to {clock_time(other)}")
    then = f"{found.same + len(found.gone)} then; {found.same} the same; "
    out.print(
        f"{len(found.events)} events now, {then if found.compared else 'nothing known of then; '}"
        f"{found.frames} pictures in {found.took_s:.1f} s"
    )


def _tell(found: "Replayed") -> None:
    """Events and what rules said, where there is no then to compare with."""
    events = table("Events", "time", "rule", "what")
    for event in found.events:
        events.add_row(clock_time(event.opened_at), event.rule_id, escape(event.label))
    decisions = table("Decisions", "time", "track", "what was said")
    for each in found.decisions:
        if each.stage == "rules":
            track = each.track.rpartition("/")[2]
            decisions.add_row(clock_time(each.at), track, escape(each.said))
    out.print(events)
    out.print(decisions)


def _list(name: str, differences: "Sequence[Difference]") -> None:
    if not differences:
        return
    shown = table(name, "time", "rule", "what", "stage", "why")
    for each in differences:
        shown.add_row(
            clock_time(each.event.opened_at),
            each.event.rule_id,
            escape(each.event.label),
            each.stage,
            escape(each.why),
        )
    out.print(shown)


def _plain(found: "Replayed") -> dict[str, object]:
    return {
        "events": [event.model_dump(mode="json") for event in found.events],
        "decisions": [{**asdict(each), "at": each.at.isoformat()} for each in found.decisions],
        "compared": found.compared,
        "same": found.same,
        **{
            name: [
                {
                    "rule": each.event.rule_id,
                    "opened_at": each.event.opened_at.isoformat(),
                    "label": each.event.label,
                    "stage": each.stage,
                    "why": each.why,
                }
                for each in differences
            ]
            for name, differences in (("new", found.new), ("gone", found.gone))
        },
        "stretches": [[one.isoformat(), other.isoformat()] for one, other in found.stretches],
    }
