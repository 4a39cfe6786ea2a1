"""Video over HTTP: a recording (MP4, MPEG-TS), or a camera (MJPEG, MPEG-TS without an end)."""

from typing import Annotated

from pydantic import ConfigDict, Field, field_validator

from vedette.contracts.errors import SourceRefused, VedetteError
from vedette.kit.clock import Clock
from vedette.plugins.registry import PluginConfig
from vedette.sources import tls
from vedette.sources.address import Address, check_url
from vedette.sources.av_stream import AvStream
from vedette.sources.container import FORMATS, Target, open_video
from vedette.sources.http_get import Answer, Asked, Getter
from vedette.sources.jpeg_stream import JpegStream
from vedette.sources.mjpeg import MjpegShots
from vedette.sources.opening import open_live, open_recorded
from vedette.sources.start import Start, start_us
from vedette.sources.stats import SourceStats

_SCHEMES = ("http", "https")


class HttpAddressConfig(PluginConfig):
    """An HTTP address, and how to talk to it."""

    model_config = ConfigDict(hide_input_in_errors=True)

    url: Annotated[str, Field(repr=False)] = Field(description="`https://user:password@host/path`.")
    tls_verify: tls.TlsVerify = True
    ca_file: tls.CaFile = None
    open_timeout_s: float = Field(default=10.0, gt=0.0, le=120.0)
    read_timeout_s: float = Field(default=10.0, gt=0.0, le=120.0)

    @field_validator("url")
    @classmethod
    def _url(cls, url: str) -> str:
        return check_url(url, _SCHEMES)


class HttpConfig(HttpAddressConfig):
    """Video at an HTTP address."""

    live: bool | None = Field(
        default=None,
        description="True for a camera, false for a recording; absent: what states its length is "
        "a recording.",
    )
    hls: bool = Field(default=False, description="Follow an HLS playlist (of HTTP addresses only).")
    start: Start = None


class HttpSource:
    """One camera or recording over HTTP."""

    Config = HttpConfig

    def __init__(
        self, config: HttpConfig, *, camera_id: str, clock: Clock, audio: bool = False
    ) -> None:
        self.live = config.live is not False
        """As configured; where that is left open, true until `open` has found a length."""
        self._config = config
        self._camera_id = camera_id
        self._clock = clock
        self._audio = audio
        self._address = Address(config.url)
        self._getter = Getter(asked(config, self._address), clock)

    def __str__(self) -> str:
        return str(self._address)

    def open(self) -> AvStream | JpegStream:
        """Connect; one attempt.

        Raises:
            SourceLost: cannot be reached now.
            SourceRefused: wrong password or path, or no video.
        """
        answer = self._getter.get()
        try:
            begun = answer.read()
            if self._is_mjpeg(answer, begun):
                return self._pictures(answer, begun)
        except VedetteError:
            answer.close()
            raise
        answer.close()
        return self._video()

    def _is_mjpeg(self, answer: Answer, begun: bytes) -> bool:
        """True for an endless series of JPEG pictures.

        Raises:
            SourceRefused: a single one.
        """
        multipart = answer.content_type.startswith("multipart/")
        picture = begun.startswith(b"\xff\xd8\xff")
        if picture and not multipart and answer.length is not None:
            raise SourceRefused(
                f"{self._address} is a single picture; `type: http_snapshot` asks again and again"
            )
        return multipart or picture or begun.lstrip().startswith(b"--")

    def _pictures(self, answer: Answer, begun: bytes) -> JpegStream:
        stats = SourceStats()
        shots = MjpegShots(
            answer,
            begun=begun,
            name=str(self._address),
            read_s=self._config.read_timeout_s,
            clock=self._clock,
            stats=stats,
        )
        self.live = True
        return JpegStream(
            shots,
            name=str(self._address),
            camera_id=self._camera_id,
            clock=self._clock,
            stats=stats,
        )

    def _video(self) -> AvStream:
        """Everything else is for libav, which asks anew."""
        target, config = self._target(), self._config
        opened = open_video(target, clock=self._clock)
        if config.live is None:
            self.live = opened.info.duration_s == 0.0
        if self.live:
            return open_live(target, opened=opened, camera_id=self._camera_id, clock=self._clock)
        began_us = start_us(config.start, opened.container, self._clock)
        return open_recorded(
            target, opened, camera_id=self._camera_id, clock=self._clock, start_us=began_us
        )

    def _target(self) -> Target:
        config = self._config
        return Target(
            address=self._address,
            options={
                "analyzeduration": "1000000",
                "probesize": "500000",
                "rw_timeout": str(round(config.read_timeout_s * 1e6)),
                # A playlist must not make us open files or other protocols.
                "protocol_whitelist": "http,https,tcp,tls",
                "format_whitelist": f"{FORMATS},hls" if config.hls else FORMATS,
                **tls.options(verify=config.tls_verify, ca_file=config.ca_file),
            },
            open_s=config.open_timeout_s,
            read_s=config.read_timeout_s,
            audio=self._audio,
        )


def asked(config: HttpAddressConfig, address: Address) -> Asked:
    """What our own HTTP client needs to know."""
    return Asked(
        address=address,
        open_s=config.open_timeout_s,
        read_s=config.read_timeout_s,
        tls_verify=config.tls_verify,
        ca_file=config.ca_file,
    )
