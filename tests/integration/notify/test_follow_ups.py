"""Videos follow what people were told: to whom, once, and without any say in what is told next."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from vedette.alerts.policy import AlertPolicy
from vedette.contracts.artifact import Artifact, ArtifactKind
from vedette.contracts.errors import DeliveryFailed, StorageFailed
from vedette.contracts.event import Event
from vedette.contracts.notice import DeliveryStatus, Video, VideoKind
from vedette.notify.port import Channel
from vedette.services.courier import CourierKit
from vedette.services.deliveries import StoreDeliveries
from vedette.services.follow_ups import TOPIC, FollowUps
from vedette.services.notifier import TOPIC as OPENED
from vedette.services.notifier import Notifier, Office
from vedette.services.outage import RetryPlan
from vedette.store.notifications import Delivery
from vedette.store.store import Store
from vedette.testing.fakes import FakeClock, RecordingChannel
from vedette.testing.store_samples import HOME, NOON, make_artifact, make_event, with_places

SENT, FAILED, DIGESTED = DeliveryStatus.SENT, DeliveryStatus.FAILED, DeliveryStatus.DIGESTED
CLIP, ANIMATION = VideoKind.CLIP, VideoKind.ANIMATION


async def no_picture(event_id: UUID) -> None:
    del event_id


async def video_of(event_id: UUID, kind: VideoKind) -> Video:
    return Video(content=f"{kind} of {event_id}".encode(), media_type="video/mp4")


class Desk:
    """A store, and notifiers that come and go."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        self.store, self.clock = store, clock

    def notifier(
        self, channels: Mapping[str, Channel], videos: Mapping[str, VideoKind], **kit: Any
    ) -> Notifier:
        values: dict[str, Any] = {
            "deliveries": StoreDeliveries(self.store, wake=lambda: None),
            "find_picture": no_picture,
            "find_video": video_of,
            "clock": self.clock,
            "rng": random.Random(1),  # noqa: S311  jitter that repeats
        }
        office = Office(follow_ups=partial(FollowUps, videos, self.store))
        return Notifier(AlertPolicy(quiet_s=60.0), channels, CourierKit(**values | kit), office)

    async def log(self) -> list[Delivery]:
        """The oldest first."""
        async with self.store.read() as unit:
            return list(reversed(await unit.notifications(HOME).newest(limit=500)))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    clock = FakeClock(NOON)
    store = await with_places(await Store.open(tmp_path / "vedette.db", clock))
    yield Desk(store, clock)
    await store.close()


def media(event: Event, kind: ArtifactKind = ArtifactKind.CLIP, **changes: Any) -> Artifact:
    return make_artifact(event, kind).model_copy(update=changes)


