"""Options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[
    Path | None,
    typer.Option("--data", "-d", help="Data folder of the product; $VEDETTE_DATA if absent."),
]
"""Which running product is meant."""
