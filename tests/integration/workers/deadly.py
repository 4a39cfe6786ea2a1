"""A camera that plays a video until it does harm to its process: a plug-in of a third party."""

import ctypes
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from vedette.contracts.frame import Frame
from vedette.contracts.packet import Packet
from vedette.plugins.registry import PluginConfig, build

_HOARD: list[bytearray] = []


def _hang_with_the_lock() -> None:
    ctypes.PyDLL(None).sleep(3600)  # native code that does not give the interpreter back


def _hang() -> None:
    ctypes.CDLL(None).sleep(3600)


def _hoard() -> None:
    _HOARD.append(bytearray(os.urandom(1024)) * (40 * 1024))


def _crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


HARM: dict[str, Callable[[], None]] = {
    "crash": _crash,
    "hang_with_the_lock": _hang_with_the_lock,
    "hang": _hang,
    "hoard": _hoard,
}


class DeadlyConfig(PluginConfig):
    """Settings of `{type: deadly}`."""

    path: Path
    harm: Literal["crash", "hang_with_the_lock", "hang", "hoard"]
    after: int = 10
    """Packets."""
    unless: Path | None = None
    """No harm where this file is there; it is made when harm is done."""


class DeadlySource:
    """Implements `Source` around a file."""

    Config = DeadlyConfig
    live = False

    def __init__(self, config: DeadlyConfig, **needs: Any) -> None:
        settings = {"type": "file", "path": config.path, "pace": "realtime", "loop": True}
        self._config = config
        self._inner = build("source", {**settings, "start": "now"}, **needs)

    def __str__(self) -> str:
        return "a deadly camera"

    def open(self) -> "DeadlyStream":
        """See `Source`."""
        return DeadlyStream(self._inner.open(), self._config)


class DeadlyStream:
    """Does harm while a packet is decoded."""

    def __init__(self, inner: Any, config: DeadlyConfig) -> None:
        self._inner = inner
        self._config = config
        self._count = 0

    def packets(self) -> Iterator[Packet]:
        """See `Stream`."""
        yield from self._inner.packets()

    def decode(self, packet: Packet) -> Sequence[Frame]:
        """See `Stream`."""
        self._count += 1
        unless = self._config.unless
        if self._count > self._config.after and not (unless and unless.exists()):
            if unless is not None:
                unless.touch()
            HARM[self._config.harm]()
        frames: Sequence[Frame] = self._inner.decode(packet)
        return frames

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)
