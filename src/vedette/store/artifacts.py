"""Rows of artifact files, and of files that are about to go."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Select, delete, func, insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.contracts.artifact import Artifact, ArtifactKind
from vedette.contracts.errors import NotFound
from vedette.contracts.event import EventState
from vedette.contracts.lifecycle import RetentionClass
from vedette.store.rows import plain, upsert
from vedette.store.scope import SiteScope
from vedette.store.tables import AI_ARTIFACT, AI_EVENT, GARBAGE

_A = AI_ARTIFACT.c
_G = GARBAGE.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What retention needs to know of an artifact, or of a segment."""

    id: UUID | int
    """A segment's is a number."""
    stored_at: datetime
    size_bytes: int
    event_open: bool
    expires_at: datetime | None = None
    """Its own end; None: the age that holds for all."""
    retention_class: RetentionClass = RetentionClass.STANDARD


@dataclass(frozen=True, slots=True, kw_only=True)
class Discarded:
    """A file whose row is gone and that is to be unlinked."""

    id: int
    site_id: str
    storage_path: str
    artifact_id: UUID
    event_id: UUID
    kind: ArtifactKind
    revision: int
    size_bytes: int
    reason: str
    """`superseded`, `expired`, `age`, `budget`, `orphan`, `damaged`."""


class ArtifactRepository:
    """The artifacts of some sites, within one transaction."""

    def __init__(self, conn: AsyncConnection, scope: SiteScope) -> None:
        self._conn = conn
        self._scope = scope

    async def get(self, artifact_id: UUID) -> Artifact:
        """One artifact.

        Raises:
            NotFound: there is none of that id in these sites.
        """
        query = select(_A.metadata_json).where(self._scope.covers(_A.site_id), _A.id == artifact_id)
        row = (await self._conn.execute(query)).first()
        if row is None:
            raise NotFound(f"there is no artifact {artifact_id}")
        return Artifact.model_validate(row[0])

    async def of_events(self, event_ids: Collection[UUID]) -> Mapping[UUID, tuple[Artifact, ...]]:
        """The artifacts of several events (of one page), by kind; () where there are none."""
        query = (
            select(_A.event_id, _A.metadata_json)
            .where(self._scope.covers(_A.site_id), _A.event_id.in_(event_ids))
            .order_by(_A.type, _A.revision)
        )
        found: dict[UUID, list[Artifact]] = {event_id: [] for event_id in event_ids}
        for event_id, body in await self._conn.execute(query):
            found[event_id].append(Artifact.model_validate(body))
        return {event_id: tuple(artifacts) for event_id, artifacts in found.items()}

    async def of_event(self, event_id: UUID) -> tuple[Artifact, ...]:
        """The artifacts of one event, by kind."""
        return (await self.of_events([event_id]))[event_id]

    async def add(self, *artifacts: Artifact, now: datetime) -> None:
        """Insert the rows of files that are in their place; the same again changes nothing.

        Raises:
            InvalidInput: a site is outside the scope, or an event is not known.
        """
        for artifact in artifacts:
            self._scope.demand(artifact.site_id)
        rows = [_row(artifact, now) for artifact in artifacts]
        await upsert(self._conn, AI_ARTIFACT, rows, key=("id",), first=frozenset({"stored_at"}))

    async def total_bytes(self) -> int:
        query = select(func.coalesce(func.sum(_A.size_bytes), 0)).where(
            self._scope.covers(_A.site_id)
        )
        return int((await self._conn.execute(query)).scalar_one())

    async def oldest(self, *, limit: int, after: Kept | None = None) -> tuple[Kept, ...]:
        """Artifacts by the time they were stored, oldest first; `after` is the last one seen."""
        query = self._kept().order_by(_A.stored_at, _A.id).limit(limit)
        if after is not None:
            place = tuple_(_A.stored_at, _A.id)
            query = query.where(place > tuple_(after.stored_at, after.id))
        return tuple(_kept(row) for row in (await self._conn.execute(query)).mappings())

    async def expired(
        self, now: datetime, *, limit: int, after: Kept | None = None
    ) -> tuple[Kept, ...]:
        """Artifacts whose own end is reached, the longest expired first, like `oldest`."""
        query = (
            self._kept()
            .where(_A.expires_at <= now, _A.retention_class != RetentionClass.KEEP.value)
            .order_by(_A.expires_at, _A.id)
            .limit(limit)
        )
        if after is not None:
            place = tuple_(_A.expires_at, _A.id)
            query = query.where(place > tuple_(after.expires_at, after.id))
        return tuple(_kept(row) for row in (await self._conn.execute(query)).mappings())

    def _kept(self) -> Select[Any]:
        return (
            select(
                _A.id,
                _A.stored_at,
                _A.size_bytes,
                _A.expires_at,
                _A.retention_class,
                AI_EVENT.c.state,
            )
            .join(AI_EVENT, AI_EVENT.c.id == _A.event_id)
            .where(self._scope.covers(_A.site_id))
        )

    async def files(self, *, limit: int, after: str = "") -> Sequence[tuple[UUID, str, int, str]]:
        """Id, path, size and hash of the files that should be there, by path after `after`."""
        query = (
            select(_A.id, _A.storage_path, _A.size_bytes, _A.sha256)
            .where(self._scope.covers(_A.site_id), _A.storage_path > after)
            .order_by(_A.storage_path)
            .limit(limit)
        )
        return [(i, path, size, sha) for i, path, size, sha in await self._conn.execute(query)]

    async def discard(self, artifact_ids: Collection[UUID], reason: str, *, now: datetime) -> int:
        """Move rows to the garbage; the files are unlinked after this is committed."""
        if not artifact_ids:
            return 0
        query = (
            select(_A.metadata_json)
            .where(self._scope.covers(_A.site_id), _A.id.in_(artifact_ids))
            .order_by(_A.stored_at, _A.id)
        )
        going = [Artifact.model_validate(b) for b in (await self._conn.execute(query)).scalars()]
        await GarbageRepository(self._conn, self._scope).add(*going, reason=reason, now=now)
        await self._conn.execute(delete(AI_ARTIFACT).where(_A.id.in_([a.id for a in going])))
        return len(going)


