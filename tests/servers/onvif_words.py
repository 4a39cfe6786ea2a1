"""What an ONVIF camera says: its profiles, its events, and SOAP around them."""

import html
from dataclasses import dataclass

SPACES = (
    'xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
    'xmlns:a="http://www.w3.org/2005/08/addressing" '
    'xmlns:tt="http://www.onvif.org/ver10/schema" '
    'xmlns:tds="http://www.onvif.org/ver10/device/wsdl" '
    'xmlns:trt="http://www.onvif.org/ver10/media/wsdl" '
    'xmlns:tr2="http://www.onvif.org/ver20/media/wsdl" '
    'xmlns:tev="http://www.onvif.org/ver10/events/wsdl" '
    'xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2" '
    'xmlns:wstop="http://docs.oasis-open.org/wsn/t-1" '
    'xmlns:tns1="http://www.onvif.org/ver10/topics" '
    'xmlns:ter="http://www.onvif.org/ver10/error"'
)
BOMBS = (
    b'<?xml version="1.0"?><!DOCTYPE bomb [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "'
    + b"&a;" * 100
    + b'"><!ENTITY c "'
    + b"&b;" * 100
    + b'"><!ENTITY d "'
    + b"&c;" * 100
    + b'">]><s:Envelope><s:Body>&d;&d;&d;</s:Body></s:Envelope>'
)
"""Thirty million characters in a few hundred."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One profile."""

    token: str
    codec: str = "H264"
    width: int = 1920
    height: int = 1080
    fps: float = 25
    kbps: int = 4096
    gop: int = 50
    url: str = ""
    source: str = "lens-1"


@dataclass(slots=True, kw_only=True)
class Raw:
    """An answer as it goes on the wire."""

    status: int = 200
    body: bytes = b""
    kind: str = "application/soap+xml; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    drip_s: float = 0.0
    """Seconds between two bytes of the body."""


def envelope(body: str) -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope {SPACES}><s:Header/>'
        f"<s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def fault(code: str, words: str, *, status: int = 500) -> Raw:
    return Raw(
        status=status,
        body=envelope(
            f"<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>{code}</s:Value>"
            f'</s:Subcode></s:Code><s:Reason><s:Text xml:lang="en">{words}</s:Text></s:Reason>'
            "</s:Fault>"
        ),
    )


def notice_xml(topic: str, data: str = "", *, operation: str = "", source: str = "") -> str:
    """One `NotificationMessage`; pairs are `Name=Value`, split by blanks (`_` is a blank)."""

    def items(pairs: str) -> str:
        split = (pair.partition("=") for pair in pairs.split())
        return "".join(
            f'<tt:SimpleItem Name="{name}" Value="{value.replace("_", " ")}"/>'
            for name, _, value in split
        )

    how = f' PropertyOperation="{operation}"' if operation else ""
    return (
        '<wsnt:NotificationMessage><wsnt:Topic Dialect="http://www.onvif.org/ver10/tev/'
        f'topicExpression/ConcreteSet">{topic}</wsnt:Topic><wsnt:Message>'
        f'<tt:Message UtcTime="2026-01-01T00:00:00Z"{how}><tt:Source>{items(source)}</tt:Source>'
        f"<tt:Data>{items(data)}</tt:Data></tt:Message></wsnt:Message></wsnt:NotificationMessage>"
    )


def profile(stream: Stream) -> str:
    return (
        f'<trt:Profiles token="{html.escape(stream.token)}" fixed="true"><tt:Name>Stream'
        "</tt:Name><tt:VideoSourceConfiguration>"
        f"<tt:SourceToken>{stream.source}</tt:SourceToken></tt:VideoSourceConfiguration>"
        f"<tt:VideoEncoderConfiguration><tt:Encoding>{stream.codec}</tt:Encoding>"
        f"<tt:Resolution><tt:Width>{stream.width}</tt:Width><tt:Height>{stream.height}</tt:Height>"
        f"</tt:Resolution><tt:RateControl><tt:FrameRateLimit>{stream.fps:g}</tt:FrameRateLimit>"
        f"<tt:BitrateLimit>{stream.kbps}</tt:BitrateLimit></tt:RateControl>"
        f"<tt:H264><tt:GovLength>{stream.gop}</tt:GovLength></tt:H264>"
        "</tt:VideoEncoderConfiguration></trt:Profiles>"
    )


def profile2(stream: Stream) -> str:
    return (
        f'<tr2:Profiles token="{html.escape(stream.token)}"><tr2:Name>Stream</tr2:Name>'
        "<tr2:Configurations><tr2:VideoSource>"
        f"<tt:SourceToken>{stream.source}</tt:SourceToken></tr2:VideoSource>"
        f'<tr2:VideoEncoder GovLength="{stream.gop}"><tt:Encoding>{stream.codec}</tt:Encoding>'
        f"<tt:Resolution><tt:Width>{stream.width}</tt:Width><tt:Height>{stream.height}</tt:Height>"
        f"</tt:Resolution><tt:RateControl><tt:FrameRateLimit>{stream.fps:g}</tt:FrameRateLimit>"
        f"<tt:BitrateLimit>{stream.kbps}</tt:BitrateLimit></tt:RateControl></tr2:VideoEncoder>"
        "</tr2:Configurations></tr2:Profiles>"
    )
