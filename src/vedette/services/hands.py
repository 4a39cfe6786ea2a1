"""What people do from a channel: alerts, mutes, pictures, cameras on and off."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Protocol
from uuid import UUID, uuid4

from vedette.contracts.alert import AlertAction
from vedette.contracts.bus import Bus
from vedette.contracts.control import ControlCommand
from vedette.contracts.errors import NotFound
from vedette.contracts.status import CameraReport
from vedette.contracts.topics import COMMAND
from vedette.kit.clock import Clock
from vedette.services.alert_desk import AlertDesk
from vedette.store.scope import SiteScope


class Shown(Protocol):
    """The live picture of a camera."""

    def jpeg(self) -> bytes | None:
        """None before the first."""
        ...


class ChannelHands:
    """Implements `notify.hands.Hands` for the sites of this product."""

    def __init__(
        self,
        desk: AlertDesk,
        scope: SiteScope,
        bus: Bus,
        clock: Clock,
        *,
        reports: Callable[[], Sequence[CameraReport]],
        pictures: Callable[[], Mapping[str, Shown]],
    ) -> None:
        self._desk = desk
        self._scope = scope
        self._bus = bus
        self._clock = clock
        self._reports = reports
        self._pictures = pictures

    async def acknowledge(self, alert_id: UUID, by: str) -> str:
        alert = await self._desk.act(self._scope, alert_id, AlertAction.ACKNOWLEDGED, by=by)
        return f"Acknowledged: {alert.title}"

    async def mute(self, alert_id: UUID, lasts_s: float, by: str) -> str:
        alert, _ = await self._desk.get(self._scope, alert_id)
        mute = await self._desk.mute(
            self._scope,
            alert.site_id,
            lasts=timedelta(seconds=lasts_s),
            camera_id=alert.camera_id,
            rule_id=alert.rule_id,
            by=by,
        )
        return f"Muted until {mute.until:%H:%M} UTC: rule {alert.rule_id} at {alert.camera_id}"

    async def status(self) -> str:
        lines = [
            f"{each.camera_id}: {each.state.value}"
            + (f", {each.fps_analysed:.1f} pictures a second" if each.fps_analysed else "")
            + (f" ({each.detail})" if each.detail else "")
            for each in self._reports()
        ]
        return "\n".join(lines) or "there is no camera"

    async def snapshot(self, camera_id: str) -> bytes:
        shown = self._pictures().get(camera_id)
        picture = None if shown is None else shown.jpeg()
        if picture is None:
            raise NotFound(f"camera {camera_id} has shown no picture yet")
        return picture

    async def switch(self, camera_id: str, *, on: bool, by: str) -> str:
        command = ControlCommand(
            id=uuid4(),
            at=self._clock.now(),
            command="camera.toggle",
            target=camera_id,
            arguments={"on": on},
            actor=by,
        )
        self._bus.publish(COMMAND, command)
        return f"{camera_id} is to {'look for objects' if on else 'only show and record'}"

    def cameras(self) -> Sequence[str]:
        return [each.camera_id for each in self._reports()]
