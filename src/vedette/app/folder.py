"""The data folder of one running product: where things lie, and that only one uses it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from vedette.contracts.errors import StorageFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFolder:
    """Everything that the product writes."""

    root: Path

    @property
    def database(self) -> Path:
        return self.root / "vedette.db"

    @property
    def artifacts(self) -> Path:
        return self.root / "artifacts"

    @property
    def recordings(self) -> Path:
        return self.root / "recordings"

    @property
    def exports(self) -> Path:
        """What jobs have made for people; a folder for each job."""
        return self.root / "exports"

    @property
    def parts(self) -> Path:
        """Clips in the making; a folder for each life of a worker."""
        return self.root / "parts"

    @property
    def spools(self) -> Path:
        """What workers said and is not stored yet; a folder for each life of a worker."""
        return self.root / "spool"

    @property
    def messages(self) -> Path:
        """Pictures that came with requests to the notification gateway."""
        return self.root / "messages"

    @property
    def keys(self) -> Path:
        """What signs; only the owner may read it."""
        return self.root / "keys"

    @property
    def link(self) -> Path:
        """The socket of the workers."""
        return self.root / "run" / "link.sock"

    def note_address(self, address: str) -> None:
        """Leave the address of the page for commands that run beside us.

        Raises:
            StorageFailed: the folder cannot be written.
        """
        part = self.root / ".address.part"
        try:
            part.write_text(f"{address}\n", encoding="ascii")
            os.replace(part, self.root / ".address")
        except OSError as error:
            raise StorageFailed(
                f"the data folder {self.root} cannot be written: {error.strerror}"
            ) from error

    def noted_address(self) -> str | None:
        """Where the product that uses this folder answers; None where none does.

        After a crash the note is still there, and nobody answers at that address.
        """
        try:
            return (self.root / ".address").read_text(encoding="ascii").strip() or None
        except (OSError, UnicodeDecodeError):
            return None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep the folder for this process; the lock ends with the process, however it ends.

        Raises:
            StorageFailed: it cannot be made or written, or another process uses it.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            self.parts.mkdir(exist_ok=True)
            lock = os.open(self.root / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StorageFailed(
                f"the data folder {self.root} cannot be used: {error.strerror}; "
                "choose another one with --data"
            ) from error
        try:
            self._lock(lock)
            yield
            (self.root / ".address").unlink(missing_ok=True)
        finally:
            os.close(lock)

    def _lock(self, lock: int) -> None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StorageFailed(
                f"the data folder {self.root} is in use by another vedette; "
                "stop it, or choose another folder with --data"
            ) from error
        except OSError as error:
            raise StorageFailed(
                f"the data folder {self.root} cannot be locked: {error.strerror}; "
                "choose one on a local disk with --data"
            ) from error
