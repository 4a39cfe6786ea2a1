"""Chooses the samples of an interval from recorded files, and places them on one timeline. Pure.

The first shown picture is the first at or after the begin of the interval, the last one is the last
before its end. Decoding begins at the keyframe before; an edit list hides what is before the
first picture. Where nothing was recorded the film goes on with what comes next.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np

from vedette.media.fragments import Fragments, Samples
from vedette.media.movie import Line, Stretch

US = 1_000_000
UNBROKEN_US = 500_000
"""A hole up to this long is shown with its length: the last picture stands still."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Piece:
    """A recorded file, and when its first picture was taken."""

    fragments: Fragments
    started_us: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Film:
    """What an interval holds."""

    lines: tuple[Line, ...]
    intervals: tuple[tuple[int, int], ...]
    """Begin and end (UTC, µs) of each unbroken stretch that is shown."""
    next_us: int | None
    """Where the format changes, so that the film has to end; None where it reaches the end."""

    @property
    def duration_s(self) -> float:
        video = self.lines[0]
        return video.shown_ticks / video.timescale


@dataclass(slots=True, kw_only=True)
class _Editing:
    """The film so far; times in ticks of the video, 0 at the first shown picture."""

    video: list[Stretch] = field(default_factory=list)
    audio: list[Stretch] = field(default_factory=list)
    end: int = 0
    """End of the last shown picture."""
    last_dts: int | None = None
    last_sound: int | None = None
    """DTS of the last sample of sound, in ticks of the sound."""
    end_us: int = 0
    intervals: list[tuple[int, int]] = field(default_factory=list)


def compose(pieces: Sequence[Piece], from_us: int, to_us: int) -> Film | None:
    """The film of an interval; None where no picture was taken in it.

    Args:
        pieces: in the order of time.
        from_us: pictures of this time or later are shown (UTC, microseconds).
        to_us: pictures before this.
    """
    editing = _Editing()
    first: Fragments | None = None
    next_us = None
    for piece in pieces:
        if piece.started_us >= to_us:
            break
        if first is not None and not _same_format(first, piece.fragments):
            next_us = max(piece.started_us, editing.end_us)
            break
        if _append(editing, piece, max(from_us, editing.end_us), to_us):
            first = first or piece.fragments
    if first is None:
        return None
    lines = [Line(stretches=tuple(editing.video), shown_from=0, shown_ticks=editing.end)]
    if editing.audio:
        sound = editing.audio[0].samples.timescale
        shown = int(Fraction(editing.end, first.video.timescale) * sound)
        lines.append(Line(stretches=tuple(editing.audio), shown_from=0, shown_ticks=shown))
    return Film(lines=tuple(lines), intervals=tuple(editing.intervals), next_us=next_us)


def _same_format(one: Fragments, other: Fragments) -> bool:
    """True where one film can hold both."""
    if not _same_track(one.video, other.video):
        return False
    return one.audio is None or other.audio is None or _same_track(one.audio, other.audio)


def _same_track(one: Samples, other: Samples) -> bool:
    return (one.description, one.timescale, one.turn) == (
        other.description,
        other.timescale,
        other.turn,
    )


def _append(editing: _Editing, piece: Piece, from_us: int, to_us: int) -> bool:
    """Add what a file holds of the interval; False where that is nothing."""
    samples, zero = piece.fragments.video, piece.fragments.zero
    scale = samples.timescale
    pts = samples.pts
    low = zero + _ticks(from_us - piece.started_us, scale)
    high = zero + _ticks(to_us - piece.started_us, scale)
    wanted = np.flatnonzero((pts >= low) & (pts < high))
    if not wanted.size:
        return False
    begun = bool(editing.video)
    keys = np.flatnonzero(samples.keys)
    if begun:  # only the first stretch can hide pictures: later ones begin with a keyframe
        keys = keys[pts[keys] >= low]
        if not keys.size or pts[keys[0]] >= high:
            return False
        start = int(keys[0])
        shown = int(pts[start])
    else:
        shown = int(pts[wanted].min())
        before = keys[pts[keys] <= shown]
        start = int(before[-1]) if before.size else 0
    stop = int(wanted[-1]) + 1
    chosen = samples.pick(slice(start, stop))
    shown_us = piece.started_us + _us(shown - zero, scale)
    at = _place(editing, shown_us, scale)
    if editing.last_dts is not None:  # players want DTS to grow
        at = max(at, editing.last_dts + 1 + shown - int(chosen.dts[0]))
    placed = replace(chosen, dts=chosen.dts - shown + at)
    editing.video.append(Stretch(path=piece.fragments.path, samples=placed))
    editing.last_dts = int(placed.dts[-1])
    inside = (chosen.pts >= shown) & (chosen.pts < high)
    last = int((chosen.pts + chosen.ticks)[inside].max())
    editing.end = at + last - shown
    _sound(editing, piece, (shown, last), at)
    end_us = piece.started_us + _us(last - zero, scale)
    if editing.intervals and shown_us - editing.end_us <= UNBROKEN_US:
        editing.intervals[-1] = (editing.intervals[-1][0], end_us)
    else:
        editing.intervals.append((shown_us, end_us))
    editing.end_us = end_us
    return True


def _place(editing: _Editing, shown_us: int, scale: int) -> int:
    """Where in the film the next file begins: after a short hole, or at once."""
    if not editing.video:
        return 0
    hole_us = shown_us - editing.end_us
    return editing.end + (_ticks(hole_us, scale) if 0 < hole_us <= UNBROKEN_US else 0)


def _sound(editing: _Editing, piece: Piece, shown: tuple[int, int], at: int) -> None:
    """Add the sound of the pictures from `shown[0]` to `shown[1]`, which begin at `at`."""
    samples = piece.fragments.audio
    if samples is None:
        return
    zero = piece.fragments.zero  # where pictures are reordered, only the video is late by that
    ratio = Fraction(samples.timescale, piece.fragments.video.timescale)
    begin, end = int((shown[0] - zero) * ratio), int((shown[1] - zero) * ratio)
    heard = (samples.dts + samples.ticks > begin) & (samples.dts < end)
    moved = samples.dts - begin + int(at * ratio)
    if editing.last_sound is not None:
        heard &= moved > editing.last_sound + samples.ticks // 2
    if not heard.any():
        return
    chosen = replace(samples.pick(heard), dts=moved[heard])
    editing.audio.append(Stretch(path=piece.fragments.path, samples=chosen))
    editing.last_sound = int(chosen.dts[-1])


def _ticks(us: int, scale: int) -> int:
    """To the nearest tick, so that a time that was rounded to microseconds finds its picture."""
    return (us * scale + US // 2) // US


def _us(ticks: int, scale: int) -> int:
    return (ticks * US + scale // 2) // scale
