"""What is said over the link, and how our words become frames and frames our words.

To the control process: `hello`, `beat`, `fact`, `event`, `track`, `segment`, `gap`, `answer`,
`failed`, `bye`. To the worker: `welcome`, `assign`, `put`, `drop`, `topics`, `ack`, `ask`, `stop`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, TypeAlias

from pydantic import TypeAdapter, ValidationError

from vedette.contracts.errors import InvalidInput
from vedette.contracts.event import Event
from vedette.contracts.payload import Payload
from vedette.contracts.sink import EventChange, NewArtifact, NewSegment, RecordingGap, TrackRecord
from vedette.contracts.topics import Delivery, find_topic
from vedette.contracts.verdict import Verdict
from vedette.link.files import WorkerFolders, described, taken_up
from vedette.link.wire import Frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A finished track with everything that was said of it."""

    track: TrackRecord
    verdicts: tuple[Verdict, ...]


Durable: TypeAlias = EventChange | Story | NewSegment | RecordingGap
"""What is acknowledged only when it is stored."""


def frame_of(said: Durable, seq: int, hashes: Mapping[str, str], folders: WorkerFolders) -> Frame:
    """The frame of a durable message.

    Args:
        hashes: SHA-256 of the files that have one, by file name.
    """
    if isinstance(said, EventChange):
        head = {
            "event": said.event.model_dump(mode="json"),
            "artifacts": [
                described(each, hashes.get(each.file.name if each.file else "", ""), folders)
                for each in said.artifacts
            ],
        }
        return Frame(kind="event", seq=seq, head=head)
    if isinstance(said, Story):
        track = replace(said.track, path=b"")
        head = {
            "track": _plain(TrackRecord).dump_python(track, mode="json", exclude={"path"}),
            "verdicts": _plain(tuple[Verdict, ...]).dump_python(said.verdicts, mode="json"),
        }
        return Frame(kind="track", seq=seq, head=head, body=said.track.path)
    if isinstance(said, NewSegment):
        head = _plain(NewSegment).dump_python(said, mode="json")
        return Frame(kind="segment", seq=seq, head=head)
    head = _plain(RecordingGap).dump_python(said, mode="json")
    return Frame(kind="gap", seq=seq, head=head)


def durable_of(frame: Frame, folders: WorkerFolders, *, check: bool = False) -> Durable:
    """The other way round. Files that are not there are left out of a change.

    Args:
        check: also leave out files whose content is not what was said (after a crash).

    Raises:
        InvalidInput: it makes no sense.
        StorageFailed: a file that it names cannot be read.
    """
    match frame.kind:
        case "event":
            return _change(frame, folders, check)
        case "track":
            plain = {**_mapping(frame.head.get("track")), "path": frame.body}
            verdicts = _read(tuple[Verdict, ...], frame.head.get("verdicts"))
            return Story(track=_read(TrackRecord, plain), verdicts=verdicts)
        case "segment":
            segment: NewSegment = _read(NewSegment, frame.head)
            return segment
        case "gap":
            gap: RecordingGap = _read(RecordingGap, frame.head)
            return gap
    raise InvalidInput(f"a worker says {frame.kind!r}, which nobody here understands")


def fact_frame(topic: str, payload: Payload) -> Frame:
    """A fact for those who listen at the control process."""
    return Frame(kind="fact", head={"topic": topic, "fact": payload.model_dump(mode="json")})


def fact_of(frame: Frame) -> tuple[str, Payload]:
    """The other way round.

    Raises:
        InvalidInput: there is no such topic, it is not a worker's to tell on (what must not be
            lost is told by whoever stores it), or the payload makes no sense.
    """
    name = str(frame.head.get("topic"))
    topic = find_topic(name)
    if topic is None or topic.delivery is not Delivery.TRANSIENT:
        raise InvalidInput(f"a worker tells on {name!r}, which is no topic of its own")
    return name, _read(topic.payload, frame.head.get("fact"))


def strings_of(value: object) -> tuple[str, ...]:
    """A list of texts out of a head.

    Raises:
        InvalidInput: it is none.
    """
    found: tuple[str, ...] = _read(tuple[str, ...], value)
    return found


def _change(frame: Frame, folders: WorkerFolders, check: bool) -> EventChange:
    named = frame.head.get("artifacts")
    if not isinstance(named, Sequence) or len(named) > 50:
        raise InvalidInput("the artifacts of an event are no list")
    found: list[NewArtifact] = []
    for each in named:
        artifact, whole = taken_up(_mapping(each), folders, check=check)
        if whole:
            found.append(artifact)
    event: Event = _read(Event, frame.head.get("event"))
    return EventChange(event=event, artifacts=tuple(found))


@cache
def _plain(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _read(kind: Any, value: object) -> Any:
    try:
        return _plain(kind).validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InvalidInput(
            f"a message of a worker makes no sense: {place}: {first['msg']}"
        ) from None


def _mapping(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidInput("a message of a worker makes no sense: a mapping is missing")
    return value
