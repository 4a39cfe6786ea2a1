"""Asks a camera all that is needed to watch it: what it is, its streams, its events."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from vedette.app.measure import Measured, measure, source_of
from vedette.contracts.errors import SourceLost, SourceRefused
from vedette.kit.clock import Clock
from vedette.onvif.address import DeviceAddress, Login, encoded, with_login
from vedette.onvif.choose import Choice, choose
from vedette.onvif.device import DeviceInfo, Services, device_info, find_services
from vedette.onvif.errors import LoginRefused
from vedette.onvif.events import offered_topics
from vedette.onvif.media import (
    Profile,
    StreamAddress,
    profiles,
    snapshot_address,
    stream_address,
)
from vedette.onvif.soap import SoapClient
from vedette.onvif.topics import Word, words_of

MAX_LENSES = 16
"""Of one device; a recorder may have more, and is better probed camera by camera."""

Progress = Callable[[str], None]
"""Told what is being done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lens:
    """One lens of a camera: which streams were chosen, and where they are."""

    choice: Choice
    main: StreamAddress
    detect: StreamAddress | None = None
    snapshot: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraAnswer:
    """All that a camera said of itself."""

    address: DeviceAddress
    info: DeviceInfo
    clock_ahead_s: float
    profiles: tuple[Profile, ...]
    lenses: tuple[Lens, ...]
    has_events: bool
    topics: tuple[str, ...]
    """What its events are called; may be empty although it has events."""

    @property
    def words(self) -> tuple[Word, ...]:
        """What its events say, in our words."""
        return words_of(list(self.topics))


def ask_camera(
    address: DeviceAddress, clock: Clock, *, progress: Progress = lambda what: None
) -> CameraAnswer:
    """Ask by ONVIF.

    Raises:
        SourceLost, LoginRefused, SourceRefused: see `SoapClient.call`.
    """
    return asyncio.run(_ask(address, clock, progress))


def measure_stream(
    stream: StreamAddress, login: Login | None, clock: Clock, seconds: float
) -> Measured:
    """Open a stream that a camera named, as the product would."""
    url = stream.url
    if login is not None:
        url = with_login(url, encoded(login.user), encoded(login.password))
    return measure(source_of(url), clock, seconds)


async def _ask(address: DeviceAddress, clock: Clock, progress: Progress) -> CameraAnswer:
    async with SoapClient(address, clock=clock) as client:
        progress("asking what it is")
        info = await device_info(client)
        services = await find_services(client)
        progress("asking for its streams")
        found = await profiles(client, services)
        lenses = [await _lens(client, services, choice) for choice in choose(found)[:MAX_LENSES]]
        progress("asking for its events")
        return CameraAnswer(
            address=address,
            info=info,
            clock_ahead_s=client.clock_ahead_s or 0.0,
            profiles=tuple(found),
            lenses=tuple(lenses),
            has_events=bool(services.events),
            topics=await _topics(client, services),
        )


async def _lens(client: SoapClient, services: Services, choice: Choice) -> Lens:
    detect = choice.detect
    return Lens(
        choice=choice,
        main=await stream_address(client, services, choice.main),
        detect=None if detect is None else await stream_address(client, services, detect),
        snapshot=await snapshot_address(client, services, choice.main),
    )


async def _topics(client: SoapClient, services: Services) -> tuple[str, ...]:
    if not services.events:
        return ()
    try:
        return tuple(await offered_topics(client, services.events))
    except LoginRefused:
        raise
    except (SourceLost, SourceRefused):  # it may have events and not be able to list them
        return ()
