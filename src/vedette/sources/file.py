"""Recordings on disk: as fast as possible, or paced, once or looping."""

import os
import stat
from functools import partial
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from vedette.contracts.errors import SourceRefused
from vedette.kit.clock import Clock
from vedette.plugins.registry import PluginConfig
from vedette.sources.address import Address
from vedette.sources.av_stream import AvStream, Following
from vedette.sources.container import FORMATS, Target, open_video
from vedette.sources.opening import open_recorded
from vedette.sources.start import Start, start_us
from vedette.sources.stats import SourceStats


class FileConfig(PluginConfig):
    """A video file; its content decides the format, not its name."""

    path: Path = Field(description="The video file.")
    pace: Literal["fast", "realtime"] = Field(
        default="fast", description="As fast as possible, or as it was recorded."
    )
    loop: bool = Field(default=False, description="Begin again at the end, for ever.")
    start: Start = None

    @field_validator("path")
    @classmethod
    def _path(cls, path: Path) -> Path:
        if not str(path).strip() or "\0" in str(path):
            raise ValueError("the path names no file")
        return path


class FileSource:
    """One video file."""

    Config = FileConfig
    live = False
    """It ends for good, also where it is paced."""

    def __init__(
        self, config: FileConfig, *, camera_id: str, clock: Clock, audio: bool = False
    ) -> None:
        self._config = config
        self._camera_id = camera_id
        self._clock = clock
        self._audio = audio

    @property
    def realtime(self) -> bool:
        """Packets come at the pace of a camera, and go on coming while one is slow."""
        return self._config.pace == "realtime"

    def __str__(self) -> str:
        return str(self._config.path)

    def open(self) -> AvStream:
        """Open the file.

        Raises:
            SourceRefused: it is missing, empty, no file, or holds no video that can be read.
        """
        config = self._config
        check_file(config.path)
        target = file_target(config.path, audio=self._audio)
        opened = open_video(target, clock=self._clock)
        stream = open_recorded(
            target,
            opened,
            camera_id=self._camera_id,
            clock=self._clock,
            start_us=start_us(config.start, opened.container, self._clock),
        )
        if config.pace == "realtime":
            stream.paced()
        if config.loop:
            stream.more = partial(self._again, target, stream.stats)
        return stream

    def _again(self, target: Target, stats: SourceStats) -> Following:
        opened = open_video(target, clock=self._clock)
        stats.loops += 1
        return Following(opened=opened)


def file_target(path: Path, *, audio: bool) -> Target:
    return Target(
        address=FileAddress(path),
        options={"protocol_whitelist": "file", "format_whitelist": FORMATS},
        remote=False,
        audio=audio,
    )


class FileAddress(Address):
    """A path as libav wants it, and as a person wrote it."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"file:{path.absolute()}")
        self.public = str(path)

    def scrub(self, text: str) -> str:
        """A path has no secrets."""
        return text


def check_file(path: Path) -> None:
    """Say clearly what libav would say dimly.

    Raises:
        SourceRefused
    """
    try:
        found = path.stat()
    except OSError as error:
        why = "does not exist" if isinstance(error, FileNotFoundError) else f"{error.strerror}"
        raise SourceRefused(f"{path}: {why}; give the path of a video file") from error
    if stat.S_ISDIR(found.st_mode):
        raise SourceRefused(
            f"{path} is a folder; give the path of a video file, or use `type: folder`"
        )
    if not stat.S_ISREG(found.st_mode):
        raise SourceRefused(f"{path} is not a file; give the path of a video file")
    if found.st_size == 0:
        raise SourceRefused(f"{path} is empty: it has 0 bytes")
    if not os.access(path, os.R_OK):
        raise SourceRefused(f"{path} may not be read by this user; check its permissions")
