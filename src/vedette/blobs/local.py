"""Artifact files in a folder, written so that a crash never leaves half of one.

Write: a temporary name on the same file system, fsync, rename, fsync of the folder. Only then
does the caller insert the row. The order is proved by `tests/integration/crash`.

Inside, places are plain text: pathlib enters each part of each path into Python's table of names
(see `kit/garbage.py`).
"""

import errno
import hashlib
import os
import secrets
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from vedette.blobs.paths import demand_inside
from vedette.blobs.port import StoredFile
from vedette.contracts.errors import InvalidInput, NotFound, StorageFailed

TEMPORARY = ".tmp"
"""Folder of half-written files, inside the store so that a rename is one step."""

TRIES = 3

PIECE = 1024 * 1024
"""Bytes read or written at a time."""

Place = str | Path

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class LocalBlobs:
    """The port `Blobs` on a local or mounted folder."""

    def __init__(self, root: Path) -> None:
        """Make the folder where there is none.

        Raises:
            StorageFailed: it cannot be made or is not a folder.
        """
        with _plain_errors("made", root):
            root.mkdir(parents=True, exist_ok=True)
            self.root = root.resolve()
            (self.root / TEMPORARY).mkdir(exist_ok=True)
        self._base = str(self.root)
        # Keeps an emptied folder from being removed while a new file is on its way into it.
        self._folders = threading.Lock()

    def local_path(self, path: str) -> Path:
        """Where a file lies, or would lie.

        Raises:
            InvalidInput: the path could lead out of the store, by `..` or by a link.
        """
        return Path(self._where(path))

    def put(self, path: str, data: bytes) -> StoredFile:
        target = self._where(path)
        with _plain_errors("written", target), self._temporary() as temporary:
            _write_synced(temporary, iter((data,)))
            self._into_place(temporary, target)
        return StoredFile(path=path, size_bytes=len(data), sha256=hashlib.sha256(data).hexdigest())

    def take(self, path: str, file: Path) -> StoredFile:
        target = self._where(path)
        with _plain_errors("moved in", file):
            if not stat.S_ISREG(file.lstat().st_mode):
                raise InvalidInput(f"{file} is not a plain file, so it cannot become an artifact")
            sha256, size = _digest(file)
            try:
                _sync_file(file)
                self._into_place(file, target)
                _sync_folder(os.path.dirname(file))  # nothing of the making of this file comes back
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                self._copy_in(file, target)
        return StoredFile(path=path, size_bytes=size, sha256=sha256)

    def place(self, path: str, file: Path) -> None:
        target = self._where(path)
        with _plain_errors("moved in", file):
            self._into_place(file, target)
            _sync_folder(os.path.dirname(file))

    def temporary(self, name: str) -> Path:
        path = self.root.joinpath(TEMPORARY, *demand_inside(name))
        with _plain_errors("made", path):
            path.parent.mkdir(exist_ok=True)
        return path

    def open(self, path: str) -> BinaryIO:
        target = self._where(path)
        with _plain_errors("read", target):
            return open(target, "rb")

    def chunks(self, path: str, start: int, stop: int) -> Iterator[bytes]:
        with self.open(path) as file, _plain_errors("read", f"{self._base}/{path}"):
            file.seek(start)
            left = stop - start
            while left > 0 and (piece := file.read(min(PIECE, left))):
                left -= len(piece)
                yield piece

    def size(self, path: str) -> int | None:
        try:
            found = os.lstat(self._where(path))
        except (FileNotFoundError, NotADirectoryError):
            return None
        return found.st_size if stat.S_ISREG(found.st_mode) else None

    def digest(self, path: str) -> str:
        target = self._where(path)
        with _plain_errors("read", target):
            return _digest(target)[0]

    def delete(self, path: str) -> bool:
        target = self._where(path)
        with _plain_errors("deleted", target), self._folders:
            try:
                os.unlink(target)
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                return False
            _sync_folder(self._remove_empty(os.path.dirname(target)))
        return True

    def files(self) -> Iterator[tuple[str, int]]:
        with _plain_errors("read", self.root):
            yield from self._walk(self.root, "")

    def folders(self, since: datetime | None = None) -> Iterator[tuple[str, dict[str, int]]]:
        """Path of each folder with files (or with nothing), and their paths and sizes.

        Args:
            since: only folders in which a name came or went at this time or later.
        """
        least_s = 0.0 if since is None else since.timestamp()
        with _plain_errors("read", self.root):
            for place, inner, names in os.walk(self.root):
                folder = Path(place)
                path = folder.relative_to(self.root).as_posix()
                if path.startswith(TEMPORARY) or (inner and not names):
                    continue
                if folder.stat().st_mtime >= least_s:
                    found = {n: (folder / n).lstat() for n in sorted(names)}
                    yield (
                        path,
                        {
                            f"{path}/{name}": about.st_size
                            for name, about in found.items()
                            if stat.S_ISREG(about.st_mode)
                        },
                    )

    def left_over(self, folder: str = "") -> list[Path]:
        """Files in the making; while nobody writes, those that a crash left.

        Args:
            folder: only those of this folder of `temporary`.
        """
        place = self.root / TEMPORARY / folder
        with _plain_errors("read", place):
            return sorted(path for path in place.rglob("*") if path.is_file())

    def total_bytes(self) -> int:
        return sum(size for _, size in self.files())

    def clear_temporary(self) -> int:
        count = 0
        with _plain_errors("cleared", self.root / TEMPORARY):
            for left in sorted((self.root / TEMPORARY).iterdir()):
                os.unlink(left)
                count += 1
        return count

    def _where(self, path: str) -> str:
        """See `local_path`."""
        target = os.path.join(self._base, *demand_inside(path))
        if os.path.realpath(target) != target:
            raise InvalidInput(f"{path!r} leads through a link; artifacts are plain files")
        return target

    @contextmanager
    def _temporary(self) -> Iterator[str]:
        """A new name; whatever is still there afterwards is removed."""
        name = os.path.join(self._base, TEMPORARY, secrets.token_hex(8))
        try:
            yield name
        finally:
            with suppress(OSError):
                os.unlink(name)

    def _into_place(self, file: Place, target: str) -> None:
        folder = os.path.dirname(target)
        for left in range(TRIES - 1, -1, -1):
            try:
                with self._folders:
                    _make_folders(folder, self._base)
                    os.replace(file, target)
                break
            except FileNotFoundError:  # another process removed the folder, which was empty
                if not left:
                    raise
        _sync_folder(folder)

    def _copy_in(self, file: Path, target: str) -> None:
        """For a file on another file system."""
        with self._temporary() as temporary:
            with file.open("rb") as source:
                _write_synced(temporary, iter(lambda: source.read(PIECE), b""))
            self._into_place(temporary, target)
        os.unlink(file)
        _sync_folder(os.path.dirname(file))

    def _remove_empty(self, folder: str) -> str:
        """Remove a folder and its parents while they are empty; returns the first that stays."""
        while folder != self._base:
            try:
                os.rmdir(folder)
            except OSError:
                break  # something is in it
            folder = os.path.dirname(folder)
        return folder

    def _walk(self, folder: Path, prefix: str) -> Iterator[tuple[str, int]]:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        for entry in found:
            if entry.is_dir(follow_symlinks=False):
                if prefix or entry.name != TEMPORARY:
                    yield from self._walk(folder / entry.name, f"{prefix}{entry.name}/")
            elif entry.is_file(follow_symlinks=False):
                yield f"{prefix}{entry.name}", entry.stat(follow_symlinks=False).st_size


