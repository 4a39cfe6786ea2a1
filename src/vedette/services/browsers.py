"""Browsers that want to be told, kept in the store."""

import ipaddress
import logging
from collections.abc import Sequence

from vedette.contracts.errors import InvalidInput, NotFound, TooMany
from vedette.contracts.push import PushSubscription
from vedette.notify.push_crypto import encode, private_key, public_point
from vedette.store.store import Store

log = logging.getLogger(__name__)

MOST = 200
LOCAL_NAMES = (".local", ".localhost", ".internal", ".lan", ".home.arpa")


class StoreBrowsers:
    """Implements `notify.embedded.Browsers` and `api.context.Browsers`."""

    def __init__(self, store: Store, key: bytes) -> None:
        """Take what it needs.

        Args:
            key: the secret of our signatures; with another one, all must subscribe anew.
        """
        self._store = store
        self.key = key
        self._told = False
        self._private = False

    def dismiss(self) -> None:
        """Nobody writes to them any more, until somebody does."""
        self._told = False

    def admit(self, *, private: bool) -> None:
        self._told = True
        self._private = private

    def public_key(self) -> str:
        """What a browser needs to subscribe.

        Raises:
            NotFound: nobody would write to it.
        """
        if not self._told:
            raise NotFound("no channel of type web_push is configured, so browsers are not told")
        return encode(public_point(private_key(self.key)))

    async def add(self, subscription: PushSubscription) -> None:
        """It is told from now on.

        Raises:
            NotFound: nobody would write to it.
            InvalidInput: its push service is not in the internet.
            TooMany: `MOST` are told already.
            StorageFailed: it is not kept.
        """
        self.public_key()
        if not self._private:
            demand_public(subscription)
        async with self._store.write() as unit:
            subscriptions = unit.push_subscriptions()
            known = {str(each.endpoint) for each in await subscriptions.all()}
            if str(subscription.endpoint) not in known and len(known) >= MOST:
                raise TooMany(f"{MOST} browsers are told already; that is all that may be")
            await subscriptions.add(subscription, now=unit.now)
        log.info("a browser of %s is told from now on", subscription.host)

    async def remove(self, endpoint: str) -> None:
        """It is told no more.

        Raises:
            NotFound: it was not told.
            StorageFailed: it is told still.
        """
        async with self._store.write() as unit:
            if not await unit.push_subscriptions().remove(endpoint):
                raise NotFound("this browser was not told of anything")

    async def all(self) -> Sequence[PushSubscription]:
        async with self._store.read() as unit:
            return await unit.push_subscriptions().all()

    async def forget(self, subscription: PushSubscription) -> None:
        async with self._store.write() as unit:
            await unit.push_subscriptions().remove(str(subscription.endpoint))
        log.info("a browser of %s is gone", subscription.host)


def demand_public(subscription: PushSubscription) -> None:
    """Nothing for a push service of the internet, reached over TLS.

    Raises:
        InvalidInput: it would have us write to somebody in our own network.
    """
    host = subscription.host.strip("[]").rstrip(".").lower()
    if subscription.endpoint.scheme != "https":
        raise InvalidInput("the address of a push service begins with https")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        local = "." not in host or host.endswith(LOCAL_NAMES)
    else:
        local = not address.is_global
    if local:
        raise InvalidInput(
            f"{host} is no push service of the internet; where you run one of your own, say "
            "`allow_private: true` at the channel"
        )
