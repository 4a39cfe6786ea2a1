"""Where a camera's services are, who may use them, and why no answer can send us elsewhere.

A camera tells the addresses of its services, subscriptions and streams itself. It may be behind
another address than it believes, or hostile: what it tells is used for the path and, where the
host is the one that was asked, the port. The host is always the one that the user named.
"""

import ipaddress
import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, quote, unquote, urlsplit

from vedette.contracts.errors import InvalidInput

DEVICE_PATH = "/onvif/device_service"
"""Where the device service is by the specification (ONVIF Core, section 5.1.1)."""

_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?\.?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A user of the camera."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceAddress:
    """The device service of one camera."""

    scheme: str
    host: str
    """A name or an address; IPv6 without brackets."""
    port: int
    path: str = DEVICE_PATH
    login: Login | None = None

    @property
    def url(self) -> str:
        """Without user and password; safe to show."""
        return f"{self.scheme}://{self.place}{self.path}"

    @property
    def place(self) -> str:
        """`host`, or `host:port` where the port is not the scheme's own."""
        return _place(self.host, self.port, self.scheme)

    def __str__(self) -> str:
        return self.place

    def service(self, claimed: str) -> str:
        """The address of a service that the camera told, on the host that was asked."""
        parts = _split(claimed)
        if parts is None or parts.scheme not in {"http", "https"}:
            return self.url
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if not _same_host(parts, self.host):
            return _harmless(f"{self.scheme}://{self.place}{path}")
        port = parts.port or _OWN[parts.scheme]
        return _harmless(f"{parts.scheme}://{_place(self.host, port, parts.scheme)}{path}")

    def stream(self, claimed: str) -> tuple[str, str]:
        """The address of a stream that the camera told, on the host that was asked.

        Returns:
            The address without user and password, and a note: empty, or why it was changed.
            The address is empty where none that can be used was told.
        """
        parts = _split(claimed)
        if parts is None or parts.scheme not in {"rtsp", "rtsps", "http", "https"}:
            return "", "the camera tells no address of the stream that can be used"
        tail = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        place = _place(self.host, parts.port or _OWN[parts.scheme], parts.scheme)
        told = str(parts.hostname)
        same = _same_host(parts, self.host)
        note = "" if same else f"the camera says it is at {told}; {self.host} is used instead"
        return _harmless(f"{parts.scheme}://{place}{tail}"), note


_OWN = {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322}


def device_address(text: str, login: Login | None = None) -> DeviceAddress:
    """`192.168.1.20`, `cam.local:8000`, `http://user:password@host/onvif/device_service`.

    Args:
        login: used where the text names no user.
    Raises:
        InvalidInput: it is no such address; the sentence does not repeat it, for a password's sake.
    """
    whole = text.strip() if "://" in text else f"http://{_bracketed(text.strip())}"
    parts = _split(whole)
    if parts is None or parts.scheme not in {"http", "https"}:
        raise InvalidInput(
            "this is no address of a camera; write its address or name, with its ONVIF port where "
            "that is not 80: 192.168.1.20, 192.168.1.20:8000, http://host/onvif/device_service "
            "(a password with / ? # or @ must be percent-encoded)"
        )
    path = parts.path if parts.path not in {"", "/"} else DEVICE_PATH
    if parts.username:
        login = Login(user=unquote(parts.username), password=unquote(parts.password or ""))
    return DeviceAddress(
        scheme=parts.scheme,
        host=str(parts.hostname),
        port=parts.port or _OWN[parts.scheme],
        path=_harmless(path),
        login=login,
    )


def with_login(url: str, user: str, password: str) -> str:
    """An address with user and password in front of its host.

    Both must be ready for an address: percent-encoded, or a reference to a secret.
    """
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{user}:{password}@{rest}"


def encoded(text: str) -> str:
    """As a part of an address: everything special percent-encoded."""
    return quote(text, safe="")


def foreign(claimed: str, sender: str) -> bool:
    """True where an address names another host than the one that told it."""
    parts = _split(claimed)
    return parts is None or not _same_host(parts, sender)


def _split(url: str) -> SplitResult | None:
    """The parts of an address that can be one; None for anything else."""
    if len(url) > 1024 or any(c.isspace() or not c.isprintable() for c in url):
        return None
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    known = parts.scheme in _OWN and bool(host) and _is_host(str(host))
    return parts if known and (port is None or port > 0) else None


def _is_host(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return bool(_NAME.fullmatch(host)) and ".." not in host
    return True


def _same_host(parts: SplitResult, host: str) -> bool:
    return str(parts.hostname).lower().rstrip(".") == host.lower().rstrip(".")


def _place(host: str, port: int, scheme: str) -> str:
    shown = f"[{host}]" if ":" in host else host
    return shown if port == _OWN[scheme] else f"{shown}:{port}"


def _bracketed(text: str) -> str:
    """A bare IPv6 address gets its brackets."""
    try:
        return f"[{ipaddress.IPv6Address(text)}]"
    except ValueError:
        return text


def _harmless(url: str) -> str:
    """What has a meaning in settings or markup, percent-encoded: `${secret:...}` above all."""
    return quote(url, safe="%/:?&=+,;@!~*'()[].-_")
