"""Cameras over RTSP (TCP): the usual way to reach an IP camera."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, field_validator

from vedette.kit.clock import Clock
from vedette.plugins.registry import PluginConfig
from vedette.sources.address import Address, check_url
from vedette.sources.av_stream import AvStream, open_live
from vedette.sources.container import Target

_SCHEMES = ("rtsp", "rtsps")


class RtspConfig(PluginConfig):
    """An RTSP camera."""

    model_config = ConfigDict(hide_input_in_errors=True)

    url: Annotated[str, Field(repr=False)] = Field(
        description="`rtsp://user:password@host:554/path`; what is special in a password is "
        "percent-encoded."
    )
    transport: Literal["tcp"] = Field(
        default="tcp", description="How the packets travel; over TCP none is lost."
    )
    open_timeout_s: float = Field(
        default=10.0, gt=0.0, le=120.0, description="Longest wait for the camera to answer."
    )
    read_timeout_s: float = Field(
        default=10.0, gt=0.0, le=120.0, description="Longest silence before it counts as lost."
    )

    @field_validator("url")
    @classmethod
    def _url(cls, url: str) -> str:
        return check_url(url, _SCHEMES)


class RtspSource:
    """One camera over RTSP. Audio is not asked for."""

    Config = RtspConfig
    live = True

    def __init__(self, config: RtspConfig, *, camera_id: str, clock: Clock) -> None:
        self._config = config
        self._camera_id = camera_id
        self._clock = clock
        self._address = Address(config.url)

    def __str__(self) -> str:
        return str(self._address)

    def open(self) -> AvStream:
        """Connect; one attempt.

        Raises:
            SourceLost: cannot be reached now.
            SourceRefused: wrong password or path, or no video.
        """
        return open_live(self._target(), camera_id=self._camera_id, clock=self._clock)

    def _target(self) -> Target:
        config = self._config
        return Target(
            address=self._address,
            options={
                "rtsp_transport": config.transport,
                "allowed_media_types": "video",
                "timeout": str(round(config.read_timeout_s * 1e6)),  # of the socket, in µs
                # The defaults read up to 5 s of video before they call the format known.
                "analyzeduration": "500000",
                "probesize": "32768",
                "fpsprobesize": "0",
                "protocol_whitelist": "rtsp,rtsps,rtp,tcp,tls",
            },
            open_s=config.open_timeout_s,
            read_s=config.read_timeout_s,
        )
