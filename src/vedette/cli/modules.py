"""`vedette modules`: what runs in a running product."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vedette.cli.look import clock_time, out, table
from vedette.cli.options import Data
from vedette.contracts.errors import InvalidInput, NotFound
from vedette.contracts.health import HealthLevel, ModuleHealth

if TYPE_CHECKING:
    from vedette.app.ask_modules import ModulesOf

app = typer.Typer(
    help="What runs in a running product: look at it, restart it, keep it down.",
    no_args_is_help=True,
    epilog="Example: vedette modules restart janitor",
)

Name = Annotated[str, typer.Argument(help="Name of the module.")]

STYLES = {
    HealthLevel.HEALTHY: "green",
    HealthLevel.DEGRADED: "yellow",
    HealthLevel.UNHEALTHY: "red",
}


@app.command("list")
def list_modules(data: Data = None) -> None:
    """Show every module, in the order in which they begin; they end the other way round."""
    shown = table("Modules", "name", "class", "state", "health", "since", ">restarts", "")
    for each in modules_of(data).find():
        shown.add_row(
            each.name,
            each.criticality.value,
            each.state.value,
            f"[{STYLES[each.level]}]{each.level.value}[/]",
            clock_time(each.since),
            str(each.restarts),
            each.detail,
        )
    out.print(shown)


@app.command("show")
def show(name: Name, data: Data = None) -> None:
    """Print everything that is known of one, with its parts, as JSON."""
    found = modules_of(data).find()
    for each in found:
        if each.name == name:
            typer.echo(each.model_dump_json(indent=2))
            return
    there = ", ".join(each.name for each in found)
    raise NotFound(f"no module is called {name!r}; there are: {there}")


@app.command("restart")
def restart(name: Name, data: Data = None) -> None:
    """End one and begin it anew; this also releases one that is quarantined."""
    _say(modules_of(data).restart(name))


@app.command("quarantine")
def quarantine(
    name: Name,
    why: Annotated[str, typer.Option(help="Shown wherever the module is.")] = "by hand",
    data: Data = None,
) -> None:
    """Keep one down until it is restarted; the others go on."""
    _say(modules_of(data).quarantine(name, why))


@app.command("ask")
def ask(
    name: Name,
    what: Annotated[str, typer.Argument(help="What the module is asked.")],
    arguments: Annotated[str, typer.Option("--with", help="Arguments, as JSON.")] = "{}",
    data: Data = None,
) -> None:
    """Ask one something, and print its answer as JSON."""
    try:
        given = json.loads(arguments)
    except ValueError as error:
        raise InvalidInput(f"--with is no JSON: {error}") from error
    if not isinstance(given, dict):
        raise InvalidInput('--with is a JSON object, like \'{"scenario": "slow"}\'')
    typer.echo(json.dumps(modules_of(data).ask(name, what, given).result, indent=2))


def modules_of(data: Path | None) -> "ModulesOf":
    """The modules of the product that uses a data folder."""
    from vedette.app.ask import find_address
    from vedette.app.ask_modules import ModulesOf

    return ModulesOf(find_address(data))


def _say(module: ModuleHealth) -> None:
    detail = f": {module.detail}" if module.detail else ""
    out.print(f"module {module.name}: {module.state.value}, {module.level.value}{detail}")
