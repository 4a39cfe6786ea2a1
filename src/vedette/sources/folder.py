"""A folder of recordings, one after the other, as one camera; may wait for files to come."""

import fnmatch
import logging
import os
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from vedette.contracts.errors import SourceLost, SourceRefused
from vedette.kit.clock import Clock, to_us
from vedette.plugins.registry import PluginConfig
from vedette.sources.av_stream import AvStream, Following
from vedette.sources.container import Opened, Target, open_video
from vedette.sources.file import check_file, file_target
from vedette.sources.opening import open_recorded
from vedette.sources.start import creation_us

log = logging.getLogger(__name__)

MOST_FILES = 100_000
"""A folder with more of them is refused: each look at it would take seconds."""
POLL_S = 1.0
SETTLED_S = 2.0
"""A file whose size and time have not changed for this long is complete."""
_TIME = re.compile(
    r"((?:19|20)\d\d)[-_.]?(\d\d)[-_.]?(\d\d)[-_.T ]{0,3}(\d\d)[-_.h:]?(\d\d)[-_.m:]?(\d\d)"
)


class FolderConfig(PluginConfig):
    """A folder of video files."""

    path: Path = Field(description="The folder.")
    glob: str = Field(default="*", min_length=1, description="Names to take, such as `*.mp4`.")
    order: Literal["name", "time"] = Field(
        default="name",
        description="By name, or by the time in the name (else: of the last change).",
    )
    zone: str = Field(
        default="UTC", description="Time zone of the times in names, such as `Europe/Berlin`."
    )
    watch: bool = Field(default=False, description="At the end, wait for more files, for ever.")
    pace: Literal["fast", "realtime"] = "fast"
    loop: bool = Field(default=False, description="Begin again at the end; not with `watch`.")

    @field_validator("zone")
    @classmethod
    def _zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ValueError, OSError, KeyError) as error:
            raise ValueError(f"there is no time zone {zone!r}; write Europe/Berlin") from error
        return zone

    @field_validator("glob")
    @classmethod
    def _glob(cls, glob: str) -> str:
        if "/" in glob:
            raise ValueError("the names of files in one folder have no `/`")
        return glob


