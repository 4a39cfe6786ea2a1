"""Sites and cameras, taken over from the settings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.contracts.errors import NotFound
from vedette.store.rows import upsert
from vedette.store.scope import SiteScope
from vedette.store.tables import CAMERA, SITE


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A place with cameras."""

    id: str
    name: str
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """One camera of a site."""

    id: str
    site_id: str
    name: str
    nvr_id: str | None = None
    status: str = "unknown"
    last_seen_at: datetime | None = None


class SiteRepository:
    """Some sites, within one transaction."""

    def __init__(self, conn: AsyncConnection, scope: SiteScope) -> None:
        self._conn = conn
        self._scope = scope

    async def save(self, sites: Sequence[Site]) -> None:
        """Insert them, or take over their name and whether they are enabled.

        Raises:
            InvalidInput: one is outside the scope.
        """
        for site in sites:
            self._scope.demand(site.id)
        rows = [{"id": s.id, "name": s.name, "enabled": s.enabled} for s in sites]
        await upsert(self._conn, SITE, rows, key=("id",))

    async def find(self) -> tuple[Site, ...]:
        """By id."""
        query = select(SITE).where(self._scope.covers(SITE.c.id)).order_by(SITE.c.id)
        return tuple(
            Site(id=row["id"], name=row["name"], enabled=row["enabled"])
            for row in (await self._conn.execute(query)).mappings()
        )


class CameraRepository:
    """The cameras of some sites, within one transaction."""

    def __init__(self, conn: AsyncConnection, scope: SiteScope) -> None:
        self._conn = conn
        self._scope = scope

    async def save(self, cameras: Sequence[Camera]) -> None:
        """Insert them, or take over name, site and NVR; status and last sight stay.

        A camera that moves to another site leaves its events with the old one.

        Raises:
            InvalidInput: a site (also the one that has the camera now) is outside the scope, or not
                known.
        """
        for camera in cameras:
            self._scope.demand(camera.site_id)
        held = select(CAMERA.c.site_id).where(CAMERA.c.id.in_([c.id for c in cameras]))
        for site in (await self._conn.execute(held)).scalars():
            self._scope.demand(site)
        rows = [
            {
                "id": c.id,
                "site_id": c.site_id,
                "nvr_id": c.nvr_id,
                "name": c.name,
                "status": c.status,
                "last_seen_at": c.last_seen_at,
            }
            for c in cameras
        ]
        kept = frozenset({"status", "last_seen_at"})
        await upsert(self._conn, CAMERA, rows, key=("id",), first=kept)

    async def seen(self, camera_id: str, status: str, at: datetime | None = None) -> None:
        """Note a camera's state, and when it last sent something.

        Raises:
            NotFound: there is none of that id in these sites.
        """
        values = {"status": status} if at is None else {"status": status, "last_seen_at": at}
        changed = (
            update(CAMERA)
            .where(self._scope.covers(CAMERA.c.site_id), CAMERA.c.id == camera_id)
            .values(**values)
        )
        if (await self._conn.execute(changed)).rowcount == 0:
            raise NotFound(f"there is no camera {camera_id!r}")

    async def find(self) -> tuple[Camera, ...]:
        """By id."""
        query = select(CAMERA).where(self._scope.covers(CAMERA.c.site_id)).order_by(CAMERA.c.id)
        return tuple(
            Camera(
                id=row["id"],
                site_id=row["site_id"],
                name=row["name"],
                nvr_id=row["nvr_id"],
                status=row["status"],
                last_seen_at=row["last_seen_at"],
            )
            for row in (await self._conn.execute(query)).mappings()
        )
