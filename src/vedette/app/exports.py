"""The job `export`: an interval of a camera's recordings as files, made in the background."""

import asyncio
import os
import shutil
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from vedette.contracts.errors import InvalidInput, StorageFailed, VedetteError
from vedette.contracts.payload import Slug
from vedette.jobs.port import Kind, Task
from vedette.kit.clock import from_us, to_us
from vedette.services.playback import Playback, Player
from vedette.store.scope import SiteScope

KIND = "export"
MOST_EXPORT_S = 6 * 3600.0
"""Longest film of one file: its index is made in memory."""

Told = Callable[[int, int], None]
"""Told of progress: bytes written, bytes in all."""


class ExportWish(BaseModel):
    """Arguments of the job."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    camera_id: Slug
    begin: AwareDatetime
    end: AwareDatetime
    """Not included."""


class Exports:
    """Makes them in a folder, one below for each job."""

    def __init__(self, player: Player, folder: Path) -> None:
        """`player`: one that joins films of `MOST_EXPORT_S`."""
        self._player = player
        self._folder = folder

    def kind(self) -> Kind:
        """As the executor of jobs takes it."""
        return Kind(name=KIND, run=self.run, check=check)

    def file(self, job_id: str, name: str) -> Path:
        """A file that a job has made.

        Raises:
            InvalidInput: that is no name of one.
        """
        path = self._folder / job_id / name
        if path.parent.parent != self._folder or Path(name).name != name or name.startswith("."):
            raise InvalidInput(f"{name!r} is no file of job {job_id}")
        return path

    def tidy(self, now: datetime, keep: timedelta) -> None:
        """Remove what was made longer ago than that. Blocks."""
        oldest_s = (now - keep).timestamp()
        with suppress(OSError):  # it comes back the next time
            for folder in list(self._folder.iterdir()):
                if folder.stat().st_mtime < oldest_s:
                    self.forget(folder.name)

    def forget(self, job_id: str) -> None:
        """Remove what a job has made."""
        shutil.rmtree(self._folder / job_id, ignore_errors=True)

    async def run(self, task: Task) -> Mapping[str, Any]:
        """Write the files; what an earlier attempt left is removed."""
        wish, folder = _wish(task.job.arguments), self._folder / str(task.job.id)
        self.forget(str(task.job.id))
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            raise StorageFailed(f"{folder} cannot be made: {error.strerror}") from error
        scope, name = SiteScope(task.job.site_id), f"{wish.camera_id}-{wish.begin:%Y%m%dT%H%M%S}"
        begin_us, end_us = to_us(wish.begin), to_us(wish.end)
        files: list[dict[str, Any]] = []
        next_us: int | None = begin_us
        whole = False
        try:
            while next_us is not None and next_us < end_us:
                film = await self._player.film(scope, wish.camera_id, next_us, end_us)
                name_of_part = f"{name}-{len(files) + 1}" if files else name
                path = folder / f"{name_of_part}{film.extension}"
                until_us = film.next_us or end_us
                since, until = ((at - begin_us) / (end_us - begin_us) for at in (next_us, until_us))
                told = partial(_tell, task, path.name, since, until)
                await asyncio.to_thread(write_film, film, path, told, task.stop)
                files.append(_described(path, film))
                next_us = film.next_us
            whole = True
        finally:
            if not whole:
                self.forget(str(task.job.id))
        return {"files": files}


def check(arguments: Mapping[str, Any]) -> None:
    """See `jobs.port.Kind.check`."""
    wish = _wish(arguments)
    length_s = (wish.end - wish.begin).total_seconds()
    if not 0.0 < length_s <= MOST_EXPORT_S:
        raise InvalidInput(
            f"an export ends after it begins, by at most {MOST_EXPORT_S / 3600:g} hours"
        )


def write_film(film: Playback, path: Path, told: Told, stop: threading.Event | None = None) -> None:
    """Whole, or not at all. Blocks.

    Raises:
        StorageFailed: it cannot be written.
        VedetteError: `stop` was set meanwhile.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            done = 0
            for data in film.content.chunks(0, film.content.size):
                if stop is not None and stop.is_set():
                    raise VedetteError("the export was stopped")
                file.write(data)
                done += len(data)
                told(done, film.content.size)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        raise StorageFailed(f"{path} cannot be written: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)


def _tell(task: Task, name: str, since: float, until: float, done: int, in_all: int) -> None:
    """How far the whole is when so much of a file is written that is this part of it."""
    task.tell(since + (until - since) * done / max(1, in_all), name)


def _wish(arguments: Mapping[str, Any]) -> ExportWish:
    try:
        return ExportWish.model_validate(arguments)
    except ValidationError as error:
        found = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise InvalidInput(f"an export needs camera_id, begin and end: {found}") from error


def _described(path: Path, film: Playback) -> dict[str, Any]:
    return {
        "name": path.name,
        "size_bytes": film.content.size,
        "media_type": film.media_type,
        "intervals": [[from_us(a).isoformat(), from_us(b).isoformat()] for a, b in film.intervals],
    }
