"""Fetches the files of a model from where its catalogue entry says, into memory, checked.

Packages come through their own clients (`npm pack`, `pip download`), so that the user's mirrors,
proxies and credentials apply; install scripts never run.
"""

import hashlib
import json
import logging
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import httpx2

from vedette.contracts.errors import ModelUnavailable
from vedette.contracts.model import ModelSpec
from vedette.models.archive import read_members
from vedette.models.source import FileSource, HttpsSource, NpmSource, PypiSource, Source

log = logging.getLogger(__name__)

LARGEST_DOWNLOAD = 1 << 30
"""Bytes."""
TIMEOUT_S = 900.0
"""For a package client to finish."""
REDIRECTS = 5

_CREDENTIALS = re.compile(r"//[^/@\s]+@")


class Progress(Protocol):
    """Called now and then while a model is fetched."""

    def __call__(self, done_bytes: int, total_bytes: int | None, what: str) -> None: ...


def silent(done_bytes: int, total_bytes: int | None, what: str) -> None:
    """Progress that nobody watches."""


def fetch(
    spec: ModelSpec,
    source: Source,
    progress: Progress = silent,
    *,
    http: httpx2.Client | None = None,
) -> dict[str, bytes]:
    """The source files by their path in the package, each with the hash that `spec` pins.

    Args:
        http: the client for https: sources; one with the system's settings where None.
    Raises:
        ModelUnavailable: they cannot be had, or are not what they should be.
    """
    wanted = list(spec.source_sha256) or [source.path]
    if source.path not in wanted:
        raise ModelUnavailable(f"{spec.name}: source_sha256 does not name {source.path!r}")
    progress(0, None, f"fetching {_described(source)}")
    files = _get(spec, source, wanted, progress, http)
    for name, digest in spec.source_sha256.items():
        found = hashlib.sha256(files[name]).hexdigest()
        if found != digest:
            raise ModelUnavailable(
                f"{name!r} of {spec.name} has the sha256 {found}, the catalogue says {digest}; "
                "it was changed or damaged on the way and is not used"
            )
    return files


def _get(
    spec: ModelSpec,
    source: Source,
    wanted: Sequence[str],
    progress: Progress,
    http: httpx2.Client | None,
) -> dict[str, bytes]:
    if isinstance(source, FileSource):
        return {name: _read(source.file.parent, name) for name in wanted}
    if isinstance(source, HttpsSource):
        if not spec.source_sha256:
            raise ModelUnavailable(f"{spec.name}: an https: source needs its sha256")
        return {source.path: _download(source.url, progress, http)}
    with tempfile.TemporaryDirectory(prefix="vedette-model-") as folder:
        if isinstance(source, NpmSource):
            archive = _npm(source, Path(folder))
        else:
            archive = _pip(source, Path(folder), spec.archive_sha256)
        size = archive.stat().st_size
        progress(size, size, f"reading {archive.name}")
        _check_archive(archive, spec.archive_sha256)
        return read_members(archive, wanted)


def _described(source: Source) -> str:
    if isinstance(source, NpmSource):
        return f"{source.package} {source.version} with npm"
    if isinstance(source, PypiSource):
        return f"{source.package} {source.version} with pip"
    return _without_credentials(source.url) if isinstance(source, HttpsSource) else source.path


def _read(folder: Path, name: str) -> bytes:
    if Path(name).name != name:
        raise ModelUnavailable(f"{name!r} should be a file beside the main one, without a folder")
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise ModelUnavailable(f"the model file cannot be read: {error}") from error


def _check_archive(archive: Path, digest: str | None) -> None:
    if digest is None:
        return
    with archive.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != digest:
        raise ModelUnavailable(
            f"the package {archive.name} has the sha256 {found}, the catalogue says {digest}; "
            "it is not used"
        )


