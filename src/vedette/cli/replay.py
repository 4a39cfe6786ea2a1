"""`vedette replay`: recorded video through the present code and settings, beside what happened."""

import asyncio
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from vedette.cli.backtest import when
from vedette.cli.look import clock_time, frame_bar, out, table
from vedette.kit.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vedette.app.replay import Difference, Replayed

EXAMPLES = """Example:

  vedette replay yard --from 2026-01-31T14:00 --to 2026-01-31T14:10
"""


def replay(
    camera: Annotated[str, typer.Argument(help="Id of the camera.")],
    begin: Annotated[str, typer.Option("--from", help="A moment (UTC), or `2h` ago.")],
    end: Annotated[str, typer.Option("--to", help="The same; now if absent.")] = "",
    config: Annotated[Path, typer.Option("--config", "-c", help="The present settings.")] = Path(
        "vedette.yaml"
    ),
    data: Annotated[
        Path | None,
        typer.Option("--data", "-d", help="Where everything is kept; $VEDETTE_DATA if absent."),
    ] = None,
    level: Annotated[str, typer.Option("--log", help="`debug`, `info`, `warning`.")] = "warning",
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say which events the present code and settings make of recorded video, and what differs."""
    from vedette.app.replay import replay as replayed
    from vedette.app.settings import default_data_folder

    logging.getLogger("vedette").setLevel(level.upper())
    clock = SystemClock()
    now = clock.now()
    with frame_bar(f"replaying {camera}") as bar:
        found = asyncio.run(
            replayed(
                camera,
                when(begin, now),
                when(end, now) if end else now,
                config,
                data or default_data_folder(),
                clock,
                progress=bar,
            )
        )
    if as_json:
        typer.echo(json.dumps(_plain(found), indent=2))
        return
    for name, differences in (("New", found.new), ("Gone", found.gone)):
        _list(name, differences)
    for one, other in found.stretches:
        out.print(f"replayed: {clock_time(one)} to {clock_time(other)}")
    out.print(
        f"{len(found.events)} events now, {found.same + len(found.gone)} then; {found.same} the "
        f"same; {found.frames} pictures in {found.took_s:.1f} s"
    )


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
