"""A running `vedette demo` or `vedette up`, started as a person would."""

import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx2

from tests.command import environment

ADDRESS = re.compile(r"page: (http://\S+)")


class Running:
    """A process, its address, and what it printed so far."""

    def __init__(self, *arguments: str | Path, env: dict[str, str] | None = None) -> None:
        self.lines: list[str] = []
        self.complaints: list[str] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "vedette", *map(str, arguments)],
            env=environment(PYTHONUNBUFFERED="1", **(env or {})),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._readers = [
            threading.Thread(target=self._read, args=(pipe, into), daemon=True)
            for pipe, into in (
                (self._process.stdout, self.lines),
                (self._process.stderr, self.complaints),
            )
        ]
        for reader in self._readers:
            reader.start()
        self.address = self.until(self._address, "its address", within_s=60)
        self.http = httpx2.Client(base_url=self.address, timeout=20)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.http.close()
        if self._process.poll() is None:
            self._process.kill()
        self.ended(within_s=10)

    @property
    def pid(self) -> int:
        """Of the main process."""
        return self._process.pid

    def until(self, found: Callable[[], Any], what: str, *, within_s: float = 120) -> Any:
        """Ask again and again until something is there.

        Raises:
            AssertionError: it was not there in time, or the process ended.
        """
        until_s = time.monotonic() + within_s
        while not (value := found()):
            said = "\n".join([*self.lines[-20:], *self.complaints[-20:]])
            assert self._process.poll() is None, f"it ended without {what}:\n{said}"
            assert time.monotonic() < until_s, f"no {what} within {within_s} s:\n{said}"
            time.sleep(0.05)
        return value

    def events(self, **filters: str) -> list[dict[str, Any]]:
        """Events as the API tells them."""
        items: list[dict[str, Any]] = self.http.get("/api/v1/events", params=filters).json()[
            "items"
        ]
        return items

    def stop(self, how: signal.Signals = signal.SIGTERM, *, within_s: float = 40) -> int:
        """Ask it to stop; its exit code."""
        self._process.send_signal(how)
        return self.ended(within_s=within_s)

    def ended(self, *, within_s: float) -> int:
        """Wait for its end; its exit code."""
        code = self._process.wait(timeout=within_s)
        for reader, pipe in zip(
            self._readers, (self._process.stdout, self._process.stderr), strict=True
        ):
            reader.join()
            if pipe is not None:
                pipe.close()
        return code

    def kill(self) -> None:
        """As a power cut would."""
        self._process.kill()
        self.ended(within_s=10)

    def _address(self) -> str | None:
        found = [match for line in self.lines if (match := ADDRESS.search(line))]
        return found[0].group(1) if found else None

    @staticmethod
    def _read(pipe: Any, into: list[str]) -> None:
        into.extend(line.rstrip("\n") for line in pipe)
