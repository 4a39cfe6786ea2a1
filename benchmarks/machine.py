"""Names the machine that was measured: processor, cores, memory, versions."""

import importlib.metadata
import os
import platform
import re
import subprocess
from pathlib import Path

from benchmarks.contest import cores

PACKAGES = ("av", "numpy", "opencv-python-headless", "onnxruntime", "scipy")


def machine(ffmpeg: str | None) -> str:
    """A sentence."""
    info = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = re.search(r"^model name\s*: (.*)$", info, re.MULTILINE)
    family = re.search(r"^cpu family\s*: (.*)$", info, re.MULTILINE)
    name = model.group(1) if model else platform.processor()
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = [f"{package} {importlib.metadata.version(package)}" for package in PACKAGES]
    if ffmpeg:
        first = subprocess.run([ffmpeg, "-version"], capture_output=True, text=True, check=True)
        versions.append(" ".join(first.stdout.split()[:3]))
    return (
        f"{name} (family {family.group(1) if family else '?'}), {cores()} cores, "
        f"{memory_gib:.0f} GiB; {platform.system()} {platform.release().split('-')[0]}, "
        f"Python {platform.python_version()}, {', '.join(versions)}"
    )
