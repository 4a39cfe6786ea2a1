"""Asks a running product to detect with another model."""

import httpx2
from pydantic import TypeAdapter, ValidationError

from vedette.contracts.errors import InvalidInput, ModelUnavailable, NotRunning
from vedette.contracts.model import ModelExchange, ModelWish

LONGEST_S = 300.0
"""A model that is not installed where the product runs is fetched first."""

_ANSWER = TypeAdapter(list[ModelExchange])


def ask_exchange(address: str, wish: ModelWish) -> list[ModelExchange]:
    """What became of it, for each process with cameras.

    Raises:
        NotRunning: nobody answers there, or something that is not Vedette.
        ModelUnavailable: the model cannot be fetched or loaded; the old one goes on.
        InvalidInput: it does not fit; the old one goes on.
    """
    problem = "what answers there is not Vedette, or another version of it"
    try:
        answer = httpx2.post(
            f"{address.rstrip('/')}/api/v1/detector", json=wish.model_dump(), timeout=LONGEST_S
        )
        if answer.status_code == httpx2.codes.OK:
            return _ANSWER.validate_json(answer.content)
        if answer.status_code == ModelUnavailable.status:
            raise ModelUnavailable(_detail(answer))
        if answer.status_code == InvalidInput.status:
            raise InvalidInput(_detail(answer))
    except httpx2.TimeoutException:
        problem = f"it did not answer within {LONGEST_S:g} s"
    except httpx2.HTTPError as error:
        problem = str(error) or type(error).__name__
    except (httpx2.InvalidURL, ValidationError):
        pass
    raise NotRunning(f"no Vedette answers at {address}: {problem}")


def _detail(answer: httpx2.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return answer.text[:500]
