"""Puts the notifier together: policy, channels, pictures, and the ledger's line for each alert."""

import asyncio
import random
from datetime import timedelta
from uuid import UUID

from vedette.alerts.limits import AlertRule, Ceiling
from vedette.alerts.links import EventLinks, LinkSigner
from vedette.alerts.policy import AlertPolicy
from vedette.alerts.site_policy import Route, SitePolicy, SiteRule
from vedette.alerts.wish import EVERYTHING, ChannelWish, Readers
from vedette.app.basement import Basement
from vedette.app.camera_settings import ModuleSettings
from vedette.app.gateway_settings import SiteNotifySettings, read_policies
from vedette.app.places import place_of_site
from vedette.app.settings import Settings
from vedette.blobs.local import LocalBlobs
from vedette.bus.tracer import Tracer
from vedette.calendar.schedule import Calendar, Schedule
from vedette.config.secrets import reveal
from vedette.contracts.artifact import ArtifactKind
from vedette.contracts.event import Event
from vedette.contracts.notice import Video, VideoKind
from vedette.contracts.verdict import Verdict
from vedette.notify.embedded import Embedded, ProductSide
from vedette.notify.hands import Hands
from vedette.notify.port import Channel, ChannelConfig, FollowUpConfig
from vedette.plugins.registry import PluginConfig, configure
from vedette.services.alert_book import StoreAlertBook
from vedette.services.courier import CourierKit
from vedette.services.deliveries import StoreDeliveries
from vedette.services.escalation import Escalation, Step
from vedette.services.follow_ups import FollowUps
from vedette.services.gateway import MessagePictures
from vedette.services.notifier import Notifier, Office
from vedette.services.outage import RetryPlan
from vedette.store.scope import SiteScope
from vedette.store.store import Store

MOST_VERDICTS_A_DAY = 100_000

MOST_VIDEO_BYTES = 50_000_000
"""What a message brings at most: it is whole in memory then, and no messenger takes more."""

_FILES = {
    VideoKind.CLIP: (ArtifactKind.CLIP, ArtifactKind.GIF),
    VideoKind.ANIMATION: (ArtifactKind.GIF,),
}

LONGEST_PAUSE_S = 60.0
"""Between two tries of a message, where the settings ask for no longer one."""


def channel_name(settings: ModuleSettings) -> str:
    """Name of a channel in topics and in the log."""
    return str(settings.get("id") or settings["type"])


def build_notifier(settings: Settings, base: Basement, hands: Hands) -> Notifier:
    """The notifier of this process.

    Args:
        hands: what people may do from channels that hear them.
    Raises:
        pydantic.ValidationError: settings of a channel that are wrong.
    """
    scope = SiteScope(site.id for site in settings.sites)
    store, clock = base.store, base.clock
    notify = settings.notify
    channels: dict[str, Channel] = {}
    wishes: dict[str, ChannelWish] = {}
    videos: dict[str, VideoKind] = {}
    base.browsers.dismiss()
    for each in notify.channels:
        plugin, config = configure("channel", reveal(each))
        channels[channel_name(each)] = channel = plugin(config, clock=clock)
        if isinstance(channel, Embedded):
            channel.embed(ProductSide(inbox=base.inbox, browsers=base.browsers))
        wishes[channel_name(each)] = wish_of(config, settings)
        if isinstance(config, FollowUpConfig) and config.follow_up is not None:
            videos[channel_name(each)] = config.follow_up
    policy = policy_of(settings, links_of(settings, base.signer))
    steps = [Step(**each.model_dump()) for each in notify.escalate]
    desk = _Desk(store, base.blobs, scope, base.messages)
    kit = CourierKit(
        deliveries=StoreDeliveries(store, wake=base.relay.wake),
        find_picture=desk.picture,
        find_video=desk.video,
        clock=clock,
        rng=random.Random(),  # noqa: S311 - jitter, not a secret
        plan=RetryPlan(
            max_attempts=notify.attempts,
            base_s=notify.retry_pause_s,
            cap_s=max(LONGEST_PAUSE_S, notify.retry_pause_s),
            patience_s=notify.patience_h * 3600.0,
            digest_over=notify.digest_over,
        ),
        tracer=Tracer(base.bus, clock),
    )
    office = Office(
        wishes=wishes,
        readers=readers_of(settings),
        sites=SitePolicy(sites=site_rules_of(settings)),
        record=desk.record,
        book=StoreAlertBook(store, clock),
        escalation=lambda tell: Escalation(steps, store, clock, tell),
        follow_ups=lambda tell: FollowUps(videos, store, tell),
        hands=hands,
    )
    return Notifier(policy, channels, kit, office)


def site_rules_of(settings: Settings) -> dict[str, SiteRule]:
    """What each site lets out, as the settings and the gateway's policies say.

    Raises:
        InvalidConfig: the policies cannot be read.
    """
    gateway = settings.notify.gateway
    file = None if gateway is None else gateway.policies
    policies = {site.id: site.notify for site in settings.sites}
    return {
        site: _site_rule(said)
        for site, said in (policies | ({} if file is None else read_policies(file))).items()
    }


