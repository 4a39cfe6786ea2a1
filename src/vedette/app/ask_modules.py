"""Asks a running product about its modules."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from pydantic import TypeAdapter

from vedette.app.asking import Asking
from vedette.contracts.health import ModuleHealth
from vedette.contracts.module import ModuleAnswer

PATH = "/api/v1/modules"
LONGEST_S = 150.0
"""A module may take its time to end."""
_MODULE = TypeAdapter(ModuleHealth)
_MODULES = TypeAdapter(list[ModuleHealth])
_ANSWER = TypeAdapter(ModuleAnswer)


class ModulesOf:
    """The modules of the product at an address; every method raises as `Asking.ask`."""

    def __init__(self, address: str) -> None:
        self._product = Asking(address)

    def find(self) -> list[ModuleHealth]:
        return self._product.ask(_MODULES, "GET", PATH)

    def restart(self, name: str) -> ModuleHealth:
        return self._product.ask(_MODULE, "POST", _path(name, "restart"), within_s=LONGEST_S)

    def quarantine(self, name: str, why: str) -> ModuleHealth:
        return self._product.ask(
            _MODULE, "POST", _path(name, "quarantine"), within_s=LONGEST_S, json={"why": why}
        )

    def ask(self, name: str, what: str, arguments: Mapping[str, Any]) -> ModuleAnswer:
        question = {"what": what, "arguments": dict(arguments)}
        return self._product.ask(
            _ANSWER, "POST", _path(name, "requests"), within_s=LONGEST_S, json=question
        )


def _path(name: str, verb: str) -> str:
    return f"{PATH}/{quote(name, safe='')}/{verb}"
