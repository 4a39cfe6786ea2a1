"""A spool's lock: held as long as its worker lives, however it ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vedette.contracts.errors import StorageFailed

LOCK = "lock"


@contextmanager
def held(spool: Path) -> Iterator[None]:
    """Hold a spool for this process.

    Raises:
        StorageFailed: another process holds it, or it cannot be held.
    """
    try:
        handle = os.open(spool / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
    except OSError as error:
        raise StorageFailed(f"the spool {spool} cannot be held: {error.strerror}") from error
    try:
        yield
    finally:
        os.close(handle)


def holder_of(spool: Path) -> int | None:
    """Process id of the living worker of a spool; None where there is none."""
    try:
        handle = os.open(spool / LOCK, os.O_RDWR)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        text = os.pread(handle, 32, 0).decode("ascii", "replace").strip()
        return int(text) if text.isdigit() else None
    finally:
        os.close(handle)
    return None
