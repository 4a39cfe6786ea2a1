"""Asks a running product about alerts, and has something done with them."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, TypeAdapter

from vedette.app.asking import Asking
from vedette.contracts.alert import Alert, AlertChange, Mute
from vedette.contracts.errors import InvalidInput, NotFound, WrongState

PATH = "/api/v1/alerts"
MUTES = "/api/v1/mutes"


class AlertStory(BaseModel):
    """An alert with what was done with it."""

    alert: Alert
    history: list[AlertChange]


_ALERT = TypeAdapter(Alert)
_ALERTS = TypeAdapter(list[Alert])
_STORY = TypeAdapter(AlertStory)
_MUTE = TypeAdapter(Mute)
_MUTES = TypeAdapter(list[Mute])


class AlertsOf:
    """The alerts of the product at an address; every method raises as `Asking.ask`."""

    def __init__(self, address: str) -> None:
        self._product = Asking(address, (NotFound, InvalidInput, WrongState))

    def find(
        self, *, states: tuple[str, ...] = (), camera: str = "", limit: int = 50
    ) -> list[Alert]:
        params = {"state": list(states), "camera": camera, "limit": limit}
        return self._product.ask(_ALERTS, "GET", PATH, params=params)

    def get(self, alert_id: UUID) -> AlertStory:
        return self._product.ask(_STORY, "GET", f"{PATH}/{alert_id}")

    def act(self, alert_id: UUID, deed: str, **said: str) -> Alert:
        """`acknowledge`, `assign`, `resolve` or `reopen` it."""
        return self._product.ask(_ALERT, "POST", f"{PATH}/{alert_id}/{deed}", json=said)

    def mutes(self) -> list[Mute]:
        return self._product.ask(_MUTES, "GET", MUTES)

    def mute(self, **wish: Any) -> Mute:
        return self._product.ask(_MUTE, "POST", MUTES, json=wish)

    def unmute(self, number: int) -> Mute:
        return self._product.ask(_MUTE, "DELETE", f"{MUTES}/{number}")
