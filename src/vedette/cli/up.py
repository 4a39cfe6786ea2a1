"""`vedette up`: the cameras of a settings file, until stopped."""

from pathlib import Path
from typing import Annotated

import typer

from vedette.cli.look import out
from vedette.cli.options import Kept

EXAMPLES = """Examples:

  vedette up

  vedette up --config cameras.yaml --data /srv/vedette
"""


def up(
    config: Annotated[Path, typer.Option("--config", "-c", help="The settings file.")] = Path(
        "vedette.yaml"
    ),
    data: Kept = None,
) -> None:
    """Watch the cameras, keep their events, tell people; SIGTERM or Ctrl-C stops in order."""
    from vedette.kit.garbage import begin_without_thread_caches

    begin_without_thread_caches()
    from vedette.app.load import load_settings
    from vedette.app.settings import default_data_folder
    from vedette.cli.running import TERMINAL, run_product

    settings = load_settings(config)
    folder = data or default_data_folder()

    def started(address: str) -> None:
        names = ", ".join(camera.title for camera in settings.cameras)
        out.print(f"[bold]Vedette[/] watches {names}")
        out.print(f"page: {address}   data: {folder}   stop: Ctrl-C")

    run_product(settings, folder, file=config, listeners=TERMINAL, started=started)


up.__doc__ = f"{up.__doc__}\n\n{EXAMPLES}"
