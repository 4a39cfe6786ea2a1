"""`vedette notify`: over which channels people are told, and whether they are."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from vedette.cli.look import out, table

app = typer.Typer(
    help="Channels that people are told over: list them, try them.",
    no_args_is_help=True,
    epilog="Example: vedette notify test family",
)

File = Annotated[Path, typer.Argument(help="The settings file.")]


@app.command("list")
def list_channels(file: File = Path("vedette.yaml")) -> None:
    """Show the channels of the settings."""
    from vedette.app.load import load_settings
    from vedette.app.try_channel import channels_of

    shown = table("Channels", "name", "type")
    for name, channel in channels_of(load_settings(file)).items():
        shown.add_row(escape(name), escape(str(channel["type"])))
    out.print(shown)


@app.command("test")
def send_test(
    channel: Annotated[str, typer.Argument(help="Name of the channel: its id, or its type.")],
    file: File = Path("vedette.yaml"),
) -> None:
    """Send a message with a picture over one channel, and say who was reached.

    It goes out at once and once, whatever is quiet or muted; exit code 1 if it did not arrive.
    """
    from vedette.app.load import load_settings
    from vedette.app.try_channel import try_channel
    from vedette.kit.clock import SystemClock

    reached = try_channel(load_settings(file), channel, SystemClock())
    out.print(f"told: {escape(reached)}")
