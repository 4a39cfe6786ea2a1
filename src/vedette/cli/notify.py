"""`vedette notify`: over which channels people are told, and whether they are."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from vedette.cli.look import clock_time, out, table
from vedette.cli.options import Data
from vedette.contracts.errors import InvalidInput
from vedette.contracts.notice import DeliveryStatus

if TYPE_CHECKING:
    from vedette.app.ask_messages import MessagesOf

STYLES = {
    DeliveryStatus.SENT: "green",
    DeliveryStatus.DIGESTED: "green",
    DeliveryStatus.SUPPRESSED: "dim",
    DeliveryStatus.FAILED: "red",
}
ARRIVED = {DeliveryStatus.SENT, DeliveryStatus.DIGESTED}
MOST = 500

app = typer.Typer(
    help="Channels that people are told over: list them, try them; what went out, and what failed.",
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
    data: Data = None,
) -> None:
    """Send a message with a picture over one channel, and say who was reached.

    It goes out at once and once, whatever is quiet or muted; exit code 1 if it did not arrive.
    """
    from vedette.app.load import load_settings
    from vedette.app.settings import default_data_folder
    from vedette.app.try_channel import try_channel
    from vedette.kit.clock import SystemClock

    folder = data or default_data_folder()
    reached = try_channel(load_settings(file), channel, SystemClock(), folder)
    out.print(f"told: {escape(reached)}")


@app.command("log")
def log(
    status: Annotated[list[DeliveryStatus] | None, typer.Option(help="Only these.")] = None,
    channel: Annotated[str, typer.Option(help="Only this channel.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=MOST)] = 50,
    data: Data = None,
) -> None:
    """Show what a running product sent, what waits, and what it gave up; the newest first."""
    found = _messages(data).find(statuses=tuple(status or ()), channel=channel, limit=limit)
    shown = table("Messages", ">number", "time", "channel", "", "what", ">attempts", "")
    for each in found:
        style = STYLES.get(each.status, "yellow")
        shown.add_row(
            str(each.id),
            clock_time(each.created_at),
            escape(each.channel),
            f"[{style}]{each.status.value}[/]",
            escape(each.title),
            str(each.attempts),
            escape(each.target if each.status in ARRIVED else each.error),
        )
    out.print(shown)


@app.command("resend")
def resend(
    numbers: Annotated[
        list[int] | None, typer.Argument(help="Of messages that failed; see vedette notify log.")
    ] = None,
    failed: Annotated[
        bool, typer.Option("--failed", help="All that failed, the oldest first, at most 500.")
    ] = False,
    data: Data = None,
) -> None:
    """Have a running product send again what it gave up."""
    if bool(numbers) == failed:
        raise InvalidInput("say either numbers of messages, or --failed")
    messages = _messages(data)
    if failed:
        lost = messages.find(statuses=(DeliveryStatus.FAILED.value,), limit=MOST)
        numbers = [each.id for each in reversed(lost)]
    for number in numbers or ():
        again = messages.resend(number)
        out.print(f"message {number} ({again.channel}): {again.status.value}", soft_wrap=True)
    if not numbers:
        out.print("nothing has failed")


def _messages(data: Path | None) -> "MessagesOf":
    from vedette.app.ask import find_address
    from vedette.app.ask_messages import MessagesOf

    return MessagesOf(find_address(data))
