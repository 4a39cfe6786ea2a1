"""FFmpeg's own program, which knows nothing of how we read files."""

from functools import cache

import imageio_ffmpeg


@cache
def ffmpeg() -> str:
    """Where it lies: it comes with a package, so that the tests need nobody's administrator."""
    return str(imageio_ffmpeg.get_ffmpeg_exe())
