"""Keys that the product makes for itself: a file each, which only its owner may read."""

import os
import secrets
import tempfile
from pathlib import Path

from vedette.contracts.errors import StorageFailed

KEY_BYTES = 32
LINKS_KEY, PUSH_KEY = "links.key", "push.key"


def key_file(path: Path) -> bytes:
    """The key in a file; a new one where there is none. To change it, remove the file.

    Raises:
        StorageFailed: it cannot be read or made, or is no key.
    """
    try:
        if not path.exists():
            _make(path, secrets.token_bytes(KEY_BYTES))
        key = path.read_bytes()
    except OSError as error:
        raise StorageFailed(f"the key {path} cannot be used: {error.strerror}") from error
    if len(key) < KEY_BYTES:
        raise StorageFailed(
            f"{path} holds {len(key)} bytes, and a key has {KEY_BYTES}; without the file a new one "
            "is made"
        )
    return key


def _make(path: Path, content: bytes) -> None:
    """Whole or not at all; where two try, the first one counts."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, part = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(part, path)
    except FileExistsError:
        return
    finally:
        os.unlink(part)
