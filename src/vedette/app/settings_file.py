"""The operator's settings files, read again whenever they are asked for."""

from pathlib import Path

from vedette.app.load import check_settings, secrets_of, written
from vedette.app.packs import pack_files
from vedette.app.settings import Settings
from vedette.config.document import Document
from vedette.config.secrets import resolve

Signature = tuple[tuple[str, int, int], ...]
"""Name, time of change in nanoseconds and size of each file."""


class SettingsFile:
    """The settings file with those beside it, environment and secrets. Never written here."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._packs: tuple[Path, ...] = ()

    def document(self) -> Document:
        """All layers together, secrets by reference.

        Raises:
            InvalidConfig: one of them cannot be read.
        """
        return written(self.file)

    def settings(self, document: Document) -> Settings:
        """A document as settings, secrets filled in.

        Raises:
            InvalidConfig: one sentence per problem.
        """
        settings = check_settings(resolve(document, secrets_of(self.file)), self.file)
        self._packs = tuple(pack_files(settings, self.file.absolute().parent))
        return settings

    def signature(self) -> Signature:
        """Another one after a file was changed, or a pack of rules that is in force."""
        folder = self.file.absolute().parent
        beside = sorted(folder.glob(f"{self.file.stem}.*{self.file.suffix}"))
        found: list[tuple[str, int, int]] = []
        for path in (self.file, *beside, folder / ".env", *self._packs):
            try:
                seen = path.stat()
            except OSError:
                continue
            found.append((path.name, seen.st_mtime_ns, seen.st_size))
        return tuple(found)
