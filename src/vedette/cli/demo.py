"""`vedette demo`: real people in real video, with a page to look at."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from vedette.cli.look import out

EXAMPLES = """Examples:

  vedette demo

  vedette demo --seconds 60 --port 0
"""


def demo(
    seconds: Annotated[
        float | None, typer.Option(min=1.0, help="Stop by itself after this long.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="Port of the page; 8321 if absent, or any free one.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", "-d", help="Keep what is found; a temporary folder if absent."),
    ] = None,
) -> None:
    """Watch the bundled clip of pedestrians as a camera, with sensible zones and rules."""
    from vedette.app.demo import demo_settings
    from vedette.cli.running import TERMINAL, run_product

    settings = demo_settings(port)

    def started(address: str) -> None:
        out.print("[bold]Vedette[/] watches a campus crossroads: people walking, real video")
        out.print(f"page: [link={address}]{address}[/link]   (live picture, events, clips)")
        out.print("stop: Ctrl-C" if seconds is None else f"stops by itself after {seconds:g} s")

    with tempfile.TemporaryDirectory(prefix="vedette-demo-") as scratch:
        run_product(
            settings, data or Path(scratch), listeners=TERMINAL, seconds=seconds, started=started
        )


demo.__doc__ = f"{demo.__doc__}\n\n{EXAMPLES}"
