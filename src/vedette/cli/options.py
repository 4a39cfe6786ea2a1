"""Options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[
    Path | None,
    typer.Option("--data", "-d", help="Data folder of the product; $VEDETTE_DATA if absent."),
]
"""Which running product is meant."""

Kept = Annotated[
    Path | None,
    typer.Option("--data", "-d", help="Where everything is kept; $VEDETTE_DATA if absent."),
]
"""What is looked into, whether a product runs or not."""

InForce = Annotated[Path, typer.Option("--config", "-c", help="The settings in force.")]

AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