class FolderSource:
    """One folder."""

    Config = FolderConfig
    live = False

    def __init__(
        self, config: FolderConfig, *, camera_id: str, clock: Clock, audio: bool = False
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
        return str(self._config.path / self._config.glob)

    def open(self) -> AvStream:
        """Open the first file that can be read.

        Raises:
            SourceLost: there is none yet, and more are waited for.
            SourceRefused: there is none, or no such folder.
        """
        shelf = Shelf(self._config, self._clock)
        skipped = list[str]()
        for path in shelf.unseen():
            target = file_target(path, audio=self._audio)
            try:
                opened = _opened(path, target, self._clock)
            except SourceRefused as error:
                skipped.append(str(error))
                continue
            stream = open_recorded(
                target,
                opened,
                camera_id=self._camera_id,
                clock=self._clock,
                start_us=shelf.begins_us(path, opened) or 0,
            )
            self._prepare(stream, shelf, skipped)
            return stream
        kind = SourceLost if self._config.watch else SourceRefused
        raise kind(
            f"{self}: none of {len(skipped)} files can be read; the first: {skipped[0]}"
            if skipped
            else f"{self}: there is no such file"
        )

    def _prepare(self, stream: AvStream, shelf: "Shelf", skipped: list[str]) -> None:
        stream.stats.files = 1
        for sentence in skipped:
            _skip(stream, sentence)
        if self._config.pace == "realtime":
            stream.paced()
        stream.tolerant = True
        stream.more = lambda: self._following(stream, shelf)

    def _following(self, stream: AvStream, shelf: "Shelf") -> Following | None:
        """The next file that can be read; waits for it where that is wanted."""
        while not stream.stop.is_set():
            for path in shelf.unseen():
                try:
                    opened = _opened(path, file_target(path, audio=self._audio), self._clock)
                except SourceRefused as error:
                    _skip(stream, str(error))
                    continue
                stream.stats.files += 1
                return Following(opened=opened, begins_us=shelf.begins_us(path, opened))
            if self._config.watch:
                self._clock.wait(stream.stop, POLL_S)
            elif self._config.loop and stream.stats.packets > shelf.packets:
                shelf.begin_again(stream.stats.packets)
                stream.stats.loops += 1
            else:
                return None
        return None


class Shelf:
    """The files of one folder: which are complete, in which order, and which were read."""

    def __init__(self, config: FolderConfig, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._zone = ZoneInfo(config.zone)
        self._seen = set[str]()
        self._sizes: dict[str, tuple[int, int, float]] = {}
        """Size, time of change, and since when they are so (monotonic); while watching only."""
        self.packets = 0
        """How many packets had been read when the folder began again."""

    def unseen(self) -> Iterator[Path]:
        """Complete files that were not given yet, in order; each is given once.

        Raises:
            SourceRefused: there is no such folder, or too much in it.
        """
        entries = self._entries()
        self._seen &= {entry.name for entry in entries}
        for entry in sorted(entries, key=self._key):
            if entry.name not in self._seen and self._is_complete(entry):
                self._seen.add(entry.name)
                self._sizes.pop(entry.name, None)
                yield Path(entry.path)

    def begin_again(self, packets: int) -> None:
        """All files are unread; `packets` have been read so far."""
        self._seen.clear()
        self.packets = packets

    def begins_us(self, path: Path, opened: Opened) -> int | None:
        """UTC of the begin of a file: as its name says, or its head; None where neither does."""
        named = self._named(path.name)
        return to_us(named) if named is not None else creation_us(opened.container) or None

    def _entries(self) -> list[os.DirEntry[str]]:
        folder, found = self._config.path, list[os.DirEntry[str]]()
        try:
            with os.scandir(folder) as listed:
                for entry in listed:
                    if fnmatch.fnmatchcase(entry.name, self._config.glob) and entry.is_file():
                        found.append(entry)
                    if len(found) > MOST_FILES:
                        raise SourceRefused(f"{folder} holds more than {MOST_FILES} files")
        except OSError as error:
            why = (error.strerror or "unknown").lower()
            raise SourceRefused(f"{folder} cannot be read ({why}); give a folder") from error
        return [entry for entry in found if not entry.name.startswith(".")]

    def _key(self, entry: os.DirEntry[str]) -> tuple[float, str]:
        if self._config.order == "name":
            return 0.0, entry.name
        named = self._named(entry.name)
        return named.timestamp() if named else entry.stat().st_mtime, entry.name

    def _named(self, name: str) -> datetime | None:
        """The time in a name such as `yard_2026-05-01_12-30-00.mp4`."""
        if (found := _TIME.search(name)) is None:
            return None
        year, month, day, hour, minute, second = map(int, found.groups())
        try:
            return datetime(year, month, day, hour, minute, second, tzinfo=self._zone)
        except ValueError:
            return None

    def _is_complete(self, entry: os.DirEntry[str]) -> bool:
        """Nobody writes into it any more; without `watch`, that is taken for granted."""
        if not self._config.watch:
            return True
        try:
            found = entry.stat()
        except OSError:
            return False
        now_s, state = self._clock.monotonic(), (found.st_size, found.st_mtime_ns)
        size, changed, since_s = self._sizes.get(entry.name, (-1, -1, now_s))
        if state != (size, changed):
            since_s = now_s
        self._sizes[entry.name] = (*state, since_s)
        old = self._clock.now().timestamp() - found.st_mtime > SETTLED_S
        return found.st_size > 0 and (old or now_s - since_s >= SETTLED_S)


def _opened(path: Path, target: Target, clock: Clock) -> Opened:
    check_file(path)
    return open_video(target, clock=clock)


def _skip(stream: AvStream, sentence: str) -> None:
    stream.stats.files_skipped += 1
    stream.stats.note(sentence)
    log.warning("%s", sentence)
