"""`vedette schemas`: the contracts of the bus as files."""

from pathlib import Path
from typing import Annotated

import typer

from vedette.cli.look import out

Folder = Annotated[Path, typer.Argument(help="Where the files go; it is made where absent.")]
Check = Annotated[
    bool, typer.Option("--check", help="Write nothing; fail where a file is not as it would be.")
]


def schemas(folder: Folder = Path("schemas"), check: Check = False) -> None:
    """Write a JSON Schema for each payload and an AsyncAPI document of all topics."""
    from vedette.app.contract_schemas import contract_files, write_contracts

    if check:
        wrong = [
            name
            for name, text in contract_files().items()
            if not (folder / name).is_file() or (folder / name).read_text("utf-8") != text
        ]
        if wrong:
            out.print(f"not up to date: {', '.join(wrong)}; run: vedette schemas {folder}")
            raise typer.Exit(1)
        out.print(f"{folder}: up to date")
        return
    changed, gone = write_contracts(folder)
    out.print(f"{folder}: {len(changed)} written, {len(gone)} removed")
