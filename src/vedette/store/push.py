"""Browsers that want to be told; their addresses and keys are secrets."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.contracts.push import PushKeys, PushSubscription
from vedette.store.rows import upsert
from vedette.store.tables import PUSH_SUBSCRIPTION

_P = PUSH_SUBSCRIPTION.c


class PushSubscriptions:
    """Within one transaction."""

    def __init__(self, conn: AsyncConnection) -> None:
        self._conn = conn

    async def all(self) -> tuple[PushSubscription, ...]:
        """In the order in which they came."""
        query = select(_P.endpoint, _P.p256dh, _P.auth).order_by(_P.created_at, _P.endpoint)
        return tuple(
            PushSubscription.model_validate(
                {"endpoint": endpoint, "keys": PushKeys(p256dh=p256dh, auth=auth)}
            )
            for endpoint, p256dh, auth in await self._conn.execute(query)
        )

    async def add(self, subscription: PushSubscription, *, now: datetime) -> None:
        """Keep it; the same address again brings new keys."""
        row = {
            "endpoint": str(subscription.endpoint),
            "p256dh": subscription.keys.p256dh,
            "auth": subscription.keys.auth,
            "created_at": now,
        }
        await upsert(
            self._conn,
            PUSH_SUBSCRIPTION,
            [row],
            key=("endpoint",),
            first=frozenset({"created_at"}),
        )

    async def remove(self, endpoint: str) -> bool:
        """False where it is not there."""
        gone = delete(PUSH_SUBSCRIPTION).where(_P.endpoint == endpoint)
        return (await self._conn.execute(gone)).rowcount > 0
