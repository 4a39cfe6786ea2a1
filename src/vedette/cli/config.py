"""`vedette config`: check settings, show what they mean and where each comes from."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from vedette.cli.look import out, table

app = typer.Typer(
    help="Settings: check, show, where, import, schema.",
    no_args_is_help=True,
    epilog="Example: vedette config check cameras.yaml",
)

File = Annotated[Path, typer.Argument(help="The settings file.")]


@app.command("check")
def check(file: File = Path("vedette.yaml")) -> None:
    """Say what is wrong, with the line; exit code 3 if anything is."""
    from vedette.app.load import load_settings

    settings = load_settings(file)
    rules = sum(len(camera.rules) for camera in settings.cameras)
    out.print(f"{file}: fine. {len(settings.cameras)} cameras, {rules} rules")


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
