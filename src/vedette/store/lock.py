"""One process per data folder: a second one would take the first one's open events for dead."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from vedette.contracts.errors import StorageFailed

NAME = "vedette.lock"


@contextmanager
def hold_folder(folder: Path) -> Iterator[None]:
    """Keep a data folder for this process while the block runs; the end of it frees it, however.

    Raises:
        StorageFailed: another process holds it (the sentence names it), or it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / NAME).open("a+b")
    except OSError as error:
        raise StorageFailed(
            f"the data folder {folder} cannot be used: {error.strerror or error}"
        ) from error
    with file:
        try:
            _lock(file)
        except OSError as error:
            file.seek(0)
            holder = file.read(20).decode("ascii", "replace").strip() or "unknown"
            raise StorageFailed(
                f"the data folder {folder} is in use by process {holder}: stop that one, or "
                "name another folder"
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()).encode())
        file.flush()
        yield


if sys.platform == "win32":
    import msvcrt

    def _lock(file: BinaryIO) -> None:
        file.seek(1000)  # a byte beyond the number, so that others can read who holds it
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: BinaryIO) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
