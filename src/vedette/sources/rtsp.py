"""Cameras over RTSP (TCP, UDP or TLS): the usual way to reach an IP camera."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, field_validator

from vedette.contracts.errors import SourceLost, SourceRefused, VedetteError
from vedette.kit.clock import Clock
from vedette.plugins.registry import PluginConfig
from vedette.sources import tls
from vedette.sources.address import Address, check_url
from vedette.sources.av_stream import AvStream
from vedette.sources.container import Denied, Opened, Target, Unreachable, open_video
from vedette.sources.opening import open_live

_SCHEMES = ("rtsp", "rtsps")
_TLS_PORT = 322
_LEAST_S = 1.0
"""Another way is not tried with less time than this."""
_UDP_BUFFER_BYTES = 2**20
_REORDERED = 500
"""Packets that may wait for a late one before it counts as lost ..."""
_LATE_S = 0.3
"""... and how long."""

Transport = Literal["tcp", "udp"]


class RtspConfig(PluginConfig):
    """An RTSP camera."""

    model_config = ConfigDict(hide_input_in_errors=True)

    url: Annotated[str, Field(repr=False)] = Field(
        description="`rtsp://user:password@host:554/path`, or `rtsps://` for TLS; what is special "
        "in a password is percent-encoded."
    )
    transport: Literal["auto", "tcp", "udp"] = Field(
        default="auto",
        description="How the packets travel. Over TCP none is lost; `auto`: UDP only where the "
        "camera refuses TCP.",
    )
    tls_verify: tls.TlsVerify = True
    ca_file: tls.CaFile = None
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
    """One camera over RTSP. Sound is asked for only where it is wanted."""

    Config = RtspConfig
    live = True

    def __init__(
        self, config: RtspConfig, *, camera_id: str, clock: Clock, audio: bool = False
    ) -> None:
        self._config = config
        self._camera_id = camera_id
        self._clock = clock
        self._audio = audio
        self._address = Address(config.url)
        secure = self._address.scheme == "rtsps"
        self._transports: tuple[Transport, ...] = _transports(config.transport, secure=secure)
        self._secure = secure

    def __str__(self) -> str:
        return str(self._address)

    def open(self) -> AvStream:
        """Connect; one attempt, in the ways that the settings allow.

        Raises:
            SourceLost: cannot be reached now.
            SourceRefused: wrong password, path or certificate, or no video.
        """
        until_s = self._clock.monotonic() + self._config.open_timeout_s
        first: VedetteError | None = None
        for target in self._ways():
            left_s = until_s - self._clock.monotonic()
            if first is not None and left_s < _LEAST_S:
                break
            try:
                opened = open_video(target, clock=self._clock, limit_s=left_s)
            except Unreachable as error:
                raise self._certificate_refused(left_s) or first or error from None
            except Denied:
                raise
            except VedetteError as error:
                if isinstance(error, SourceRefused) and not target.audio:
                    raise
                first = first or error
            else:
                return self._opened(target, opened, first)
        raise first or SourceLost(f"{self._address} cannot be opened")

    def _ways(self) -> Iterator[Target]:
        """What to try, in order: with sound and without, then the other transport."""
        for transport in self._transports:
            target = self._target(transport)
            if self._audio:
                yield replace(
                    target,
                    audio=True,
                    options={**target.options, "allowed_media_types": "video+audio"},
                )
            yield target

    def _opened(self, target: Target, opened: Opened, first: VedetteError | None) -> AvStream:
        """Begin, and remember the way for the next time."""
        self._transports = ("udp", "tcp") if target.lossy else self._transports
        if self._audio and not target.audio:
            note = f"{self._address}: its sound is left out, because with it: {first}"
            opened = replace(opened, notes=(*opened.notes, note))
        return open_live(target, opened=opened, camera_id=self._camera_id, clock=self._clock)

    def _certificate_refused(self, left_s: float) -> SourceRefused | None:
        config = self._config
        if not (self._secure and config.tls_verify):
            return None
        why = tls.why_refused(config.url, _TLS_PORT, config.ca_file, left_s)
        return SourceRefused(tls.refusal(self._address, why)) if why else None

    def _target(self, transport: Transport) -> Target:
        config = self._config
        options = {
            "rtsp_transport": transport,
            "allowed_media_types": "video",
            "timeout": str(round(config.read_timeout_s * 1e6)),  # of the socket, in µs
            # The defaults read up to 5 s of video before they call the format known.
            "analyzeduration": "500000",
            "probesize": "32768",
            "fpsprobesize": "0",
            "protocol_whitelist": "rtsp,rtsps,rtp,tcp,tls",
        }
        if transport == "udp":
            options |= {
                "rtsp_flags": "filter_src",  # nobody else may send us pictures
                "buffer_size": str(_UDP_BUFFER_BYTES),
                "reorder_queue_size": str(_REORDERED),
                "max_delay": str(round(_LATE_S * 1e6)),
                "protocol_whitelist": "rtsp,rtp,udp,tcp",
            }
        if self._secure:
            options |= tls.options(verify=config.tls_verify, ca_file=config.ca_file)
        return Target(
            address=self._address,
            options=options,
            open_s=config.open_timeout_s,
            read_s=config.read_timeout_s,
            lossy=transport == "udp",
        )


def _transports(wanted: Literal["auto", "tcp", "udp"], *, secure: bool) -> tuple[Transport, ...]:
    if secure:  # TLS is TCP
        return ("tcp",)
    return ("tcp", "udp") if wanted == "auto" else (wanted,)
