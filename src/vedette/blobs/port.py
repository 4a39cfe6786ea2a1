"""Where do the files of artifacts live?"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file in its place: complete, and on the disk."""

    path: str
    """Relative to the store, POSIX separators: site/camera/date/event/file."""
    size_bytes: int
    sha256: str


class Blobs(Protocol):
    """Keeps files by path. Blocking: asyncio callers use a thread. Safe from any thread.

    Every call may raise `StorageFailed` (the disk is full, read-only or broken) and
    `InvalidInput` (a path that could lead out of the store).
    """

    def put(self, path: str, data: bytes) -> StoredFile:
        """Write a file; when this returns it survives a power cut, and before it is not there.

        A file of the same path is replaced at one moment.
        """
        ...

    def take(self, path: str, file: Path) -> StoredFile:
        """Move a finished file in, with the same promise; `file` is gone afterwards."""
        ...

    def place(self, path: str, file: Path) -> None:
        """Rename a file in that is complete and on the disk already; it lies in `temporary`."""
        ...

    def temporary(self, name: str) -> Path:
        """A path within the store for a file in the making, from which `place` is one step; its
        folder is there."""
        ...

    def local_path(self, path: str) -> Path:
        """Where a file lies, or would lie.

        Raises:
            InvalidInput: the path could lead out of the store.
        """
        ...

    def open(self, path: str) -> BinaryIO:
        """Open for reading, anywhere in the file.

        Raises:
            NotFound: there is no such file.
        """
        ...

    def chunks(self, path: str, start: int, stop: int) -> Iterator[bytes]:
        """The bytes from `start` up to `stop`, in pieces (an HTTP range).

        Raises:
            NotFound: there is no such file.
        """
        ...

    def size(self, path: str) -> int | None:
        """Bytes of a file; None where there is none."""
        ...

    def digest(self, path: str) -> str:
        """SHA-256 of a file, read from the disk.

        Raises:
            NotFound: there is no such file.
        """
        ...

    def delete(self, path: str) -> bool:
        """Unlink a file and the folders that it leaves empty; False where there was none."""
        ...

    def files(self) -> Iterator[tuple[str, int]]:
        """Path and size of every file, by path."""
        ...

    def total_bytes(self) -> int:
        """Bytes of all files."""
        ...

    def clear_temporary(self) -> int:
        """Remove what a crash left half-written; only while nobody writes. Returns how many."""
        ...
