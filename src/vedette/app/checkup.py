"""What this machine has and lacks, and how to mend it: the findings of `vedette doctor`."""

import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path

import onnxruntime
from av.codec import codecs_available

from vedette.app.ask import ask_report
from vedette.app.folder import DataFolder
from vedette.app.settings import default_data_folder
from vedette.contracts.errors import ModelUnavailable, NotRunning
from vedette.detect.engines.choose import HOW_TO_GET, installed
from vedette.models.catalogue import Catalogue
from vedette.models.store import ModelStore

NEEDED_PYTHON = (3, 11)
LEAST_FREE_GB = 2.0
DECODERS = ("h264", "hevc", "vp9", "mjpeg", "mpeg4")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    what: str
    ok: bool
    found: str
    mend: str = ""
    """What to do about it."""
    needed: bool = True
    """False where the product runs without it."""


def findings(port: int, data: Path | None = None) -> Iterator[Finding]:
    """Look at everything, one after the other.

    Args:
        data: the data folder; the default one where absent.
    """
    folder = data or default_data_folder()
    checks: tuple[Callable[[], Finding], ...] = (
        _python,
        _decoders,
        _inference,
        _engines,
        _model,
        _npm,
        lambda: _data(folder),
        lambda: _port(port),
        lambda: _product(folder),
    )
    for check in checks:
        yield check()


def _python() -> Finding:
    found = ".".join(str(part) for part in sys.version_info[:3])
    return Finding(
        what="Python",
        ok=sys.version_info >= NEEDED_PYTHON,
        found=found,
        mend="install Python 3.11 or newer",
    )


def _decoders() -> Finding:
    missing = [name for name in DECODERS if name not in codecs_available]
    return Finding(
        what="video decoders",
        ok=not missing,
        found=f"PyAV {version('av')}" + (f", without {', '.join(missing)}" if missing else ""),
        mend="install PyAV from its wheel: pip install --force-reinstall av",
    )


def _inference() -> Finding:
    """Its two packages write into one folder, so together they are neither."""
    packages = [name for name in ("onnxruntime", "onnxruntime-gpu") if _has_package(name)]
    both = len(packages) > 1
    providers = onnxruntime.get_available_providers()
    engines = [name.removesuffix("ExecutionProvider") for name in providers]
    found = f"ONNX Runtime {onnxruntime.__version__}: {', '.join(engines)}"
    return Finding(
        what="inference",
        ok="CPU" in engines and not both,
        found=f"{found}, from {' and '.join(packages)}" if both else found,
        mend=(
            "keep one: pip uninstall onnxruntime; pip install --force-reinstall --no-deps "
            "onnxruntime-gpu"
            if both
            else "pip install --force-reinstall onnxruntime"
        ),
    )


def _has_package(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


def _engines() -> Finding:
    there = installed()
    return Finding(
        what="engines of detection",
        ok=there != ("cpu",),
        found=f"{', '.join(there)}; compare them with `vedette models bench`",
        mend=f"OpenVINO may halve the time: {HOW_TO_GET['openvino']}",
        needed=False,
    )


def _model() -> Finding:
    spec, store = Catalogue.load().get(), ModelStore()
    try:
        path = store.path(spec)
    except ModelUnavailable as error:
        return Finding(what="default model", ok=False, found=str(error), mend="vedette models pull")
    return Finding(what="default model", ok=True, found=f"{spec.name}: {path}")


def _npm() -> Finding:
    found = shutil.which("npm")
    return Finding(
        what="npm (fetches some models)",
        ok=found is not None,
        found=found or "not found",
        mend="install Node.js 20, or copy an installed model into the models folder",
        needed=False,
    )


def _data(folder: Path) -> Finding:
    home = next(path for path in (folder, *folder.parents) if path.exists())
    free_gb = shutil.disk_usage(home).free / 1000**3
    try:
        with tempfile.TemporaryFile(dir=home):
            writable = True
    except OSError:
        writable = False
    return Finding(
        what="data folder",
        ok=writable and free_gb >= LEAST_FREE_GB,
        found=f"{folder}: {free_gb:.0f} GB free" + ("" if writable else ", not writable"),
        mend="choose another folder with --data or $VEDETTE_DATA",
    )


def _product(folder: Path) -> Finding:
    """The same health as `vedette status` and `/health/modules`."""
    what, address = "the product", DataFolder(root=folder).noted_address()
    if address is None:
        return Finding(what=what, ok=True, found="none runs with this data folder")
    try:
        report = ask_report(address)
    except NotRunning as error:
        return Finding(what=what, ok=False, found=str(error), mend="start it again: vedette up")
    amiss = "; ".join(f"{name}: {detail}" for name, detail in report.checks.items())
    return Finding(
        what=what,
        ok=not amiss,
        found=amiss or f"runs at {address}, all {len(report.modules)} modules are well",
        mend="look closer: vedette status, vedette modules list",
        needed=not report.ready,
    )


def _port(port: int) -> Finding:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            return Finding(
                what="port of the page",
                ok=False,
                found=f"{port}: {os.strerror(error.errno or 0)}",
                mend="stop what uses it, or set api.port (0 takes any free port)",
                needed=False,
            )
    return Finding(what="port of the page", ok=True, found=f"{port} is free")