def _site_rule(said: SiteNotifySettings) -> SiteRule:
    return SiteRule(
        enabled=said.enabled,
        channels=said.channels,
        routes=tuple(Route(**each.model_dump()) for each in said.routes),
        most_a_minute=said.most_a_minute,
        card=None if said.gchat_mode is None else said.gchat_mode == "cards",
    )


def readers_of(settings: Settings) -> Readers:
    """Who reads which channel.

    Raises:
        ValueError: somebody's hours need to know more of a place.
    """
    found: dict[str, dict[str, ChannelWish | None]] = {}
    for person in settings.notify.people:
        wish = ChannelWish(
            min_severity=person.min_severity,
            cameras=person.cameras,
            hours=_calendars(person.hours, settings),
        )
        for channel in person.channels:
            found.setdefault(channel, {})[person.id] = None if channel in person.off else wish
    return Readers(of=found)


def links_of(settings: Settings, signer: LinkSigner) -> EventLinks | None:
    """Where messages lead; nowhere without a base address."""
    if settings.api.base_url is None:
        return None
    lasts = timedelta(days=settings.notify.link_days)
    return EventLinks(base_url=settings.api.base_url, signer=signer, lasts=lasts)


def policy_of(settings: Settings, links: EventLinks | None = None) -> AlertPolicy:
    """What decides whether people are told.

    Args:
        links: what leads to events; messages that nobody gets need none.
    Raises:
        ValueError: quiet hours need to know more of a place.
    """
    notify = settings.notify
    return AlertPolicy(
        min_severity=notify.min_severity,
        quiet_s=notify.quiet_s,
        quiet_hours=quiet_hours_of(settings),
        links=links,
        camera_titles={camera.id: camera.title for camera in settings.cameras},
        most_quiet_s=notify.most_quiet_s,
        rules=tuple(AlertRule(**each.model_dump()) for each in notify.alerts),
        ceiling=Ceiling(most=notify.most_a_minute, most_critical=notify.most_critical_a_minute),
    )


def wish_of(config: PluginConfig, settings: Settings) -> ChannelWish:
    """What a channel wants to be told of; everything, where it is not one of this version.

    Raises:
        ValueError: its hours need to know more of a place.
    """
    if not isinstance(config, ChannelConfig):
        return EVERYTHING
    return ChannelWish(
        min_severity=config.min_severity,
        cameras=config.cameras,
        rules=config.rules,
        zones=config.zones,
        hours=_calendars(config.hours, settings),
        only_escalations=config.only_escalations,
    )


def quiet_hours_of(settings: Settings) -> dict[str, Calendar]:
    """By site, with its clocks; none where nothing is to be quiet.

    Raises:
        ValueError: they need to know more of a place.
    """
    return _calendars(settings.notify.quiet_hours, settings)


def _calendars(hours: Schedule | None, settings: Settings) -> dict[str, Calendar]:
    """A schedule by the clocks of each site; empty where there is none."""
    if hours is None:
        return {}
    return {site.id: Calendar(hours, place_of_site(site)) for site in settings.sites}


class _Desk:
    """What the notifier reads from and writes to the store."""

    def __init__(
        self, store: Store, blobs: LocalBlobs, scope: SiteScope, messages: MessagePictures
    ) -> None:
        self._messages = messages
        self._store = store
        self._blobs = blobs
        self._scope = scope

    async def picture(self, event_id: UUID) -> bytes | None:
        """The annotated picture of an event; None where there is none."""
        async with self._store.read() as unit:
            artifacts = await unit.artifacts(self._scope).of_event(event_id)
        for artifact in reversed(artifacts):
            if artifact.kind is ArtifactKind.SNAPSHOT_ANNOTATED:
                path = self._blobs.local_path(artifact.storage_path)
                return await asyncio.to_thread(path.read_bytes)
        if not artifacts:
            return await asyncio.to_thread(self._messages.find, event_id)
        return None

    async def video(self, event_id: UUID, kind: VideoKind) -> Video | None:
        """The first clip of an event, or its animation, also where the clip is too long."""
        async with self._store.read() as unit:
            artifacts = await unit.artifacts(self._scope).of_event(event_id)
        for wanted in _FILES[kind]:
            for each in artifacts:
                if (each.kind, each.part) == (wanted, 1) and each.size_bytes <= MOST_VIDEO_BYTES:
                    path = self._blobs.local_path(each.storage_path)
                    return Video(
                        content=await asyncio.to_thread(path.read_bytes),
                        media_type=each.media_type,
                        width=each.width,
                        height=each.height,
                        duration_s=each.duration_s,
                    )
        return None

    async def record(self, event: Event, verdict: Verdict) -> None:
        """Keep the policy's word in the ledger of the event's track, once."""
        if not event.track_ids:
            return
        track_id = event.track_ids[0]
        async with self._store.write() as unit:
            verdicts = unit.verdicts(self._scope)
            if verdict not in await verdicts.of_track(track_id):
                await verdicts.add(
                    [(event.site_id, track_id, [verdict])],
                    config_version="",
                    today=unit.now.date(),
                    most_per_day=MOST_VERDICTS_A_DAY,
                )
