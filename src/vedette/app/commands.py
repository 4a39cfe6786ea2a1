"""The commands that the running product obeys."""

from collections.abc import Mapping
from uuid import uuid5

from vedette.app.live_settings import LiveSettings
from vedette.app.orchestrator import Orchestrator
from vedette.contracts.config_change import ConfigUpdate
from vedette.contracts.control import ControlCommand
from vedette.contracts.errors import InvalidInput
from vedette.services.commands import Obey
from vedette.services.resilience import TOGGLE

OF_MODULES = frozenset({TOGGLE})
"""Those that modules obey themselves."""


def commands_of(modules: Orchestrator, live: LiveSettings | None) -> Mapping[str, Obey]:
    """What to do, by command."""

    async def toggle_camera(command: ControlCommand) -> None:
        """Look for objects, or only show and record; `arguments: {on: true}`."""
        wanted = command.arguments.get("on")
        if not isinstance(wanted, bool) or not command.target:
            raise InvalidInput("`target` is the id of a camera, and `on` is true or false")
        if live is None:
            raise InvalidInput("this product has no settings file, so nothing can be changed")
        if command.target not in {camera.id for camera in live.settings.cameras}:
            there = ", ".join(camera.id for camera in live.settings.cameras)
            raise InvalidInput(f"no camera is called {command.target!r}; there are: {there}")
        update = ConfigUpdate(
            id=uuid5(command.id, "camera.toggle"),
            at=command.at,
            author=command.actor,
            changes={"cameras": {command.target: {"detect": {"enabled": wanted}}}},
        )
        await live.update(update)

    async def restart_module(command: ControlCommand) -> None:
        await modules.restart(command.target)

    async def quarantine_module(command: ControlCommand) -> None:
        await modules.quarantine(command.target, f"{command.actor or 'somebody'} wanted it so")

    return {
        "camera.toggle": toggle_camera,
        "module.restart": restart_module,
        "module.quarantine": quarantine_module,
    }
