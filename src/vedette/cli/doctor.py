"""`vedette doctor`: what is missing here, and how to mend it."""

from pathlib import Path
from typing import Annotated

import typer

from vedette.cli.look import out, table

EXAMPLE = """Example:

  vedette doctor
"""


def doctor(
    port: Annotated[int, typer.Option(help="Port that the page is to have.")] = 8321,
    data: Annotated[
        Path | None,
        typer.Option("--data", "-d", help="Data folder of the product; $VEDETTE_DATA if absent."),
    ] = None,
) -> None:
    """Look at all that the product needs on this machine; exit code 1 if something is missing."""
    from vedette.app.checkup import findings

    found = list(findings(port, data))
    shown = table("Vedette's doctor", "", "what", "found", "how to mend it")
    for each in found:
        mark = "[green]ok[/]" if each.ok else "[red]no[/]" if each.needed else "[yellow]no[/]"
        shown.add_row(mark, each.what, each.found, "" if each.ok else each.mend)
    out.print(shown)
    if any(not each.ok and each.needed for each in found):
        raise typer.Exit(1)


doctor.__doc__ = f"{doctor.__doc__}\n\n{EXAMPLE}"
