"""Starts `ipycam`, a virtual ONVIF camera by somebody else, from its own environment."""

import json
import subprocess
from pathlib import Path
from typing import Any, Self

from tests.servers.rtsp import free_port

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-servers" / "bin" / "python"


class IpycamCamera:
    """Use as a context manager; `settings` are those of its `CameraConfig`."""

    def __init__(self, **settings: Any) -> None:
        self.probes = free_port()
        self._settings = {**settings, "probes": self.probes}
        self._process: subprocess.Popen[str] | None = None
        self.port = 0

    def __enter__(self) -> Self:
        assert PYTHON.exists(), f"{PYTHON} is missing; `make test` makes it"
        script = Path(__file__).with_name("virtual_camera_main.py")
        self._process = subprocess.Popen(
            [str(PYTHON), str(script), json.dumps(self._settings)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        if not said:
            self.__exit__()
            raise AssertionError("the virtual camera ended at once")
        self.port = int(said)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.communicate()
