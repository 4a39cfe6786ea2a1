"""Follows up what people were told with its video, once that is stored."""

from collections.abc import Mapping
from uuid import UUID, uuid5

from vedette.contracts.artifact import Artifact, ArtifactKind
from vedette.contracts.notice import DeliveryStatus, FollowUp, Notice, VideoKind
from vedette.contracts.payload import Payload
from vedette.services.escalation import Tell
from vedette.store.notifications import Delivery
from vedette.store.scope import SiteScope
from vedette.store.store import Store

TOPIC = "event.media.ready"

_BRINGS = {ArtifactKind.CLIP: VideoKind.CLIP, ArtifactKind.GIF: VideoKind.ANIMATION}


class FollowUps:
    """Subscribe `handle` to `event.media.ready`."""

    def __init__(self, wishes: Mapping[str, VideoKind], store: Store, tell: Tell) -> None:
        """`wishes` of the channels that want videos."""
        self._wishes = dict(wishes)
        self._store = store
        self._tell = tell

    async def handle(self, topic: str, payload: Payload) -> None:
        """Bring a video to the channels that were told of its event; twice is once.

        Only the first part of a long event; the others are on its page.

        Raises:
            StorageFailed: it cannot be noted now.
        """
        if topic != TOPIC or not isinstance(payload, Artifact) or payload.part > 1:
            return
        kind = _BRINGS.get(payload.kind)
        channels = {name for name, wish in self._wishes.items() if wish is kind}
        if kind is None or not channels:
            return
        async with self._store.read() as unit:
            log = unit.notifications(SiteScope(payload.site_id))
            told = await log.of_event(payload.event_id)
        for each in told:
            if each.channel in channels and _was_told(each):
                await self._tell(followed_up(each.notice, kind), [each.channel])


def _was_told(delivery: Delivery) -> bool:
    """Or will be, before its video; not only as one of many, nor once more."""
    first = delivery.notice.escalates is None and delivery.notice.follow_up is None
    return first and delivery.status in {DeliveryStatus.QUEUED, DeliveryStatus.SENT}


def followed_up(notice: Notice, kind: VideoKind) -> Notice:
    """What brings the video of an alert; always the same for the same."""
    return notice.model_copy(
        update={
            "alert_id": follow_up_id(notice.alert_id, kind),
            "follow_up": FollowUp(alert_id=notice.alert_id, kind=kind),
            "text": "",
            "items": (),
            "links": (),
            "picture": None,
            "again": False,
        }
    )


def follow_up_id(alert_id: UUID, kind: VideoKind) -> UUID:
    """Of the message that brings a video."""
    return uuid5(alert_id, f"video/{kind}")
