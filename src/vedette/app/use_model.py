"""Asks a running product to detect with another model."""

from pydantic import TypeAdapter

from vedette.app.asking import Asking
from vedette.contracts.errors import InvalidInput, ModelUnavailable
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
    product = Asking(address, errors=(ModelUnavailable, InvalidInput))
    return product.ask(
        _ANSWER, "POST", "/api/v1/detector", within_s=LONGEST_S, json=wish.model_dump()
    )
