"""Asks a running product over its HTTP door: for commands that run beside it."""

from pathlib import Path

import httpx2
from pydantic import ValidationError

from vedette.app.folder import DataFolder
from vedette.app.settings import default_data_folder
from vedette.contracts.errors import NotRunning
from vedette.contracts.status import ProductReport

LONGEST_S = 10.0


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
    problem = "what answers there is not Vedette, or another version of it"
    try:
        answer = httpx2.get(f"{address.rstrip('/')}/api/v1/status", timeout=LONGEST_S)
        if answer.status_code == httpx2.codes.OK:
            return ProductReport.model_validate_json(answer.content)
    except httpx2.TimeoutException:
        problem = f"it did not answer within {LONGEST_S:g} s"
    except httpx2.HTTPError as error:
        problem = str(error) or type(error).__name__
    except httpx2.InvalidURL:
        problem = "that is not an address; it would be like http://127.0.0.1:8321"
    except ValidationError:
        pass
    raise NotRunning(f"no Vedette answers at {address}: {problem}")
