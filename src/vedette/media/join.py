"""An interval of recordings that MP4 does not take, as one Matroska file.

Matroska has no edit list, so the film begins with the keyframe before; packets are copied.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from vedette.contracts.packet import Packet, StreamInfo
from vedette.media.clip import same_format
from vedette.media.mux import MKV, MUTE_MKV, Muxer, NoPicture, open_written
from vedette.media.timing import US, Timing

_APART_US = 500_000


def join(
    pieces: Sequence[tuple[Path, int]], from_us: int, to_us: int, out: Path
) -> tuple[tuple[tuple[int, int], ...], int | None]:
    """Write the film.

    Args:
        pieces: files, and the UTC of their first pictures, in the order of time.
        from_us, to_us: what is wanted (UTC, microseconds).
        out: a new file.
    Returns:
        Begin and end of each unbroken stretch, and where the format changes (None: nowhere).
    Raises:
        NoPicture: there is none in the interval.
        StorageFailed: a file cannot be read, or the new one cannot be written.
    """
    muxer: Muxer | None = None
    timing = Timing(0)
    first: StreamInfo | None = None
    intervals: list[tuple[int, int]] = []
    at_us, next_us = 0, None
    readers = []
    try:
        for path, started_us in pieces:
            reader = open_written(path)
            readers.append(reader)
            info = reader.info
            if first is not None and not same_format(info, first):
                next_us = started_us
                break
            chosen = _chosen(list(_dated(reader.packets(), info, started_us)), from_us, to_us)
            if not chosen:
                continue
            if muxer is None:
                first = info
                muxer = Muxer(out, info, MKV if info.audio else MUTE_MKV, options={})
            begin_us = chosen[0].at_us
            last = max((p for p in chosen if not p.is_audio), key=lambda p: p.at_us)
            end_us = last.at_us + int(last.duration * info.time_base * US)
            for packet in chosen:
                moved = replace(packet, at_us=packet.at_us - begin_us + at_us)
                pts, dts = timing.place(first or info, moved)
                muxer.write(moved, pts=pts, dts=dts)
            at_us += end_us - begin_us
            if intervals and begin_us - intervals[-1][1] <= _APART_US:
                intervals[-1] = (intervals[-1][0], end_us)
            else:
                intervals.append((begin_us, end_us))
        if muxer is None:
            raise NoPicture("nothing was recorded in that time")
        muxer.close()
    finally:
        for reader in readers:
            reader.container.close()
    return tuple(intervals), next_us


def _dated(packets: Iterable[Packet], info: StreamInfo, started_us: int) -> list[Packet]:
    """Packets with their UTC."""
    found: list[Packet] = []
    zero: int | None = None
    for packet in packets:
        base = info.audio.time_base if packet.is_audio and info.audio else info.time_base
        us = int(packet.pts * base * US)
        if zero is None and not packet.is_audio:
            zero = us
        found.append(replace(packet, at_us=us))
    return [replace(p, at_us=p.at_us - (zero or 0) + started_us) for p in found]


def _chosen(packets: list[Packet], from_us: int, to_us: int) -> list[Packet]:
    """From the keyframe before the first wanted picture up to the last one."""
    video = [p for p in packets if not p.is_audio]
    wanted = [n for n, p in enumerate(video) if from_us <= p.at_us < to_us]
    if not wanted:
        return []
    begin = max((n for n in range(wanted[0] + 1) if video[n].is_keyframe), default=0)
    kept = set(map(id, video[begin : wanted[-1] + 1]))
    least_us = video[begin].at_us
    return [p for p in packets if id(p) in kept or (p.is_audio and least_us <= p.at_us < to_us)]
