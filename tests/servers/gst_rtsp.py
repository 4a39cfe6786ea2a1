"""GStreamer's RTSP server as a process: UDP, TLS, loss. See `.ci/run` for its needs."""

import json
import select
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

SYSTEM_PYTHON = "/usr/bin/python3"
_START_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """One path of the server."""

    launch: str
    """GStreamer's description of a pipeline, with payloaders called pay0, pay1 ..."""
    transport: str = "any"
    """tcp, udp or any."""


def from_file(path: Path, *, codec: str = "h264", between: str = "", sound: str = "") -> str:
    """A pipeline that sends a file as a camera would.

    Args:
        between: an element behind the payloader, such as one that loses packets.
        sound: the codec of the file's sound, `aac`, where it is to be sent too.
    """
    pay = f"rtp{codec}pay pt=96 config-interval=-1"
    video = f"{pay} name=pay0" if not between else f"{pay} ! {between} ! identity name=pay0"
    launch = f"filesrc location={path} ! qtdemux name=d d. ! queue ! {codec}parse ! {video}"
    if sound == "aac":
        launch += " d. ! queue ! aacparse ! rtpmp4gpay pt=97 name=pay1"
    return f"( {launch} )"


class GstRtspServer:
    """Use as a context manager."""

    def __init__(
        self, mounts: dict[str, Mount], *, certificate: Path | None = None, user: str = ""
    ) -> None:
        self._mounts = mounts
        self._certificate = certificate
        self._user = user
        self._process: subprocess.Popen[str] | None = None
        self.port = 0

    def url(self, path: str, user: str = "") -> str:
        scheme = "rtsp" if self._certificate is None else "rtsps"
        who = f"{user}@" if user else ""
        return f"{scheme}://{who}127.0.0.1:{self.port}{path}"

    def start(self) -> None:
        """Start, and wait until it answers; again at the same port."""
        wanted = {
            "port": self.port,
            "mounts": {path: asdict(mount) for path, mount in self._mounts.items()},
            "certificate": str(self._certificate or ""),
            "user": self._user,
        }
        script = Path(__file__).with_name("gst_rtsp_server.py")
        self._process = subprocess.Popen(
            [SYSTEM_PYTHON, str(script), json.dumps(wanted)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], _START_S)
        line = self._process.stdout.readline() if ready else ""
        assert line.strip().isdigit(), "GStreamer's RTSP server did not start (see .ci/run)"
        self.port = int(line)

    def stop(self) -> None:
        """End it, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            assert self._process.stdout is not None
            self._process.stdout.close()
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
