"""Files that appear whole or not at all, and one writer at a time."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from vedette.contracts.errors import StorageFailed
from vedette.kit.whole_file import write_whole


def write_atomically(file: Path, data: bytes) -> None:
    """Temporary name, fsync, rename, fsync of the folder: a crash leaves the old file or the new.

    Called with the lock held; what a killed writer left behind is removed.

    Raises:
        StorageFailed: the disk is full, or the folder cannot be written.
    """
    try:
        for left in file.parent.glob(f".{file.name}.*"):
            left.unlink()
        write_whole(file, data)
    except OSError as error:
        raise StorageFailed(f"{file} cannot be written: {error}") from error


@contextlib.contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold a lock among processes and threads; it is free again when its holder dies.

    Raises:
        StorageFailed: the lock file cannot be made.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise StorageFailed(f"the folder {file.parent} cannot be written: {error}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
