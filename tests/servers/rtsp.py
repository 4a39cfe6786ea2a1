"""A real RTSP server for tests, as a process of its own."""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

_START_S = 20.0


def free_port() -> int:
    """A port of loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RtspServer:
    """Serves the videos of a folder at `rtsp://127.0.0.1:port/name`, over TCP, in a loop."""

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.folder = folder
        self.port = port or free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, name: str, user: str = "") -> str:
        who = f"{user}@" if user else ""
        return f"rtsp://{who}127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        """Start, and wait until it answers."""
        command = [str(Path(sys.executable).with_name("rtsp-server")), "--dir", str(self.folder)]
        command += ["--host", "127.0.0.1", "--port", str(self.port), "-cp", str(free_port())]
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + _START_S
        while time.monotonic() < until:
            assert self._process.poll() is None, "the RTSP server ended at once"
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise TimeoutError(f"the RTSP server did not answer within {_START_S} s")

    def freeze(self) -> None:
        """Keep the connections, but say nothing any more; only `stop` ends this."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def stop(self) -> None:
        """End it, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
