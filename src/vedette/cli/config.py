"""`vedette config`: check a settings file, show what it means, print its schema."""

import json
from pathlib import Path
from typing import Annotated

import typer

from vedette.cli.look import out

app = typer.Typer(
    help="Settings: check, show, schema.",
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


@app.command("schema")
def schema() -> None:
    """Print the JSON Schema of the settings file, plug-ins included."""
    from vedette.app.schema import settings_schema

    typer.echo(json.dumps(settings_schema(), indent=2, sort_keys=True))
