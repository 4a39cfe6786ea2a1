"""What a change of an event means for what is stored and told. Pure."""

from vedette.contracts.artifact import Artifact, ArtifactKind
from vedette.contracts.event import Event, EventState

INTERRUPTED = "interrupted"
"""End reason of an event whose process was killed; a later word on it is believed again."""

MEDIA_FAILED = "media_failed"
"""Key in an event's numbers: why a file of it could not be kept."""


def settle(known: Event | None, new: Event) -> tuple[Event, tuple[str, ...]]:
    """The event to store, and the topics on which to tell of it.

    Changes may come twice, or late (media is ready after the event closed). An older state
    never replaces a newer one, and an event that closed stays closed, unless it was closed
    only because the process was killed.
    """
    if known is None:
        closed = ("event.closed",) if new.state is EventState.CLOSED else ()
        return new, ("event.opened", *closed)
    new = _keep_failure(known, new)
    if _is_behind(known, new) or _same(known, new):
        return _keep_failure(new, known), ()
    was_over = known.state is EventState.CLOSED and known.end_reason != INTERRUPTED
    closes = new.state is EventState.CLOSED and not was_over
    return new, ("event.closed" if closes else "event.updated",)


def _is_behind(known: Event, new: Event) -> bool:
    if known.state is EventState.CLOSED and new.state is EventState.OPEN:
        return known.end_reason != INTERRUPTED or new.updated_at <= known.updated_at
    closes = known.state is EventState.OPEN and new.state is EventState.CLOSED
    return new.updated_at < known.updated_at and not closes


def _same(known: Event, new: Event) -> bool:
    return known.model_dump_json() == new.model_dump_json()


def _keep_failure(known: Event, new: Event) -> Event:
    """The camera does not know that a file failed; so that note is carried on."""
    if MEDIA_FAILED not in known.numbers or MEDIA_FAILED in new.numbers:
        return new
    noted = {**new.numbers, MEDIA_FAILED: known.numbers[MEDIA_FAILED]}
    return new.model_copy(update={"numbers": noted})


def with_failures(event: Event, failures: tuple[str, ...]) -> Event:
    """The event with a note of the files that could not be kept."""
    if not failures:
        return event
    noted = {**event.numbers, MEDIA_FAILED: "; ".join(failures)}
    return event.model_copy(update={"numbers": noted})


def media_topics(artifact: Artifact) -> tuple[str, ...]:
    """On which topics a new file is told."""
    match artifact.kind:
        case ArtifactKind.SNAPSHOT | ArtifactKind.SNAPSHOT_ANNOTATED:
            return ("event.snapshot.ready", "event.media.ready")
        case ArtifactKind.CLIP:
            return ("event.clip.ready", "event.media.ready")
        case _:
            return ("event.media.ready",)


def interrupted(event: Event) -> Event:
    """An event that was open when its process died: closed when it was last heard of."""
    return event.model_copy(
        update={
            "state": EventState.CLOSED,
            "ended_at": event.updated_at,
            "end_reason": INTERRUPTED,
        }
    )
