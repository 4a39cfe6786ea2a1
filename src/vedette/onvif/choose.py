"""Chooses among a camera's streams: one to keep, one to detect in; and says why. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from vedette.onvif.media import Profile

KEPT_CODECS = ("h264", "hevc")
"""What clips, recordings and live view keep as it is."""
DETECT_WIDTH = 640
"""About what a detector looks at; much less loses people, much more costs decoding."""
DETECT_FPS = 5.0
"""What is analysed each second, so a stream for detection must have it."""
ALMOST = 0.94
"""A stream this near to the wanted width has it (608 of cameras with 4:3 sub-streams)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The streams of one lens."""

    source: str
    """Which lens."""
    main: Profile
    main_why: str
    detect: Profile | None = None
    """None: the kept stream is the best one to detect in, too."""
    detect_why: str = ""


def choose(profiles: Sequence[Profile]) -> list[Choice]:
    """One choice per lens, in the order of the camera.

    Kept is the largest H.264 or H.265 stream. Detected in is the smallest that is at least about
    640 wide and has 5 frames a second; H.264 before H.265, which costs twice to decode, and either
    before anything else.
    """
    lenses: dict[str, list[Profile]] = {}
    for profile in profiles:
        lenses.setdefault(profile.source, []).append(profile)
    return [_choose(source, streams) for source, streams in lenses.items()]


def _choose(source: str, streams: Sequence[Profile]) -> Choice:
    fit = [stream for stream in streams if stream.codec in KEPT_CODECS]
    main = max(fit or streams, key=lambda p: (p.width * p.height, p.fps, p.kbps))
    main_why = (
        f"the largest of {len(streams)} streams"
        if len(fit) == len(streams)
        else "the largest in H.264 or H.265"
        if fit
        else f"there is none in H.264 or H.265; clips of {main.codec or 'this codec'} may not play"
    )
    if len(streams) == 1:
        main_why = "the only stream" if fit else main_why
    detect, why = _for_detection(streams, main)
    return Choice(source=source, main=main, main_why=main_why, detect=detect, detect_why=why)


def _for_detection(streams: Sequence[Profile], main: Profile) -> tuple[Profile | None, str]:
    others = [
        s for s in streams if s is not main and 0 < s.width * s.height < main.width * main.height
    ]
    if not others:
        return None, "no smaller stream; detection looks at the kept one"
    lively = [stream for stream in others if stream.fps == 0.0 or stream.fps >= DETECT_FPS]
    if not lively:
        return None, f"the smaller streams have fewer than {DETECT_FPS:g} frames a second"
    known = [stream for stream in lively if stream.codec in KEPT_CODECS] or lively
    wide = [stream for stream in known if stream.width >= DETECT_WIDTH * ALMOST]
    if wide:
        best = min(wide, key=lambda p: (p.width * p.height, p.codec != "h264", p.kbps))
        rival = min(wide, key=lambda p: (p.codec != "h264", p.width * p.height, p.kbps))
        if best.codec != "h264" and rival.codec == "h264" and _near(rival, best):
            best = rival
        return best, f"the smallest that is about {DETECT_WIDTH} wide or more" + _codec(best)
    best = max(known, key=lambda p: (p.width * p.height, p.codec == "h264"))
    return best, f"the nearest to {DETECT_WIDTH} wide" + _codec(best)


def _near(rival: Profile, best: Profile) -> bool:
    """H.265 costs about twice to decode, so H.264 may be up to twice as large."""
    return rival.width * rival.height <= 2 * best.width * best.height


def _codec(profile: Profile) -> str:
    return ", in H.264" if profile.codec == "h264" else ""
