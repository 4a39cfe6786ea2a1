"""The messages that went out, wait, or were given up; those that failed can be sent again."""

from collections.abc import Callable, Collection, Sequence

from vedette.contracts.delivery import Message
from vedette.contracts.errors import InvalidInput
from vedette.contracts.notice import DeliveryStatus
from vedette.kit.clock import Clock
from vedette.services.notifier import Notifier
from vedette.store.notifications import Delivery
from vedette.store.scope import SiteScope
from vedette.store.store import Store


class Post:
    """Looks into the log of messages, and has what failed sent again."""

    def __init__(self, store: Store, clock: Clock, notifier: Callable[[], Notifier]) -> None:
        """`notifier` is the one at that moment: settings may bring another."""
        self._store = store
        self._clock = clock
        self._notifier = notifier

    async def find(
        self,
        scope: SiteScope,
        *,
        statuses: Collection[DeliveryStatus] = (),
        channel: str = "",
        limit: int = 50,
    ) -> Sequence[Message]:
        """Messages of some sites, the newest first."""
        async with self._store.read() as unit:
            log = unit.notifications(scope)
            found = await log.newest(statuses=statuses, channel=channel, limit=limit)
        return [_message(each) for each in found]

    async def resend(self, scope: SiteScope, number: int) -> Message:
        """Have one that failed sent again, with all its attempts.

        Raises:
            NotFound: there is none of that number.
            InvalidInput: it has not failed, or its channel is not in the settings any more.
        """
        async with self._store.write() as unit:
            log = unit.notifications(scope)
            held = await log.get(number)
            if not await log.revive(number, now=self._clock.now()):
                raise InvalidInput(
                    f"message {number} is {held.status.value}; what failed can be sent again"
                )
            if held.channel not in self._notifier().channels:
                raise InvalidInput(
                    f"message {number} was for the channel {held.channel!r}, which is not in the "
                    "settings any more"
                )
            waiting = await log.get(number)
        self._notifier().wake(held.channel)
        return _message(waiting)


def _message(delivery: Delivery) -> Message:
    notice = delivery.notice
    return Message(
        id=delivery.id,
        alert_id=notice.alert_id,
        event_id=notice.event_id,
        site_id=notice.site_id,
        camera_id=notice.camera_id,
        title=notice.title,
        severity=notice.severity,
        channel=delivery.channel,
        status=delivery.status,
        target=delivery.target,
        error=delivery.error,
        attempts=delivery.attempts,
        created_at=delivery.created_at,
        updated_at=delivery.updated_at,
    )
