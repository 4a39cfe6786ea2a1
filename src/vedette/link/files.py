"""Files that a message names instead of carrying their bytes: written by the worker, taken by the
control process, and never anywhere but in the two folders of that worker."""

import hashlib
import os
import re
import stat
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from vedette.contracts.errors import InvalidInput, StorageFailed
from vedette.contracts.event import Event
from vedette.contracts.sink import NewArtifact

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_ARTIFACT: TypeAdapter[NewArtifact] = TypeAdapter(NewArtifact)

MEDIA = "media"
"""Folder of pictures within a spool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerFolders:
    """The folders of one life of one worker process."""

    spool: Path
    """Its log; pictures in `media`."""
    parts: Path
    """Clips in the making, and finished ones until they are taken."""

    @property
    def media(self) -> Path:
        return self.spool / MEDIA

    def make(self) -> None:
        """Make them, for this user only.

        Raises:
            StorageFailed: they cannot be made.
        """
        try:
            for folder in (self.spool, self.media, self.parts):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise StorageFailed(
                f"the folder {self.spool} cannot be made: {error.strerror}"
            ) from error


def put_down(new: NewArtifact, event: Event, number: int, folders: WorkerFolders) -> NewArtifact:
    """The same artifact with its bytes in a file.

    Args:
        number: makes the name unique within this life of the worker.

    Raises:
        StorageFailed: the disk does not take it.
    """
    if new.data is None:
        return new
    name = f"{event.id}.{new.kind.value}.{new.revision}.{number}{new.extension}"
    target = folders.media / name
    part = f"{target}.part"
    try:
        with open(part, "wb") as file:
            file.write(new.data)
        os.replace(part, target)
    except OSError as error:
        with suppress(OSError):
            os.unlink(part)
        raise StorageFailed(f"{target} cannot be written: {error.strerror}") from error
    return replace(new, data=None, file=target)


def described(new: NewArtifact, sha256: str, folders: WorkerFolders) -> dict[str, Any]:
    """How a message names an artifact whose bytes lie in a file.

    Raises:
        InvalidInput: it lies elsewhere.
    """
    roots = {folders.media: "media", folders.parts: "parts"}
    if new.file is None or new.file.parent not in roots:
        raise InvalidInput(f"{new.file} is in no folder of this worker")
    plain = _ARTIFACT.dump_python(new, mode="json", exclude={"data", "file"})
    root = roots[new.file.parent]
    return {**plain, "root": root, "file": new.file.name, "sha256": sha256}


def taken_up(
    plain: dict[str, Any], folders: WorkerFolders, *, check: bool
) -> tuple[NewArtifact, bool]:
    """The artifact that a message names, and whether its file is there.

    It is not there where a change is told again whose files were taken the first time.

    Args:
        check: compare its hash too, where it is known (what a crash left may be half a file).

    Raises:
        InvalidInput: it names a file elsewhere, a link, or makes no sense.
    """
    known = dict(plain)
    root, name, sha256 = (known.pop(key, None) for key in ("root", "file", "sha256"))
    folder = {"media": folders.media, "parts": folders.parts}.get(str(root))
    if folder is None or not isinstance(name, str) or not _PLAIN.fullmatch(name):
        raise InvalidInput("an artifact names a file outside the folders of its worker")
    file = folder / name
    try:
        artifact = replace(_ARTIFACT.validate_python(known), data=None, file=file)
    except ValidationError as error:
        raise InvalidInput(f"an artifact makes no sense: {error.error_count()} errors") from error
    expected = sha256 if check and isinstance(sha256, str) else ""
    return artifact, _is_whole(file, expected)


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _is_whole(file: Path, sha256: str) -> bool:
    """A plain file, and, where its hash is known, with this content."""
    try:
        found = file.lstat()
        if not stat.S_ISREG(found.st_mode):
            raise InvalidInput(f"{file} is not a plain file")
        return not sha256 or digest(file.read_bytes()) == sha256
    except FileNotFoundError:
        return False
    except OSError as error:
        raise StorageFailed(f"{file} cannot be read: {error.strerror}") from error
