"""The streams that a camera offers: profiles, their addresses, and still pictures."""

from dataclasses import dataclass
from html import escape

from vedette.contracts.errors import SourceRefused
from vedette.onvif.device import Services
from vedette.onvif.errors import Fault
from vedette.onvif.markup import Node, clean
from vedette.onvif.soap import MEDIA, MEDIA2, SCHEMA, SoapClient

MAX_PROFILES = 64
"""More are not looked at."""

CODECS = {
    "h264": "h264",
    "avc": "h264",
    "h265": "hevc",
    "hevc": "hevc",
    "jpeg": "mjpeg",
    "mjpeg": "mjpeg",
    "mpeg4": "mpeg4",
    "mp4v-es": "mpeg4",
    "mpv4-es": "mpeg4",
    "av1": "av1",
}
"""ONVIF's names of codecs, and FFmpeg's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One stream, as the camera describes it; 0 and empty where it does not say."""

    token: str
    name: str = ""
    codec: str = ""
    """FFmpeg's name: h264, hevc, mjpeg ..."""
    width: int = 0
    height: int = 0
    fps: float = 0.0
    kbps: int = 0
    gop: int = 0
    """Frames from keyframe to keyframe."""
    source: str = ""
    """Which lens: recorders and multi-sensor cameras have several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamAddress:
    """Where a stream is."""

    url: str
    """Without user and password."""
    note: str = ""
    """What was changed about it, and why."""


async def profiles(client: SoapClient, services: Services) -> list[Profile]:
    """Every profile with video, of the newer media service where there is one.

    Raises:
        SourceLost, LoginRefused, SourceRefused: see `SoapClient.call`; no profile has video.
    """
    found: list[Profile] = []
    if services.media2:
        body = (
            f'<GetProfiles xmlns="{MEDIA2}"><Type>VideoSource</Type><Type>VideoEncoder</Type>'
            "</GetProfiles>"
        )
        try:
            answer = await client.call(services.media2, f"{MEDIA2}/GetProfiles", body)
            found = read_profiles(answer)
        except Fault:
            if not services.media:
                raise
    if not found and services.media:
        body = f'<GetProfiles xmlns="{MEDIA}"/>'
        found = read_profiles(await client.call(services.media, f"{MEDIA}/GetProfiles", body))
    if not found:
        raise SourceRefused(f"{client.address} describes no stream with video")
    return found


async def stream_address(client: SoapClient, services: Services, profile: Profile) -> StreamAddress:
    """Where a profile's stream is, over RTSP.

    Raises:
        SourceLost, LoginRefused, SourceRefused: see `SoapClient.call`; no address that can be used.
    """
    token = escape(profile.token)
    if services.media2:
        body = (
            f'<GetStreamUri xmlns="{MEDIA2}"><Protocol>RTSP</Protocol>'
            f"<ProfileToken>{token}</ProfileToken></GetStreamUri>"
        )
        try:
            answer = await client.call(services.media2, f"{MEDIA2}/GetStreamUri", body)
            return _stream(client, answer)
        except Fault:
            if not services.media:
                raise
    body = (
        f'<GetStreamUri xmlns="{MEDIA}"><StreamSetup>'
        f'<Stream xmlns="{SCHEMA}">RTP-Unicast</Stream>'
        f'<Transport xmlns="{SCHEMA}"><Protocol>RTSP</Protocol></Transport></StreamSetup>'
        f"<ProfileToken>{token}</ProfileToken></GetStreamUri>"
    )
    return _stream(client, await client.call(services.media, f"{MEDIA}/GetStreamUri", body))


async def snapshot_address(client: SoapClient, services: Services, profile: Profile) -> str:
    """Where a still picture of a profile is; empty where the camera offers none.

    Raises:
        SourceLost, LoginRefused, SourceRefused: see `SoapClient.call`.
    """
    space, url = (MEDIA2, services.media2) if services.media2 else (MEDIA, services.media)
    body = (
        f'<GetSnapshotUri xmlns="{space}"><ProfileToken>{escape(profile.token)}</ProfileToken>'
        "</GetSnapshotUri>"
    )
    try:
        answer = await client.call(url, f"{space}/GetSnapshotUri", body)
    except Fault:
        return ""
    told = next((node.text for node in answer.find("Uri")), "")
    return client.address.stream(told)[0]


def read_profiles(answer: Node) -> list[Profile]:
    """The profiles with video of an answer to `GetProfiles`, of either media service."""
    found: list[Profile] = []
    for node in answer.find("Profiles"):
        encoder = node.child("VideoEncoderConfiguration") or node.child(
            "Configurations", "VideoEncoder"
        )
        source = node.child("VideoSourceConfiguration") or node.child(
            "Configurations", "VideoSource"
        )
        token = node.attribute("token")
        if encoder is None or not token or len(token) > 256:
            continue
        found.append(
            _profile(node, token, encoder, "" if source is None else source.value("SourceToken"))
        )
        if len(found) >= MAX_PROFILES:
            break
    return found


def _profile(node: Node, token: str, encoder: Node, source: str) -> Profile:
    codec = encoder.value("Encoding")
    length = encoder.attribute("GovLength") or next(
        (each.text for each in encoder.find("GovLength")), ""
    )
    return Profile(
        token=token,
        name=clean(node.value("Name"), 64),
        codec=CODECS.get(codec.lower(), clean(codec.lower(), 16)),
        width=_whole(encoder.value("Resolution", "Width"), 32768),
        height=_whole(encoder.value("Resolution", "Height"), 32768),
        fps=_number(encoder.value("RateControl", "FrameRateLimit"), 1000),
        kbps=_whole(encoder.value("RateControl", "BitrateLimit"), 1_000_000),
        gop=_whole(length, 100_000),
        source=clean(source, 64),
    )


def _stream(client: SoapClient, answer: Node) -> StreamAddress:
    told = next((node.text for node in answer.find("Uri")), "")
    url, note = client.address.stream(told)
    if not url:
        raise SourceRefused(f"{client.address}: {note}")
    return StreamAddress(url=url, note=note)


def _number(text: str, most: float) -> float:
    """A number of a camera; 0 where it is none, or none that can be."""
    if len(text) > 16:
        return 0.0
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if 0.0 < value <= most else 0.0


def _whole(text: str, most: int) -> int:
    return int(_number(text, most))
