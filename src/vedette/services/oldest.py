"""What retention goes through, page by page: what has expired, then all, the oldest first."""

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field
from uuid import UUID

from vedette.store.artifacts import Kept
from vedette.store.recordings import Segment
from vedette.store.scope import SiteScope
from vedette.store.unit import Unit


@dataclass(slots=True, kw_only=True)
class OldestFirst:
    """Artifacts whose own end is reached; then two tables merged, by the time of storing."""

    page: int
    """Rows read at a time from each."""
    camera_id: str | None = None
    """Only the segments of this camera."""
    _artifacts: deque[Kept] = field(default_factory=deque)
    _segments: deque[Kept] = field(default_factory=deque)
    _after_artifact: Kept | None = None
    _after_segment: Segment | None = None
    _after_expired: Kept | None = None
    _no_more_artifacts: bool = False
    _no_more_segments: bool = False
    _no_more_expired: bool = False

    def __post_init__(self) -> None:
        self._no_more_artifacts = self._no_more_expired = self.camera_id is not None

    async def take(self, unit: Unit, scope: SiteScope) -> list[Kept]:
        """The next ones; none when there are no more."""
        if not self._no_more_expired and (expired := await self._expired(unit, scope)):
            return expired
        await self._fill(unit, scope)
        taken: list[Kept] = []
        while self._artifacts or self._segments:
            if not self._artifacts and not self._no_more_artifacts:
                break  # the next artifact may be older than the next segment
            if not self._segments and not self._no_more_segments:
                break
            taken.append(self._older().popleft())
        return taken

    async def _expired(self, unit: Unit, scope: SiteScope) -> list[Kept]:
        found = await unit.artifacts(scope).expired(
            unit.now, limit=self.page, after=self._after_expired
        )
        self._no_more_expired = len(found) < self.page
        self._after_expired = found[-1] if found else None
        return list(found)

    async def _fill(self, unit: Unit, scope: SiteScope) -> None:
        if not self._artifacts and not self._no_more_artifacts:
            artifacts = await unit.artifacts(scope).oldest(
                limit=self.page, after=self._after_artifact
            )
            self._no_more_artifacts = len(artifacts) < self.page
            self._artifacts.extend(artifacts)
            self._after_artifact = artifacts[-1] if artifacts else None
        if not self._segments and not self._no_more_segments:
            segments = await unit.segments(scope).oldest(
                limit=self.page, after=self._after_segment, camera_id=self.camera_id
            )
            self._no_more_segments = len(segments) < self.page
            self._segments.extend(as_kept(segment) for segment in segments)
            self._after_segment = segments[-1] if segments else None

    def _older(self) -> deque[Kept]:
        if not self._segments:
            return self._artifacts
        if not self._artifacts:
            return self._segments
        artifact, segment = self._artifacts[0], self._segments[0]
        return self._artifacts if artifact.stored_at <= segment.stored_at else self._segments


def as_kept(segment: Segment) -> Kept:
    """A segment as retention sees it."""
    return Kept(
        id=segment.id,
        stored_at=segment.stored_at,
        size_bytes=segment.size_bytes,
        event_open=False,
    )


async def total_bytes(unit: Unit, scope: SiteScope, camera_id: str | None) -> int:
    """Bytes of everything, or of one camera's segments."""
    segments = await unit.segments(scope).total_bytes(camera_id)
    return segments if camera_id else segments + await unit.artifacts(scope).total_bytes()


async def discard(unit: Unit, scope: SiteScope, ids: Collection[UUID | int], reason: str) -> int:
    """Move rows to the garbage; the files are unlinked after this is committed."""
    artifacts = [each for each in ids if isinstance(each, UUID)]
    segments = [each for each in ids if isinstance(each, int)]
    count = 0
    if artifacts:
        count += await unit.artifacts(scope).discard(artifacts, reason, now=unit.now)
    if segments:
        count += await unit.segments(scope).discard(segments, reason)
    return count
