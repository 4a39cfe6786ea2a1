"""A film from anywhere through the present code and settings of a camera, with its own clock."""

import re
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from pydantic import ValidationError

from vedette.app.camera_settings import ModuleSettings, source_from_address
from vedette.app.load import load_settings
from vedette.app.replay import (
    Progress,
    Replayed,
    Time,
    camera_called,
    compared,
    look_again,
    what_was,
)
from vedette.contracts.errors import InvalidInput, NotFound
from vedette.kit.clock import Clock, from_us
from vedette.plugins.registry import build, configure

RECORDED = frozenset({"file", "http"})
"""Types of sources that may be a film."""
UNDATED_US = 86_400_000_000
"""Whoever states no time of recording begins on the first day of 1970."""

_NAMED = re.compile(r"(?<!\d)(\d{8})[_T-]?(\d{6})(?!\d)")


async def replay_source(
    source: str,
    camera_id: str,
    config: Path,
    data: Path,
    clock: Clock,
    *,
    at: datetime | None = None,
    progress: Progress = lambda frames, in_all: None,
) -> Replayed:
    """Replay a film with the settings of a camera.

    Where something is stored of that camera and that time, both are compared; the data folder is
    only read.

    Args:
        source: a file, or the address of one (http).
        at: when it was recorded; if absent, what the file says, or else its name.
    Raises:
        InvalidInput: there is no such camera, or the source is live.
        SourceRefused: the file is missing, may not be read, or holds no video.
        SourceLost: the address cannot be reached.
        InvalidConfig, StorageFailed, ModelUnavailable
    """
    settings = load_settings(config)
    camera = camera_called(settings, camera_id)
    film = _film(source)
    dated = _demand_recorded(film, clock)
    if at is None and not dated:
        at = named_time(source)
    film = film if at is None else {**film, "start": at}
    found = look_again(settings, camera, film, clock, progress)
    begin, end = from_us(found.stats.first_frame_us), from_us(found.stats.last_frame_us)
    return compared([found], await _then(data, camera_id, begin, end), [(begin, end)])


def named_time(source: str) -> datetime | None:
    """When a recording began by its name, as `yard_person_20260131_140322.mp4`; None where it does
    not say."""
    path = urlsplit(source).path if "://" in source else source
    match = _NAMED.search(PurePosixPath(path).name)
    if match is None:
        return None
    try:
        return datetime.strptime("".join(match.groups()), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def _film(source: str) -> ModuleSettings:
    """The settings of the source; nothing of its address is in an error."""
    film = source_from_address(source)
    if not isinstance(film, dict) or film.get("type") not in RECORDED:
        raise InvalidInput(
            "only films can be replayed, and that is live; give --camera and --from, to replay "
            "what was recorded of it"
        )
    sentence = ""
    try:
        configure("source", film)
    except ValidationError as error:
        sentence = error.errors()[0]["msg"].removeprefix("Value error, ")
    if sentence:  # raised out here: the first error may repeat an address with its password
        raise InvalidInput(f"the source cannot be used: {sentence}")
    return film


def _demand_recorded(film: ModuleSettings, clock: Clock) -> bool:
    """Open it once; True where it says when it was recorded."""
    opened = build("source", film, camera_id="replay", clock=clock)
    stream = opened.open()
    try:
        if opened.live:
            raise InvalidInput(
                f"{opened} is live; give --camera and --from, to replay what was recorded of it"
            )
        first = next(iter(stream.packets()), None)
    finally:
        stream.close()
    return first is not None and first.at_us >= UNDATED_US


async def _then(data: Path, camera_id: str, begin: datetime, end: datetime) -> Time | None:
    """What happened then; None where nothing is stored of it."""
    if begin >= end:
        return None
    try:
        then = await what_was(data, camera_id, begin, end)
    except NotFound:
        return None
    return then if then.events or then.tracks else None
