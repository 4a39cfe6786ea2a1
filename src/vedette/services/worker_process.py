"""Starts and ends a media worker process; no secret stands in its arguments or environment."""

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from vedette.contracts.errors import VedetteError
from vedette.kit.garbage import NO_THREAD_CACHES, TUNABLES
from vedette.link.control_end import Line

log = logging.getLogger(__name__)

REAP_S = 5.0
"""A killed process is gone after this, unless its disk hangs."""
COMMAND = (sys.executable, "-m", "vedette.app.worker")

_KEPT = frozenset(
    {
        *("PATH", "HOME", "LANG", "TZ", "TMPDIR", "XDG_CACHE_HOME", "VIRTUAL_ENV"),
        *("VEDETTE_ENV", "VEDETTE_LOG", "VEDETTE_MODELS", TUNABLES),
    }
)
_KEPT_PREFIXES = (
    *("LC_", "LD_", "PYTHON", "MALLOC_", "COVERAGE_", "CUDA_", "NVIDIA_", "OMP_", "OPENVINO_"),
)
"""Everything else stays here: the environment may hold secrets of cameras and channels."""

_ALONE = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
    TUNABLES: NO_THREAD_CACHES,
}
"""What libraries in a worker are to do, where the operator does not say otherwise."""


class WorkerProcess:
    """One process. Nothing here waits for long."""

    def __init__(self, line: Line, socket: Path) -> None:
        """Start it.

        Raises:
            VedetteError: the system cannot start another process now.
        """
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter, fixed arguments
                COMMAND, stdin=subprocess.PIPE, env=environment(os.environ)
            )
        except OSError as error:
            raise VedetteError(f"no worker can be started: {error.strerror}") from error
        self.pid = line.pid = self._process.pid
        about = Path(f"/proc/{self.pid}")
        self._stat, self._statm, self._tasks = about / "stat", about / "statm", about / "task"
        head = {
            "name": line.name,
            "token": line.token,
            "socket": str(socket),
            "spool": str(line.folders.spool),
            "parts": str(line.folders.parts),
            "level": logging.getLogger().getEffectiveLevel(),
        }
        if (pipe := self._process.stdin) is not None:
            with suppress(BrokenPipeError):  # it died at once, which is seen below
                pipe.write(json.dumps(head).encode() + b"\n")
                pipe.flush()

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    @property
    def how(self) -> str:
        """How it ended, in words."""
        code = self._process.poll()
        if code is None:
            return "runs"
        if code < 0:
            with suppress(ValueError):
                return f"was ended by {signal.Signals(-code).name}"
        return "ended" if code == 0 else f"ended with code {code}"

    @property
    def orderly(self) -> bool:
        return self._process.poll() == 0

    def show_where(self) -> None:
        """Let it write where its threads are to the log, and die; one that is stopped does not."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGABRT)

    def kill(self) -> None:
        """End it, whatever it does."""
        with suppress(ProcessLookupError):
            self._process.kill()

    def release(self) -> None:
        """Forget it, once it has ended or was killed."""
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=REAP_S)

    @property
    def stopped(self) -> bool:
        """True where somebody stopped it (SIGSTOP)."""
        try:
            text = self._stat.read_text("ascii", "replace")
        except OSError:
            return False
        return text.rpartition(") ")[2][:1] == "T"

    def starved_s(self) -> float:
        """Seconds that its threads waited for a processor so far, all together; 0.0 if unknown."""
        waited_ns = 0
        try:
            for thread in self._tasks.iterdir():
                waited_ns += int((thread / "schedstat").read_text("ascii").split()[1])
        except (OSError, IndexError, ValueError):
            return 0.0
        return waited_ns / 1e9

    def rss_bytes(self) -> int:
        """Memory in use; 0 where the system cannot tell."""
        try:
            pages = int(self._statm.read_text("ascii").split()[1])
        except (OSError, IndexError, ValueError):
            return 0
        return pages * os.sysconf("SC_PAGE_SIZE")


def environment(full: Mapping[str, str]) -> dict[str, str]:
    """What a worker gets to see of our environment.

    Numerical libraries get one thread each, and glibc two arenas: with one for each of the many
    threads, a worker needs about 10 MB more for each camera. Nor does a thread keep small blocks
    that it gave back.
    """
    kept = {
        name: value
        for name, value in full.items()
        if name in _KEPT or name.startswith(_KEPT_PREFIXES)
    }
    return {**_ALONE, **kept}
