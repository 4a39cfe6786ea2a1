"""Puts the notification gateway together: its door, its pictures, and who tells people."""

import socket
from collections.abc import Awaitable, Callable

from vedette.api.gateway import create_gateway_app
from vedette.app.basement import Basement
from vedette.app.door import Door
from vedette.app.gateway_settings import GatewaySettings
from vedette.app.loop_module import LoopModule
from vedette.app.module_plan import ModuleLimits, ModulePlan
from vedette.contracts.health import Criticality, HealthSummary
from vedette.contracts.module import Stage
from vedette.explain.words import refusal
from vedette.services.gateway import Gateway, GatewayLimits
from vedette.services.notifier import Notifier
from vedette.store.scope import SiteScope

STOP_S = 10.0


def build_gateway(
    base: Basement, settings: GatewaySettings, notifier: Callable[[], Notifier]
) -> Gateway:
    """The gateway of this process."""
    return Gateway(
        base.store,
        lambda: SiteScope(site.id for site in base.settings.sites),
        notifier,
        base.messages,
        base.clock,
        refusal,
        GatewayLimits(same_s=settings.same_s, wait_s=settings.wait_s),
    )


def door_plan(
    gateway: Gateway,
    settings: GatewaySettings,
    listener: socket.socket,
    health: Callable[[], Awaitable[HealthSummary]],
    metrics: Callable[[], bytes],
    ended: Callable[[], None],
) -> ModulePlan:
    """Its door as a module. Each life has a copy of the listener, because it closes it."""

    def build() -> LoopModule:
        tls = None
        if settings.certificate is not None and settings.certificate_key is not None:
            tls = (settings.certificate, settings.certificate_key)
        app = create_gateway_app(gateway, settings.key, health, metrics)
        door = Door(app, listener.dup(), tls=tls)

        async def close() -> None:
            door.close()

        return LoopModule(
            "notification-gateway",
            door.run_until_closed,
            end=close,
            ready=door.opened.wait,
            ended=ended,
        )

    return ModulePlan(
        name="notification-gateway",
        build=build,
        stage=Stage.INPUTS,
        criticality=Criticality.HIGH,
        renewable=False,
        limits=ModuleLimits(stop_s=STOP_S),
    )
