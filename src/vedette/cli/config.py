"""`vedette config`: check settings, show what they mean and where each comes from."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from vedette.cli.look import clock_time, out, table
from vedette.cli.options import Data

if TYPE_CHECKING:
    from vedette.app.ask_config import ConfigOf
    from vedette.contracts.config_change import ConfigSnapshot

app = typer.Typer(
    help="Settings: check, show, import; change them while the product runs.",
    no_args_is_help=True,
    epilog="Example: vedette config check cameras.yaml",
)

File = Annotated[Path, typer.Argument(help="The settings file.")]
Number = Annotated[int, typer.Argument(min=0, help="Number of a version.")]


@app.command("check")
def check(file: File = Path("vedette.yaml")) -> None:
    """Say what is wrong, with the line; exit code 3 if anything is."""
    from vedette.app.load import load_settings
    from vedette.app.rule_list import idle

    settings = load_settings(file)
    rules = sum(len(camera.rules) for camera in settings.cameras)
    out.print(f"{file}: fine. {len(settings.cameras)} cameras, {rules} rules")
    if nowhere := idle(file):
        out.print(
            f"[yellow]note:[/] {len(nowhere)} rules of packs count at no camera; `vedette rules "
            "list` says why"
        )


@app.command("show")
def show(file: File = Path("vedette.yaml")) -> None:
    """Print the settings with every default filled in; secrets stay hidden."""
    from vedette.app.load import show_settings

    typer.echo(show_settings(file), nl=False)


@app.command("where")
def where(
    key: Annotated[str, typer.Argument(help="Like retention.max_gb or cameras.yard.detect.fps.")],
    file: Annotated[Path, typer.Argument(help="The settings file.")] = Path("vedette.yaml"),
) -> None:
    """Say where a setting comes from: every layer that speaks of it, the one that counts first."""
    from vedette.app.where import where as found_in

    shown = table(key, "", "where", "value")
    for said in found_in(file, key):
        shown.add_row(
            "[green]counts[/]" if said.counts else "", escape(said.place), escape(said.value)
        )
    out.print(shown)


@app.command("features")
def features(file: File = Path("vedette.yaml")) -> None:
    """Say which feature flags are on, and who says so."""
    from vedette.app.where import DEFAULT, where
    from vedette.config.features import FEATURES, KEY

    shown = table("Feature flags", "flag", "", "where", "what it does")
    for each in FEATURES:
        said = where(file, f"{KEY}.{each.name}")[0]
        place = "VEDETTE_ENV" if said.place == DEFAULT else said.place
        on = said.value.lower() == "true"
        shown.add_row(
            each.name, "[green]on[/]" if on else "off", escape(place), escape(each.meaning)
        )
    out.print(shown)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="Frigate's config.yml, or Spyoncino's config.yaml.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Where the settings go; - prints them.")
    ] = Path("vedette.yaml"),
    product: Annotated[
        str, typer.Option("--from", help="frigate or spyoncino; found out if absent.")
    ] = "",
    force: Annotated[bool, typer.Option("--force", help="Also over a file that is there.")] = False,
) -> None:
    """Make settings of another product's; what has no counterpart is listed."""
    from vedette.app.import_settings import import_settings, write_import

    imported = import_settings(file, product)
    if str(output) == "-":
        typer.echo(imported.text, nl=False)
        return
    write_import(imported, output, anyway=force)
    shown = table("Not taken over, or not as it was", "setting", "why")
    for note in imported.notes:
        shown.add_row(escape(note.place), escape(note.why))
    if imported.notes:
        out.print(shown)
    out.print(
        f"{output}: {imported.cameras} cameras and {imported.rules} rules of {imported.product}; "
        f"look through it, then: vedette config check {output}"
    )


@app.command("env-example")
def env_example() -> None:
    """Print `.env.example`: secrets, and settings as environment variables."""
    from vedette.config.environment import example

    typer.echo(example(), nl=False)


@app.command("schema")
def schema() -> None:
    """Print the JSON Schema of the settings file, plug-ins included."""
    from vedette.app.schema import settings_schema

    typer.echo(json.dumps(settings_schema(), indent=2, sort_keys=True))


@app.command("set")
def set_(
    key: Annotated[str, typer.Argument(help="Like retention.max_gb or cameras.yard.detect.fps.")],
    value: Annotated[str, typer.Argument(help="As YAML; null takes an earlier change back.")],
    data: Data = None,
) -> None:
    """Change a setting of a running product; its settings files stay as they are."""
    from vedette.config.environment import value_of

    parts = key.split(".")
    changes: Any = None if value == "null" else value_of(value, "the value")
    for part in reversed(parts):
        changes = {part: changes}
    _say(config_of(data).change(changes, _me()))


@app.command("history")
def history(limit: Annotated[int, typer.Option(min=1, max=500)] = 20, data: Data = None) -> None:
    """Show which versions of the settings were in force, the newest first."""
    shown = table("Settings", ">version", "since", "by", "origin", "what lay over the files")
    for each in config_of(data).versions(limit):
        over = json.dumps(each.changes) if each.changes else "nothing"
        shown.add_row(
            str(each.number), clock_time(each.at), escape(each.author), each.origin, escape(over)
        )
    out.print(shown)


@app.command("diff")
def diff(old: Number, new: Number, data: Data = None) -> None:
    """Show what is different between two versions."""
    shown = table(f"From version {old} to {new}", "setting", "was", "is")
    for each in config_of(data).difference(old, new):
        shown.add_row(escape(each.key), escape(json.dumps(each.old)), escape(json.dumps(each.new)))
    out.print(shown)


@app.command("restore")
def restore(number: Number, data: Data = None) -> None:
    """Put the changes of an earlier version in force again; 0: those of the files only."""
    from vedette.app.config_offline import forget_changes
    from vedette.app.folder import DataFolder
    from vedette.app.settings import default_data_folder

    folder = data or default_data_folder()
    if number == 0 and DataFolder(root=folder).noted_address() is None:
        forget_changes(folder)  # for a product that does not start because of them
        out.print("no product runs there; the next start takes the settings of its files only")
        return
    _say(config_of(data).restore(number, _me()))


@app.command("write")
def write(file: File = Path("vedette.yaml"), data: Data = None) -> None:
    """Write the changes that lie over a settings file into it; its comments are kept."""
    from vedette.app.config_offline import changes_over
    from vedette.app.load import load_settings
    from vedette.app.settings import default_data_folder
    from vedette.app.write_settings import write_settings

    product = config_of(data)
    changes = changes_over(data or default_data_folder())
    if not changes:
        out.print(f"{file}: nothing lies over it")
        return
    load_settings(file)
    write_settings(file, changes)
    _say(product.restore(0, _me()))
    out.print(f"{file}: the changes stand in it now", soft_wrap=True)


def config_of(data: Path | None) -> "ConfigOf":
    """The settings of the product that uses a data folder."""
    from vedette.app.ask import find_address
    from vedette.app.ask_config import ConfigOf

    return ConfigOf(find_address(data))


def _me() -> str:
    """Who sits at the terminal."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "somebody"


def _say(snapshot: "ConfigSnapshot") -> None:
    out.print(f"version {snapshot.version}: {', '.join(snapshot.changed) or 'nothing changed'}")
    if snapshot.restarted:
        out.print(f"began anew: {', '.join(snapshot.restarted)}")
    if snapshot.pending:
        out.print(f"[yellow]from the next start on:[/] {', '.join(snapshot.pending)}")