def _write_synced(target: str, pieces: Iterator[bytes]) -> None:
    """Write a new file and wait until its bytes are on the disk."""
    handle = os.open(target, _NEW_FILE, 0o640)
    try:
        for piece in pieces:
            left = memoryview(piece)
            while left:
                left = left[os.write(handle, left[:PIECE]) :]
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_file(file: Place) -> None:
    handle = os.open(file, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_folder(folder: str) -> None:
    """Wait until the names in a folder are on the disk (a file system of POSIX needs it)."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _make_folders(folder: str, root: str) -> None:
    """Make the missing folders below `root`, each on the disk before the next."""
    missing = []
    while folder != root and not os.path.isdir(folder):
        missing.append(folder)
        folder = os.path.dirname(folder)
    for new in reversed(missing):
        with suppress(FileExistsError):  # another process was faster
            os.mkdir(new, 0o750)
        _sync_folder(os.path.dirname(new))


def _digest(file: Place) -> tuple[str, int]:
    """SHA-256 and size of a file."""
    state = hashlib.sha256()
    size = 0
    with open(file, "rb") as source:
        while piece := source.read(PIECE):
            state.update(piece)
            size += len(piece)
    return state.hexdigest(), size


@contextmanager
def _plain_errors(done: str, where: Place) -> Iterator[None]:
    """Turn an error of the operating system into a sentence."""
    try:
        yield
    except OSError as error:
        if isinstance(error, FileNotFoundError) and done == "read":
            raise NotFound(f"there is no file {where}") from error
        if error.errno in _FULL:
            raise StorageFailed(
                f"{where} could not be {done}: the disk is full; free some space, or keep less "
                "by lowering retention.max_gb"
            ) from error
        raise StorageFailed(f"{where} could not be {done}: {error.strerror or error}") from error
