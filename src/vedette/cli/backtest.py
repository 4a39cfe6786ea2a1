"""`vedette backtest`: other rules, tried on what cameras have followed."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from vedette.cli.look import clock_time, out, part_bar, table
from vedette.cli.options import AsJson, InForce, Kept
from vedette.cli.recordings import moment
from vedette.contracts.errors import InvalidInput
from vedette.kit.clock import SystemClock

if TYPE_CHECKING:
    from vedette.app.backtest import Backtest, Would

EXAMPLES = """Examples:

  vedette backtest night.yaml --since 30d

  vedette backtest night.yaml --since 2026-01-31T00:00 --until 2026-02-01T00:00 --camera yard
"""

MOST_SHOWN = 20
_AGO = re.compile(r"(\d+(?:\.\d+)?)\s*(m|h|d|w)")
_UNITS = {"m": 1 / 1440, "h": 1 / 24, "d": 1.0, "w": 7.0}


def backtest(
    rules: Annotated[Path, typer.Argument(help="A pack of rules; see vedette rules check.")],
    since: Annotated[str, typer.Option(help="`30d`, `12h`, or a moment (UTC).")] = "30d",
    until: Annotated[str, typer.Option(help="The same; now if absent.")] = "",
    camera: Annotated[str, typer.Option(help="Only this one.")] = "",
    config: InForce = Path("vedette.yaml"),
    data: Kept = None,
    as_json: AsJson = False,
) -> None:
    """Say what rules would have opened and told, and what is new or gone beside those in force."""
    from vedette.app.backtest import backtest as tried
    from vedette.app.settings import default_data_folder

    now = SystemClock().now()
    with part_bar("judging") as bar:
        found = asyncio.run(
            tried(
                rules,
                config,
                data or default_data_folder(),
                since=when(since, now),
                until=when(until, now) if until else now,
                camera=camera,
                progress=bar,
            )
        )
    if as_json:
        typer.echo(json.dumps(_plain(found), indent=2))
        return
    _show(found)


def when(text: str, now: datetime) -> datetime:
    """`30d` as 30 days before now; else a moment.

    Raises:
        InvalidInput: it is neither.
    """
    ago = _AGO.fullmatch(text.strip())
    if ago is None:
        return moment(text)
    try:
        return now - timedelta(days=float(ago[1]) * _UNITS[ago[2]])
    except OverflowError as error:
        raise InvalidInput(f"{text} is longer ago than there is time") from error


def _show(found: "Backtest") -> None:
    shown = table("Events", "rule", ">in force", ">tried", ">new", ">gone", ">told before", ">told")
    counts = [_by_rule(found.in_force), _by_rule(found.others), _by_rule(found.new)]
    counts += [_by_rule(found.gone)]
    told = [_by_rule([w for w in side if w.told]) for side in (found.in_force, found.others)]
    for rule in found.rules:
        if rule in found.absent:
            continue
        shown.add_row(rule, *(str(count[rule]) for count in (*counts, *told)))
    out.print(shown)
    for rule, reason in found.absent.items():
        out.print(f"{rule} [yellow]counts nowhere:[/] {escape(reason)}", soft_wrap=True)
    for name, events in (("new", found.new), ("gone", found.gone)):
        if events:
            _list(name, events)
    if not found.tracks:
        out.print("nothing was followed in that time")
        return
    faster = found.covered_s / max(found.took_s, 1e-3)
    out.print(
        f"{found.tracks} tracks of {timedelta(seconds=round(found.covered_s))} in "
        f"{found.took_s:.1f} s: {faster:,.0f} times as fast as it happened"
    )


def _list(name: str, events: Sequence["Would"]) -> None:
    shown = table(name.capitalize(), "time", "camera", "rule", "what", "told", "track")
    for each in events[:MOST_SHOWN]:
        event = each.event
        shown.add_row(
            clock_time(event.opened_at),
            event.camera_id,
            event.rule_id,
            escape(event.label),
            "yes" if each.told else "",
            (event.track_ids or ("",))[0],
        )
    out.print(shown)
    if len(events) > MOST_SHOWN:
        out.print(f"and {len(events) - MOST_SHOWN} more that are {name} (--json shows all)")


def _by_rule(events: Sequence["Would"]) -> Counter[str]:
    return Counter(each.event.rule_id for each in events)


def _plain(found: "Backtest") -> dict[str, object]:
    return {
        **{
            name: [
                {
                    "rule": each.event.rule_id,
                    "camera": each.event.camera_id,
                    "opened_at": each.event.opened_at.isoformat(),
                    "started_at": each.event.started_at.isoformat(),
                    "label": each.event.label,
                    "track": (each.event.track_ids or (None,))[0],
                    "told": each.told,
                }
                for each in getattr(found, name)
            ]
            for name in ("others", "in_force", "new", "gone")
        },
        "absent": dict(found.absent),
        "tracks": found.tracks,
        "covered_s": found.covered_s,
        "took_s": found.took_s,
    }
