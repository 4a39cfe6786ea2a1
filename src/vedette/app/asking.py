"""One way to ask a running product over its HTTP door, with answers as ours and errors as ours."""

from collections.abc import Sequence
from typing import Any, TypeVar

import httpx2
from pydantic import TypeAdapter, ValidationError

from vedette.contracts.errors import InvalidInput, NotFound, NotRunning, VedetteError

LONGEST_S = 10.0
NO_ADDRESS = "that is not an address; it would be like http://127.0.0.1:8321"

Answer = TypeVar("Answer")


class Asking:
    """The product at an address.

    What is asked raises NotRunning where nobody answers there; else NotFound where there is no such
    thing, and InvalidInput where what is wanted makes no sense, or what `errors` says.
    """

    def __init__(
        self, address: str, errors: Sequence[type[VedetteError]] = (NotFound, InvalidInput)
    ) -> None:
        """Take where it is.

        Args:
            errors: what an answer may mean, by its status.
        """
        self._address = address.rstrip("/")
        self._known = {error.status: error for error in errors}

    def ask(
        self,
        wanted: TypeAdapter[Answer],
        method: str,
        path: str,
        *,
        within_s: float = LONGEST_S,
        **more: Any,
    ) -> Answer:
        """What is answered, read as what is wanted.

        Args:
            path: begins with a slash.
            more: `json`, `params`.
        """
        try:
            answer = httpx2.request(method, f"{self._address}{path}", timeout=within_s, **more)
        except httpx2.TimeoutException as error:
            raise self._silent(f"it did not answer within {within_s:g} s") from error
        except httpx2.InvalidURL as error:
            raise self._silent(NO_ADDRESS) from error
        except httpx2.HTTPError as error:
            raise self._silent(str(error) or type(error).__name__) from error
        strange = self._silent("what answers there is not Vedette, or another version of it")
        if answer.is_success:
            try:
                return wanted.validate_json(answer.content)
            except ValidationError as error:
                raise strange from error
        try:
            said = str(answer.json()["detail"])
        except (ValueError, KeyError, TypeError) as error:
            raise strange from error
        raise self._known.get(answer.status_code, NotRunning)(said)

    def _silent(self, problem: str) -> NotRunning:
        return NotRunning(f"no Vedette answers at {self._address}: {problem}")
