"""Asks a running product over its HTTP door: for commands that run beside it."""

from pathlib import Path

from pydantic import TypeAdapter

from vedette.app.asking import Asking
from vedette.app.folder import DataFolder
from vedette.app.settings import default_data_folder
from vedette.contracts.errors import NotRunning
from vedette.contracts.status import ProductReport

_REPORT = TypeAdapter(ProductReport)


def find_address(data: Path | None) -> str:
    """The address that the product of a data folder noted when it started.

    Raises:
        NotRunning: none uses that folder.
    """
    folder = DataFolder(root=data or default_data_folder())
    address = folder.noted_address()
    if address is None:
        raise NotRunning(
            f"no Vedette runs with the data folder {folder.root}; start it with `vedette up`, or "
            "name its folder with --data"
        )
    return address


def ask_report(address: str) -> ProductReport:
    """How everything is.

    Raises:
        NotRunning: nobody answers there, or something that is not Vedette.
    """
    return Asking(address, errors=()).ask(_REPORT, "GET", "/api/v1/status")
