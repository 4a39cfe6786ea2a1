"""Places packets on the timeline of a file, so that time in the file is time in the world. Pure."""

from dataclasses import dataclass, field

from vedette.contracts.packet import Packet, StreamInfo

US = 1_000_000
APART_US = 50_000
"""Ticks and UTC may disagree by this much before the timeline follows UTC."""


@dataclass(slots=True)
class _Track:
    """Ticks of one stream."""

    per_second: int
    per_tick: int
    """`per_tick / per_second` seconds are a tick."""
    apart: int
    shift: int | None = None
    last_dts: int | None = None


@dataclass(slots=True)
class Timing:
    """Ticks of a camera become ticks of a file that begins at `start_us`.

    Ticks are kept as they came, so distances stay exact; they are moved only where they no longer
    fit UTC: after a reconnect, or when the source's clock was set anew. DTS always grows.
    """

    start_us: int
    _tracks: dict[bool, _Track] = field(default_factory=dict)

    def place(self, info: StreamInfo, packet: Packet) -> tuple[int, int]:
        """PTS and DTS in the file, in ticks of the packet's stream."""
        track = self._tracks.get(packet.is_audio)
        if track is None:
            track = self._tracks[packet.is_audio] = _track(info, packet.is_audio)
        numerator = (packet.at_us - self.start_us) * track.per_second
        wanted = (numerator + track.per_tick * US // 2) // (track.per_tick * US)
        shift = track.shift
        if shift is None or abs(packet.pts + shift - wanted) > track.apart:
            shift = track.shift = wanted - packet.pts
        dts = packet.dts + shift
        if track.last_dts is not None and dts <= track.last_dts:
            dts = track.last_dts + 1
        track.last_dts = dts
        return max(packet.pts + shift, dts), dts


@dataclass(slots=True)
class Lengths:
    """How long the pictures of a Matroska file are shown, which seldom says it."""

    nominal: int
    """Ticks of a picture where there is no other."""
    _last: int | None = None
    _step: int = 0

    def of(self, packet: Packet) -> int:
        """Ticks; as long as the shortest so far, where its packet does not say (FFmpeg's reader
        gives one tick then)."""
        step = 0 if self._last is None else packet.dts - self._last
        self._last = packet.dts
        if step > 0:
            self._step = min(step, self._step or step)
        return packet.duration if packet.duration > 1 else self._step or self.nominal


def _track(info: StreamInfo, is_audio: bool) -> _Track:
    base = info.audio.time_base if is_audio and info.audio else info.time_base
    return _Track(
        per_second=base.denominator,
        per_tick=base.numerator,
        apart=max(1, APART_US * base.denominator // (base.numerator * US)),
    )