async def live(notifier: Notifier, over: Callable[[], Awaitable[bool]]) -> None:
    """Have everything told until the condition holds, then stop."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(notifier.run())
        try:
            async with asyncio.timeout(30):
                while not await over():  # noqa: ASYNC110  it asks the store
                    await asyncio.sleep(0.005)
        finally:
            await notifier.stop(grace_s=1.0)


async def settled(desk: Desk) -> bool:
    return all(each.status is not DeliveryStatus.QUEUED for each in await desk.log())


async def test_a_video_follows_on_the_channels_that_want_it_once(desk: Desk) -> None:
    clips, moves, plain = RecordingChannel(), RecordingChannel(), RecordingChannel()
    channels = {"clips": clips, "moves": moves, "plain": plain}
    notifier = desk.notifier(channels, {"clips": CLIP, "moves": ANIMATION})
    event, unheard = make_event(0), make_event(1)
    for each in (event, unheard):  # the second within the quiet time of the first
        await notifier.handle(OPENED, each)
    for each in (event, unheard, event):
        await notifier.handle(TOPIC, media(each, ArtifactKind.SNAPSHOT))
        await notifier.handle(TOPIC, media(each))
        await notifier.handle(TOPIC, media(each, part=2))
    await notifier.handle(TOPIC, media(event, ArtifactKind.GIF))

    await live(notifier, partial(settled, desk))

    first, video = clips.sent
    assert (first.video, first.follow_up) == (None, None)
    assert video.video == await video_of(event.id, CLIP)
    assert video.follow_up is not None
    assert video.follow_up.alert_id == first.alert_id
    assert video.alert_id != first.alert_id
    assert [each.video for each in moves.sent] == [None, await video_of(event.id, ANIMATION)]
    assert len(plain.sent) == 1


async def test_a_video_that_cannot_be_told_changes_nothing_about_its_alert(desk: Desk) -> None:
    class Silent(RecordingChannel):
        async def send(self, notice: Any) -> str:
            if notice.follow_up is not None:
                raise DeliveryFailed("too slow")
            return await super().send(notice)

    channel = Silent()
    notifier = desk.notifier({"clips": channel}, {"clips": CLIP}, plan=RetryPlan(max_attempts=2))
    event, again = make_event(0), make_event(30)
    await notifier.handle(OPENED, event)
    await notifier.handle(TOPIC, media(event))

    async def told_and_lost() -> bool:
        if not await settled(desk):
            return False
        await notifier.handle(OPENED, again)
        return True

    await live(notifier, told_and_lost)

    statuses = [each.status for each in await desk.log()]
    assert statuses == [SENT, FAILED], "the quiet time of the alert goes on"


async def test_a_video_that_is_gone_is_given_up_at_once(desk: Desk) -> None:
    async def gone(event_id: UUID, kind: VideoKind) -> Video | None:
        raise StorageFailed("deleted")

    channel = RecordingChannel()
    notifier = desk.notifier({"clips": channel}, {"clips": CLIP}, find_video=gone)
    await notifier.handle(OPENED, make_event(0))
    await notifier.handle(TOPIC, media(make_event(0)))

    await live(notifier, partial(settled, desk))

    told, video = await desk.log()
    assert (told.status, video.status, video.attempts) == (SENT, FAILED, 1)
    assert "no video any more" in video.error


async def test_a_digest_tells_of_alerts_and_not_of_their_videos(desk: Desk) -> None:
    channel = RecordingChannel(errors=[DeliveryFailed("away")] * 8)
    notifier = desk.notifier({"clips": channel}, {"clips": CLIP}, plan=RetryPlan(patience_s=9999.0))
    events = [make_event(90 * number) for number in range(6)]
    for event in events:
        await notifier.handle(OPENED, event)
        await notifier.handle(TOPIC, media(event))

    await live(notifier, partial(settled, desk))

    (digest,) = channel.sent
    assert digest.title == "6 alerts while clips could not be reached"
    assert [each.status for each in await desk.log()] == [*[DIGESTED] * 12, SENT]


async def test_few_alerts_with_videos_are_no_flood(desk: Desk) -> None:
    channel = RecordingChannel(errors=[DeliveryFailed("away")] * 8)
    notifier = desk.notifier({"clips": channel}, {"clips": CLIP}, plan=RetryPlan(patience_s=9999.0))
    events = [make_event(90 * number) for number in range(5)]
    for event in events:
        await notifier.handle(OPENED, event)
        await notifier.handle(TOPIC, media(event))

    await live(notifier, partial(settled, desk))

    assert [each.event_id for each in channel.sent if each.video is None] == [e.id for e in events]
    assert [each.event_id for each in channel.sent if each.video] == [e.id for e in events]


async def test_who_was_not_told_gets_no_video(desk: Desk) -> None:
    notifier = desk.notifier({"clips": RecordingChannel()}, {"clips": CLIP})

    await notifier.handle(TOPIC, media(make_event(0)))

    assert await desk.log() == []


async def test_of_a_long_event_only_the_first_part_is_brought(desk: Desk) -> None:
    notifier = desk.notifier({"clips": RecordingChannel()}, {"clips": CLIP})
    await notifier.handle(OPENED, make_event(0))

    await notifier.handle(TOPIC, media(make_event(0), part=2))

    assert len(await desk.log()) == 1