class GarbageRepository:
    """Files to be unlinked, of some sites, within one transaction."""

    def __init__(self, conn: AsyncConnection, scope: SiteScope) -> None:
        self._conn = conn
        self._scope = scope

    async def add(self, *artifacts: Artifact, reason: str, now: datetime) -> None:
        """Note files that have no row (any more)."""
        rows = {}
        for artifact in artifacts:
            self._scope.demand(artifact.site_id)
            rows[artifact.storage_path] = {
                "site_id": artifact.site_id,
                "storage_path": artifact.storage_path,
                "artifact_id": artifact.id,
                "event_id": artifact.event_id,
                "type": artifact.kind.value,
                "revision": artifact.revision,
                "size_bytes": artifact.size_bytes,
                "reason": reason,
                "created_at": now,
            }
        known = select(_G.storage_path).where(_G.storage_path.in_(rows))
        for path in (await self._conn.execute(known)).scalars():
            del rows[path]
        if rows:
            await self._conn.execute(insert(GARBAGE), list(rows.values()))

    async def find(self, *, limit: int = 500, after: int = 0) -> tuple[Discarded, ...]:
        """The next files, in the order they were discarded; `after` is the last id seen."""
        query = (
            select(GARBAGE)
            .where(self._scope.covers(_G.site_id), _G.id > after)
            .order_by(_G.id)
            .limit(limit)
        )
        return tuple(_discarded(row) for row in (await self._conn.execute(query)).mappings())

    async def of_events(self, event_ids: Collection[UUID]) -> tuple[Discarded, ...]:
        """Files of these events."""
        query = select(GARBAGE).where(self._scope.covers(_G.site_id), _G.event_id.in_(event_ids))
        return tuple(_discarded(row) for row in (await self._conn.execute(query)).mappings())

    async def drop(self, ids: Collection[int]) -> None:
        """Forget files that are unlinked."""
        await self._conn.execute(
            delete(GARBAGE).where(self._scope.covers(_G.site_id), _G.id.in_(ids))
        )


def _row(artifact: Artifact, now: datetime) -> dict[str, Any]:
    return {
        "id": artifact.id,
        "event_id": artifact.event_id,
        "site_id": artifact.site_id,
        "type": artifact.kind.value,
        "storage_path": artifact.storage_path,
        "metadata_json": plain(artifact),
        "revision": artifact.revision,
        "size_bytes": artifact.size_bytes,
        "sha256": artifact.sha256,
        "stored_at": now,
        "expires_at": artifact.expires_at,
        "retention_class": artifact.retention_class.value,
        "lifecycle_tag": artifact.lifecycle_tag,
    }


def _kept(row: RowMapping) -> Kept:
    return Kept(
        id=row["id"],
        stored_at=row["stored_at"],
        size_bytes=row["size_bytes"],
        event_open=row["state"] == EventState.OPEN.value,
        expires_at=row["expires_at"],
        retention_class=RetentionClass(row["retention_class"]),
    )


def _discarded(row: RowMapping) -> Discarded:
    return Discarded(
        id=row["id"],
        site_id=row["site_id"],
        storage_path=row["storage_path"],
        artifact_id=row["artifact_id"],
        event_id=row["event_id"],
        kind=ArtifactKind(row["type"]),
        revision=row["revision"],
        size_bytes=row["size_bytes"],
        reason=row["reason"],
    )
