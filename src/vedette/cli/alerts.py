"""`vedette alerts`: what people were told of, and what they do with it."""

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer
from rich.markup import escape

from vedette.cli.look import clock_time, out, table
from vedette.cli.options import Data
from vedette.contracts.alert import Alert, AlertState
from vedette.contracts.errors import InvalidInput
from vedette.kit.units import seconds_of

if TYPE_CHECKING:
    from vedette.app.ask_alerts import AlertsOf

STATES = {AlertState.RAISED: "red", AlertState.ACKNOWLEDGED: "yellow", AlertState.RESOLVED: "green"}

app = typer.Typer(
    help="Alerts of a running product: list, acknowledge, assign, resolve; mute what is known.",
    no_args_is_help=True,
    epilog="Example: vedette alerts ack 3f2a",
)

Which = Annotated[str, typer.Argument(help="Its id, or how that begins.")]
By = Annotated[str, typer.Option(help="Who says so; the name of this account if absent.")]
Note = Annotated[str, typer.Option(help="A word about it.")]


@app.command("list")
def list_alerts(
    state: Annotated[list[AlertState] | None, typer.Option(help="Only these.")] = None,
    camera: Annotated[str, typer.Option(help="Only of this one.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=500)] = 50,
    data: Data = None,
) -> None:
    """Show what people were told of, the newest first."""
    found = _alerts(data).find(states=tuple(state or ()), camera=camera, limit=limit)
    shown = table("Alerts", "id", "time", "state", "severity", "what", ">events", "by", "whose")
    for each in found:
        shown.add_row(
            str(each.id)[:8],
            clock_time(each.raised_at),
            _state(each),
            each.severity.value,
            escape(each.title),
            str(each.events),
            escape(each.resolved_by or each.acknowledged_by),
            escape(each.assignee),
        )
    out.print(shown)


@app.command("show")
def show(which: Which, data: Data = None) -> None:
    """Show one with its history."""
    alerts = _alerts(data)
    story = alerts.get(_id(alerts, which))
    alert = story.alert
    out.print(f"[bold]{escape(alert.title)}[/]  {_state(alert)}  {alert.severity.value}")
    out.print(f"alert {alert.id}; event {alert.event_id}, and {alert.events - 1} more")
    for line in story.history:
        said = " ".join(filter(None, (line.action.value, line.by and f"by {line.by}", line.note)))
        out.print(f"  {clock_time(line.at)}  {escape(said)}")


@app.command("ack")
def acknowledge(which: Which, by: By = "", note: Note = "", data: Data = None) -> None:
    """Say that somebody knows: nobody else is told of it."""
    _act(data, which, "acknowledge", by=by, note=note)


@app.command("assign")
def assign(
    which: Which,
    to: Annotated[str, typer.Argument(help="Whose matter it is.")],
    by: By = "",
    note: Note = "",
    data: Data = None,
) -> None:
    """Make it somebody's matter."""
    _act(data, which, "assign", by=by, note=note, to=to)


@app.command("resolve")
def resolve(which: Which, by: By = "", note: Note = "", data: Data = None) -> None:
    """Say that it is done with."""
    _act(data, which, "resolve", by=by, note=note)


@app.command("reopen")
def reopen(which: Which, by: By = "", note: Note = "", data: Data = None) -> None:
    """Say that it was not done with."""
    _act(data, which, "reopen", by=by, note=note)


@app.command("mute")
def mute(
    lasts: Annotated[str, typer.Argument(help="How long: `30 min`, `2h`, `1d`.")],
    camera: Annotated[str, typer.Option(help="Only this one.")] = "",
    rule: Annotated[str, typer.Option(help="Only this one.")] = "",
    site: Annotated[str, typer.Option(help="Where there are several.")] = "",
    by: By = "",
    note: Note = "",
    data: Data = None,
) -> None:
    """Tell nobody of a camera, a rule, or a whole site for a while; not even what is critical."""
    try:
        lasts_s = float(seconds_of(lasts))
    except ValueError as error:
        raise InvalidInput(str(error)) from error
    where = {"camera_id": camera, "rule_id": rule, "site_id": site}
    kept = _alerts(data).mute(
        lasts_s=lasts_s,
        by=by or getpass.getuser(),
        note=note,
        **{key: value for key, value in where.items() if value},
    )
    out.print(f"muted until {clock_time(kept.until)}; `vedette alerts unmute {kept.id}` ends it")


@app.command("unmute")
def unmute(
    number: Annotated[int, typer.Argument(help="See vedette alerts mutes.")], data: Data = None
) -> None:
    """Tell of it again."""
    _alerts(data).unmute(number)
    out.print(f"{number} is not muted any more")


@app.command("mutes")
def mutes(data: Data = None) -> None:
    """Show what is muted now."""
    shown = table("Muted", ">number", "camera", "rule", "site", "until", "by", "note")
    for each in _alerts(data).mutes():
        shown.add_row(
            str(each.id),
            each.camera_id or "all",
            each.rule_id or "all",
            each.site_id,
            clock_time(each.until),
            escape(each.by),
            escape(each.note),
        )
    out.print(shown)


def _act(data: Path | None, which: str, deed: str, *, by: str, **said: str) -> None:
    alerts = _alerts(data)
    after = alerts.act(_id(alerts, which), deed, by=by or getpass.getuser(), **said)
    out.print(f"{escape(after.title)}: {_state(after)}")


def _state(alert: Alert) -> str:
    return f"[{STATES[alert.state]}]{alert.state.value}[/]"


def _id(alerts: "AlertsOf", which: str) -> UUID:
    """
    Raises:
        InvalidInput: none, or several, begin like that.
    """
    try:
        return UUID(which)
    except ValueError:
        found = [each.id for each in alerts.find(limit=500) if str(each.id).startswith(which)]
    if len(found) != 1:
        many = "several alerts" if found else "none of the latest 500 alerts"
        raise InvalidInput(f"the id of {many} begins with {which!r}; see vedette alerts list")
    return found[0]


def _alerts(data: Path | None) -> "AlertsOf":
    from vedette.app.ask import find_address
    from vedette.app.ask_alerts import AlertsOf

    return AlertsOf(find_address(data))
