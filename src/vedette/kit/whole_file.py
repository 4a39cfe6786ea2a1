"""Writes a file whole or not at all: whoever reads meanwhile, or after a crash, sees old or new."""

import os
import tempfile
from pathlib import Path


def write_whole(file: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Replace a file, or make it; durable when this returns.

    Raises:
        OSError: it cannot be written; what was there stays.
    """
    handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        try:
            os.fchmod(handle, mode)
            view = memoryview(data)
            while view:
                view = view[os.write(handle, view) :]
            os.fsync(handle)
        finally:
            os.close(handle)
        os.replace(temporary, file)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