def _npm(source: NpmSource, folder: Path) -> Path:
    wanted = f"{source.package}@{source.version}"
    command = ["npm", "pack", wanted, "--json", "--ignore-scripts", "--pack-destination", "."]
    done = _run(command, folder, "npm", "install Node.js 20 or later")
    if done.returncode:
        raise ModelUnavailable(f"npm could not fetch {wanted}: {_npm_reason(done)}")
    return _only_file(folder, wanted)


def _npm_reason(done: "subprocess.CompletedProcess[str]") -> str:
    """What npm says about a failure: its JSON error, else its last line."""
    try:
        error = json.loads(done.stdout)["error"]
        return _without_credentials(f"{error['summary']} ({error['code']})")
    except (ValueError, KeyError, TypeError):
        return _last_line(done)


def _pip(source: PypiSource, folder: Path, digest: str | None) -> Path:
    wanted = f"{source.package}=={source.version}"
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", ".", "--no-input"]
    command += ["--disable-pip-version-check", "--quiet"]
    if digest is None:
        command += ["--only-binary", ":all:", wanted]
    else:  # pip checks the hash before it looks into a source distribution
        (folder / "wanted.txt").write_text(f"{wanted} --hash=sha256:{digest}\n", encoding="utf-8")
        command += ["--require-hashes", "--requirement", "wanted.txt"]
    done = _run(command, folder, "pip", "install it into this Python: python -m ensurepip")
    if done.returncode:
        hint = "install it: python -m ensurepip" if "No module named pip" in done.stderr else ""
        raise ModelUnavailable(f"pip could not fetch {wanted}: {_last_line(done)} {hint}".strip())
    (folder / "wanted.txt").unlink(missing_ok=True)
    return _only_file(folder, wanted)


def _run(
    command: Sequence[str], folder: Path, what: str, remedy: str
) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(  # noqa: S603  no shell; names were matched against a pattern
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT_S,
            check=False,
        )
    except FileNotFoundError as error:
        raise ModelUnavailable(f"{what} is needed to fetch this model: {remedy}") from error
    except subprocess.TimeoutExpired as error:
        raise ModelUnavailable(f"{what} did not finish within {TIMEOUT_S:.0f} s") from error


def _last_line(done: "subprocess.CompletedProcess[str]") -> str:
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith(("error", "npm err"))]
    return _without_credentials((errors or lines or ["it gave no reason"])[-1])


def _without_credentials(text: str) -> str:
    return _CREDENTIALS.sub("//", text)


def _only_file(folder: Path, wanted: str) -> Path:
    files = [file for file in folder.iterdir() if file.is_file()]
    if len(files) != 1:
        raise ModelUnavailable(f"{len(files)} files came for {wanted}, one was expected")
    return files[0]


def _download(url: str, progress: Progress, http: httpx2.Client | None) -> bytes:
    """The body behind an https address; redirects may not leave https."""
    shown = _without_credentials(url)
    try:
        with http or httpx2.Client(timeout=30.0) as client:
            for _ in range(REDIRECTS + 1):
                with client.stream("GET", url) as answer:
                    if not answer.is_redirect:
                        return _body(answer, shown, progress)
                    url = str(httpx2.URL(url).join(answer.headers["location"]))
                if not url.startswith("https://"):
                    raise ModelUnavailable(f"{shown} leads away from https")
    except httpx2.HTTPError as error:
        raise ModelUnavailable(f"{shown} cannot be fetched: {error}") from error
    raise ModelUnavailable(f"{shown} leads on more than {REDIRECTS} times")


def _body(answer: httpx2.Response, shown: str, progress: Progress) -> bytes:
    if answer.status_code != 200:
        raise ModelUnavailable(f"{shown} answered {answer.status_code} {answer.reason_phrase}")
    length = answer.headers.get("content-length", "")
    total = int(length) if length.isdecimal() else None
    body = bytearray()
    for chunk in answer.iter_bytes():
        body += chunk
        if len(body) > LARGEST_DOWNLOAD or (total or 0) > LARGEST_DOWNLOAD:
            raise ModelUnavailable(f"{shown} is larger than {LARGEST_DOWNLOAD} bytes")
        progress(len(body), total, shown)
    return bytes(body)
