"""Asks a running product about its settings."""

from typing import Any

from pydantic import TypeAdapter

from vedette.api.config import Difference, Version
from vedette.app.asking import Asking
from vedette.contracts.config_change import ConfigRollback, ConfigSnapshot

PATH = "/api/v1/config"
LONGEST_S = 600.0
"""Every part of the product may take its time."""
_SNAPSHOT = TypeAdapter(ConfigSnapshot)
_ROLLBACK = TypeAdapter(ConfigRollback)
_VERSION = TypeAdapter(Version)
_VERSIONS = TypeAdapter(list[Version])
_DIFFERENCES = TypeAdapter(list[Difference])


class ConfigOf:
    """The settings of the product at an address; every method raises as `Asking.ask`."""

    def __init__(self, address: str) -> None:
        self._product = Asking(address)

    def current(self) -> ConfigSnapshot:
        return self._product.ask(_SNAPSHOT, "GET", PATH)

    def change(self, changes: dict[str, Any], author: str) -> ConfigSnapshot:
        wish = {"changes": changes, "author": author}
        return self._product.ask(_SNAPSHOT, "PATCH", PATH, within_s=LONGEST_S, json=wish)

    def versions(self, limit: int) -> list[Version]:
        return self._product.ask(_VERSIONS, "GET", f"{PATH}/versions", params={"limit": limit})

    def version(self, number: int) -> Version:
        return self._product.ask(_VERSION, "GET", f"{PATH}/versions/{number}")

    def difference(self, old: int, new: int) -> list[Difference]:
        path = f"{PATH}/versions/{old}/difference/{new}"
        return self._product.ask(_DIFFERENCES, "GET", path)

    def restore(self, number: int, author: str) -> ConfigSnapshot:
        path = f"{PATH}/versions/{number}/restore"
        params = {"author": author}
        return self._product.ask(_SNAPSHOT, "POST", path, within_s=LONGEST_S, params=params)

    def drill(self) -> ConfigRollback:
        return self._product.ask(_ROLLBACK, "POST", f"{PATH}/drill", within_s=LONGEST_S)
