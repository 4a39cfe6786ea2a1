"""Sends a message over one channel of the settings, so that its owner sees it arrive."""

import asyncio
import uuid
from pathlib import Path

import numpy as np

from vedette.app.camera_settings import ModuleSettings
from vedette.app.export import opened
from vedette.app.folder import DataFolder
from vedette.app.keys import PUSH_KEY, key_file
from vedette.app.notices import channel_name
from vedette.app.settings import Settings
from vedette.config.secrets import reveal
from vedette.contracts.errors import NotFound
from vedette.contracts.event import Severity
from vedette.contracts.notice import Notice
from vedette.kit.clock import Clock
from vedette.media.picture import Mark, draw, jpeg
from vedette.notify.embedded import Embedded, ProductSide
from vedette.notify.port import Channel
from vedette.plugins.registry import build
from vedette.services.browsers import StoreBrowsers
from vedette.services.in_app import StoreInbox

NAME = "notification_test"
"""In place of a camera, a rule and a kind of event."""


def channels_of(settings: Settings) -> dict[str, ModuleSettings]:
    """Channels by the name that topics and the log show, as they stand there."""
    return {channel_name(each): each for each in settings.notify.channels}


def try_channel(settings: Settings, name: str, clock: Clock, data: Path) -> str:
    """Send one message, with a picture, and say who was reached.

    Args:
        data: of the product, for channels that end in it.
    Raises:
        NotFound: there is no such channel; one ends in a product that was never there.
        DeliveryFailed: it did not arrive; trying again may help.
        DeliveryRefused: it did not arrive, and will not.
    """
    channels = channels_of(settings)
    if name not in channels:
        there = ", ".join(channels) or "none; add one to `notify.channels`"
        raise NotFound(f"no channel is called {name!r}; there are: {there}")
    return asyncio.run(_send(channels[name], sample(settings, clock), clock, data))


def sample(settings: Settings, clock: Clock) -> Notice:
    """An alert that nobody could take for a real one."""
    mine = uuid.uuid4()
    return Notice(
        alert_id=mine,
        event_id=mine,
        site_id=settings.sites[0].id,
        camera_id=NAME,
        rule_id=NAME,
        event_type=NAME,
        severity=Severity.INFO,
        title="Test of this channel (Vedette)",
        text="Somebody asked Vedette for this message. Nothing happened; nothing is to be done.",
        at=clock.now(),
        label="person",
        score=1.0,
        picture=_picture(),
        link=settings.api.base_url,
    )


async def _send(channel_settings: ModuleSettings, notice: Notice, clock: Clock, data: Path) -> str:
    channel: Channel = build("channel", reveal(channel_settings), clock=clock)
    try:
        if not isinstance(channel, Embedded):
            return await channel.send(notice)
        async with opened(data) as (store, _):
            key = key_file(DataFolder(root=data).keys / PUSH_KEY)
            inbox, browsers = StoreInbox(store, clock), StoreBrowsers(store, key)
            channel.embed(ProductSide(inbox=inbox, browsers=browsers))
            return await channel.send(notice)
    finally:
        await channel.close()


def _picture() -> bytes:
    """Evening sky over a lawn, with a box where nobody is."""
    rows = np.linspace(0.0, 1.0, 360)[:, None, None]
    sky, lawn = np.array([150.0, 90.0, 60.0]), np.array([60.0, 110.0, 70.0])
    bgr = np.broadcast_to(sky + rows * (lawn - sky), (360, 640, 3)).astype(np.uint8)
    mark = Mark(box=(0.42, 0.3, 0.58, 0.9), label="nobody")
    return jpeg(draw(bgr, marks=[mark], caption="A test: this is no camera's picture"))
