"""Opens one source for a moment, as the product would, and says what really comes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from pydantic import ValidationError

from vedette.app.camera_settings import CameraSettings, ModuleSettings
from vedette.config.secrets import reveal
from vedette.contracts.errors import InvalidInput, SourceLost, SourceRefused
from vedette.contracts.packet import Packet
from vedette.kit.clock import Clock
from vedette.plugins.registry import build
from vedette.sources.port import Stream

DECODED = 12
"""Frames that are decoded, to see that they can be; the others are only counted."""
PATIENCE_S = 5.0
"""A stream that runs slower than the clock is given up so long after its time."""
MOST_PACKETS = 10_000


@dataclass(slots=True, kw_only=True)
class Measured:
    """What came of a source."""

    codec: str = ""
    width: int = 0
    height: int = 0
    audio: str = ""
    packets: int = 0
    """Of video."""
    decoded: int = 0
    """Frames, of the first packets."""
    fps: float = 0.0
    """Really received; 0.0 where too few came to tell."""
    kbps: float = 0.0
    keyframe_s: float | None = None
    """From keyframe to keyframe; None where fewer than two came."""
    opened_s: float = 0.0
    """From asking to the first packet."""
    problem: str = ""
    """Why it ended early, or could not be opened."""
    exit_code: int = 0


@dataclass(slots=True)
class _Count:
    """Times are the stream's own: cameras begin with a burst, which says nothing of their rate."""

    times_us: list[int] = field(default_factory=list)
    keyframes_us: list[int] = field(default_factory=list)
    bytes: int = 0


def source_of(address: str) -> ModuleSettings:
    """The source that an address stands for in the settings."""
    return CameraSettings.model_validate({"id": "probe", "source": address}).source


def measure(source: ModuleSettings, clock: Clock, seconds: float) -> Measured:
    """Open a source and take `seconds` of it; what goes wrong is in the result.

    Raises:
        InvalidInput: it is no source at all.
    """
    found, count = Measured(), _Count()
    began_s = clock.monotonic()
    try:
        opened = build("source", reveal(source), camera_id="probe", clock=clock)
        stream: Stream = opened.open()
        try:
            _take(stream, found, count, clock, seconds, began_s)
        finally:
            _describe(stream, found)
            stream.close()
    except ValidationError as error:
        said = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise InvalidInput(f"the source cannot be used: {said}") from None
    except (SourceLost, SourceRefused) as error:
        found.problem, found.exit_code = str(error), error.exit_code
    _conclude(found, count)
    return found


def _take(
    stream: Stream, found: Measured, count: _Count, clock: Clock, seconds: float, began_s: float
) -> None:
    for packet in _video(stream):
        if not count.times_us:
            found.opened_s = clock.monotonic() - began_s
            began_s = clock.monotonic()
        at_us = round(packet.pts * stream.info.time_base * 1_000_000)
        count.times_us.append(at_us)
        count.bytes += len(packet.data)
        if packet.is_keyframe:
            count.keyframes_us.append(at_us)
        if found.decoded < DECODED:
            found.decoded += len(stream.decode(packet))
        taken_s = (at_us - count.times_us[0]) / 1e6
        late = clock.monotonic() - began_s > seconds + PATIENCE_S
        if taken_s >= seconds or late or len(count.times_us) >= MOST_PACKETS:
            break
    if not found.decoded:
        found.decoded = len(stream.flush())


def _describe(stream: Stream, found: Measured) -> None:
    info = stream.info
    found.codec, found.width, found.height = info.codec, info.width, info.height
    found.audio = info.audio.codec if info.audio is not None else ""


def _video(stream: Stream) -> Iterator[Packet]:
    return (packet for packet in stream.packets() if not packet.is_audio)


def _conclude(found: Measured, count: _Count) -> None:
    times_us, found.packets = sorted(count.times_us), len(count.times_us)
    span_s = (times_us[-1] - times_us[0]) / 1e6 if times_us else 0.0
    if span_s > 0:
        found.fps = (len(times_us) - 1) / span_s
        found.kbps = count.bytes * 8 / 1000 / span_s
    gaps = [(later - earlier) / 1e6 for earlier, later in pairwise(sorted(count.keyframes_us))]
    found.keyframe_s = sum(gaps) / len(gaps) if gaps else None
    if found.packets and not found.decoded and not found.problem:
        found.problem = "video came, but no frame of it could be decoded"
        found.exit_code = SourceRefused.exit_code
