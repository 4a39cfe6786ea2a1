"""A Unix socket in a folder of ours: only this user may reach it, however long its path is."""

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vedette.contracts.errors import StorageFailed
from vedette.link.wire import LinkBroken

_SHORT = 90
"""Bytes of a path that every system takes as the name of a socket (Linux takes 107)."""


def listen(path: Path) -> socket.socket:
    """Listen; what lay at this path before is removed.

    Raises:
        StorageFailed: the folder cannot be used.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.parent.chmod(0o700)
        path.unlink(missing_ok=True)
        with _short(path) as name:
            listener.bind(name)
        path.chmod(0o600)
        listener.listen(64)
    except OSError as error:
        listener.close()
        raise StorageFailed(f"the socket {path} cannot be made: {error.strerror}") from error
    return listener


def connect(path: Path, *, within_s: float) -> socket.socket:
    """Connect to the control process, and make sure that it is the same user's.

    Raises:
        LinkBroken: nobody listens there, or a stranger does.
    """
    found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    found.settimeout(within_s)
    try:
        with _short(path) as name:
            found.connect(name)
        if user_of(found) != os.getuid():
            raise LinkBroken(f"{path} belongs to another user")
    except OSError as error:
        found.close()
        raise LinkBroken(f"{path} does not answer: {error.strerror or error}") from error
    except LinkBroken:
        found.close()
        raise
    return found


def peer_of(connected: socket.socket) -> tuple[int, int]:
    """Process id and user id of the other side, as the kernel knows them.

    Raises:
        OSError: this system cannot tell.
    """
    size = struct.calcsize("3i")
    raw = connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    pid, uid, _ = struct.unpack("3i", raw)
    return pid, uid


def user_of(connected: socket.socket) -> int:
    return peer_of(connected)[1]


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """A name that fits into a socket's address, also for a path that does not."""
    if len(os.fsencode(path)) <= _SHORT:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
