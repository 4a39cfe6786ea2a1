"""Cameras on USB and other local video devices (Video4Linux)."""

import errno
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from vedette.contracts.errors import SourceLost, SourceRefused, VedetteError
from vedette.kit.clock import Clock
from vedette.plugins.registry import PluginConfig
from vedette.sources.address import Address
from vedette.sources.av_stream import AvStream
from vedette.sources.container import Opened, Target, open_video
from vedette.sources.jpeg_stream import JpegStream
from vedette.sources.opening import open_live
from vedette.sources.raw_shots import RawShots

_BY_ID = Path("/dev/v4l/by-id")
_SYSTEM = Path("/sys/class/video4linux")
_FORMATS = {"mjpeg": "mjpeg", "yuyv": "yuyv422", "h264": "h264"}

Open = Callable[[Target, Clock], Opened]


class UsbConfig(PluginConfig):
    """A local video device."""

    device: str = Field(
        description="`/dev/video0`, its number, or a name in `/dev/v4l/by-id`, which stays the "
        "same whatever is plugged in first."
    )
    width: int | None = Field(default=None, ge=16, le=16_384)
    height: int | None = Field(default=None, ge=16, le=16_384)
    fps: float | None = Field(default=None, gt=0.0, le=240.0)
    input_format: Literal["auto", "mjpeg", "yuyv", "h264"] = Field(
        default="auto",
        description="How the camera sends its pictures; `auto`: as MJPEG where it can, which needs "
        "the least of USB.",
    )
    read_timeout_s: float = Field(default=10.0, gt=0.0, le=120.0)

    @field_validator("device", mode="before")
    @classmethod
    def _device(cls, device: object) -> object:
        text = str(device) if isinstance(device, int) else device
        if isinstance(text, str) and not re.fullmatch(
            r"\d{1,3}|/dev/[A-Za-z0-9_./:+-]+|[A-Za-z0-9_.:+-]+", text
        ):
            raise ValueError("give /dev/video0, its number, or a name in /dev/v4l/by-id")
        if isinstance(text, str) and ".." in text:
            raise ValueError("the name of a device has no `..`")
        return text

    @model_validator(mode="after")
    def _both(self) -> Self:
        if (self.width is None) != (self.height is None):
            raise ValueError("give both width and height, or none of them")
        return self


def open_device(target: Target, clock: Clock) -> Opened:
    """Open it for real."""
    return open_video(target, clock=clock)


def devices_here() -> Mapping[str, str]:
    """Video devices of this machine: path to name."""
    found = {}
    for entry in sorted(_SYSTEM.glob("video*")):
        try:
            found[f"/dev/{entry.name}"] = (entry / "name").read_text("utf-8", "replace").strip()
        except OSError:
            found[f"/dev/{entry.name}"] = ""
    return found


class UsbSource:
    """One local video device."""

    Config = UsbConfig
    live = True

    def __init__(
        self,
        config: UsbConfig,
        *,
        camera_id: str,
        clock: Clock,
        audio: bool = False,
        opener: Open = open_device,
        devices: Callable[[], Mapping[str, str]] = devices_here,
    ) -> None:
        """
        Args:
            audio: changes nothing; the microphone of a USB camera is another device.
            opener, devices: for tests; a machine without a camera has nothing to open.
        """
        del audio
        self._config = config
        self._camera_id = camera_id
        self._clock = clock
        self._opener = opener
        self._devices = devices
        self._path = path_of(config.device)

    def __str__(self) -> str:
        return self._path

    def open(self) -> AvStream | JpegStream:
        """Open the device.

        Raises:
            SourceLost: it is not there, or busy; it may be later.
        """
        first: VedetteError | None = None
        for input_format in self._formats():
            target = self._target(input_format)
            try:
                opened = self._opener(target, self._clock)
            except (SourceLost, SourceRefused) as error:
                first = first or error
                if not Path(self._path).exists():
                    break
            else:
                return self._stream(target, opened)
        raise SourceLost(self._explained(first)) from None

    def _formats(self) -> tuple[str, ...]:
        wanted = self._config.input_format
        return ("mjpeg", "") if wanted == "auto" else (_FORMATS[wanted],)

    def _stream(self, target: Target, opened: Opened) -> AvStream | JpegStream:
        if opened.info.codec != "rawvideo":
            return open_live(target, opened=opened, camera_id=self._camera_id, clock=self._clock)
        shots = RawShots(target, opened)
        try:
            return JpegStream(shots, name=self._path, camera_id=self._camera_id, clock=self._clock)
        except VedetteError:
            shots.close()
            raise

    def _explained(self, error: VedetteError | None) -> str:
        here = self._devices()
        listed = ", ".join(f"{path} ({name})" if name else path for path, name in here.items())
        there = f"the video devices here are {listed}" if here else "no video device is connected"
        try:
            with open(self._path, "rb"):
                return f"{error}; {there}"
        except OSError as why:
            return f"{self._path} {_why(why)}; {there}"

    def _target(self, input_format: str) -> Target:
        config = self._config
        options = dict[str, str]()
        if config.width and config.height:
            options["video_size"] = f"{config.width}x{config.height}"
        if config.fps:
            options["framerate"] = f"{config.fps:g}"
        if input_format:
            options["input_format"] = input_format
        return Target(
            address=Address(self._path),
            options=options,
            read_s=config.read_timeout_s,
            format="v4l2",
        )


def path_of(device: str) -> str:
    """Where the device is."""
    if device.isdigit():
        return f"/dev/video{int(device)}"
    return device if device.startswith("/dev/") else str(_BY_ID / device)


def _why(error: OSError) -> str:
    if error.errno in {errno.ENOENT, errno.ENODEV, errno.ENXIO}:
        return "is not there"
    if error.errno == errno.EBUSY:
        return "is used by another program"
    if error.errno in {errno.EACCES, errno.EPERM}:
        return "may not be opened by this user; add them to the group `video`"
    return f"cannot be opened ({(error.strerror or 'unknown').lower()})"
