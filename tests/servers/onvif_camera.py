"""An ONVIF camera for tests: device, media (old and new) and PullPoint events, over real HTTP.

It checks logins as cameras do (the token's digest and its time, or HTTP's own login), forgets
subscriptions when their time is over or when it is rebooted, and can be told to misbehave.
"""

import base64
import hashlib
import html
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.servers.onvif_words import Raw, Stream, envelope, fault, notice_xml, profile, profile2

REALM, NONCE = "camera", "0a1b2c3d"
MOST_SKEW_S = 60.0
"""A token's time may differ this much from the camera's clock."""

ACTIONS = re.compile(rb"<s:Body><([A-Za-z]+)[ />]")


@dataclass(slots=True)
class _Subscription:
    until: float
    waiting: list[str] = field(default_factory=list)


class OnvifCamera:
    """Use as a context manager."""

    def __init__(
        self,
        *,
        user: str = "",
        password: str = "",
        login: str = "token",
        ahead_s: float = 0.0,
        streams: tuple[Stream, ...] = (Stream(token="main"),),  # noqa: S106
        media: bool = True,
        media2: bool = False,
        old: bool = False,
        events: bool = True,
        lease_s: float | None = None,
        renews: bool = True,
        host: str = "",
    ) -> None:
        """A camera.

        Args:
            login: what it checks: `token`, `digest`, `basic`.
            ahead_s: how wrong its clock is.
            old: knows no `GetServices`.
            lease_s: how long it keeps a subscription, whatever is asked.
            renews: False: it declines to renew.
            host: the host that it believes to have.
        """
        self.user, self.password, self.login = user, password, login
        self.ahead_s, self.streams, self.old = ahead_s, streams, old
        self.media, self.media2 = media, media2
        self.events, self.lease_s, self.renews, self.host = events, lease_s, renews, host
        self.heard: list[str] = []
        """Actions, in order; those that were refused too."""
        self.bodies: list[str] = []
        self.overrides: dict[str, Callable[[], Raw] | Raw] = {}
        """By action: what is answered instead."""
        self.state: dict[str, str] = {}
        """Topics that have a state, with the event that says it (given to new subscribers)."""
        self._subscriptions: dict[int, _Subscription] = {}
        self._count = 0
        self._news = threading.Condition()
        self._server = self._listen(0)
        self.port = int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/onvif/device_service"

    def url_as(self, user: str, password: str) -> str:
        return f"http://{user}:{password}@127.0.0.1:{self.port}/onvif/device_service"

    @property
    def subscribers(self) -> int:
        with self._news:
            now = time.monotonic()
            return sum(each.until > now for each in self._subscriptions.values())

    def emit(self, topic: str, data: str = "", *, operation: str = "", source: str = "") -> None:
        """Tell all subscribers; `data` and `source` are `Name=Value` pairs, split by blanks."""
        event = notice_xml(topic, data, operation=operation, source=source)
        with self._news:
            if operation:
                self.state[topic] = notice_xml(topic, data, operation="Initialized", source=source)
            for each in self._subscriptions.values():
                each.waiting.append(event)
            self._news.notify_all()

    def forget(self) -> None:
        """Lose all subscriptions; pulls are declined from now on."""
        with self._news:
            self._subscriptions.clear()
            self._news.notify_all()

    @contextmanager
    def rebooting(self) -> Iterator[None]:
        """Away inside the block; without subscriptions after it."""
        self._close()
        yield
        self._server = self._listen(self.port)
        self._serve()

    def __enter__(self) -> Self:
        self._serve()
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> Raw:
        """One request."""
        found = ACTIONS.search(body)
        action = found[1].decode() if found else ""
        self.heard.append(action)
        self.bodies.append(body.decode())
        if action in self.overrides:
            instead = self.overrides[action]
            return instead() if callable(instead) else instead
        if action != "GetSystemDateAndTime" and (refusal := self._refusal(headers, body)):
            return refusal
        handler: Callable[[str, str], str] | None = getattr(self, f"on_{action}", None)
        if handler is None or (self.old and action == "GetServices"):
            return fault("ter:ActionNotSupported", f"no {action} here")
        try:
            return Raw(body=envelope(handler(path, body.decode())))
        except LookupError as error:
            return fault("ter:InvalidArgVal", str(error))

    # The services; names are those of the actions.

    def on_GetSystemDateAndTime(self, path: str, body: str) -> str:  # noqa: N802
        now = datetime.now(UTC) + timedelta(seconds=self.ahead_s)
        return (
            "<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:UTCDateTime><tt:Time>"
            f"<tt:Hour>{now.hour}</tt:Hour><tt:Minute>{now.minute}</tt:Minute>"
            f"<tt:Second>{now.second}</tt:Second></tt:Time><tt:Date><tt:Year>{now.year}</tt:Year>"
            f"<tt:Month>{now.month}</tt:Month><tt:Day>{now.day}</tt:Day></tt:Date>"
            "</tt:UTCDateTime></tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>"
        )

    def on_GetDeviceInformation(self, path: str, body: str) -> str:  # noqa: N802
        return (
            "<tds:GetDeviceInformationResponse><tds:Manufacturer>Acme</tds:Manufacturer>"
            "<tds:Model>Eye 3000</tds:Model><tds:FirmwareVersion>1.2</tds:FirmwareVersion>"
            "<tds:SerialNumber>S1</tds:SerialNumber><tds:HardwareId>1</tds:HardwareId>"
            "</tds:GetDeviceInformationResponse>"
        )

    def on_GetScopes(self, path: str, body: str) -> str:  # noqa: N802
        scopes = ("name/Front%20Door", "location/country/garden", "hardware/Eye")
        items = "".join(
            f"<tds:Scopes><tt:ScopeDef>Fixed</tt:ScopeDef><tt:ScopeItem>onvif://www.onvif.org/{s}"
            "</tt:ScopeItem></tds:Scopes>"
            for s in scopes
        )
        return f"<tds:GetScopesResponse>{items}</tds:GetScopesResponse>"

    def on_GetServices(self, path: str, body: str) -> str:  # noqa: N802
        spaces: dict[str, str] = {}
        if self.media:
            spaces["http://www.onvif.org/ver10/media/wsdl"] = "media"
        if self.media2:
            spaces["http://www.onvif.org/ver20/media/wsdl"] = "media2"
        if self.events:
            spaces["http://www.onvif.org/ver10/events/wsdl"] = "events"
        items = "".join(
            f"<tds:Service><tds:Namespace>{space}</tds:Namespace>"
            f"<tds:XAddr>{self._at(name)}</tds:XAddr></tds:Service>"
            for space, name in spaces.items()
        )
        return f"<tds:GetServicesResponse>{items}</tds:GetServicesResponse>"

    def on_GetCapabilities(self, path: str, body: str) -> str:  # noqa: N802
        events = f"<tt:Events><tt:XAddr>{self._at('events')}</tt:XAddr></tt:Events>"
        return (
            "<tds:GetCapabilitiesResponse><tds:Capabilities>"
            f"{events if self.events else ''}"
            f"<tt:Media><tt:XAddr>{self._at('media')}</tt:XAddr></tt:Media>"
            "</tds:Capabilities></tds:GetCapabilitiesResponse>"
        )

    def on_GetProfiles(self, path: str, body: str) -> str:  # noqa: N802
        if path.endswith("media2"):
            items = "".join(map(profile2, self.streams))
            return f"<tr2:GetProfilesResponse>{items}</tr2:GetProfilesResponse>"
        items = "".join(map(profile, self.streams))
        return f"<trt:GetProfilesResponse>{items}</trt:GetProfilesResponse>"

    def on_GetStreamUri(self, path: str, body: str) -> str:  # noqa: N802
        token = re.search("ProfileToken>([^<]*)<", body)
        streams = {stream.token: stream for stream in self.streams}
        url = streams[html.unescape(token[1]) if token else ""].url
        if path.endswith("media2"):
            found = f"<tr2:Uri>{html.escape(url)}</tr2:Uri>"
            return f"<tr2:GetStreamUriResponse>{found}</tr2:GetStreamUriResponse>"
        return (
            f"<trt:GetStreamUriResponse><trt:MediaUri><tt:Uri>{html.escape(url)}</tt:Uri>"
            "</trt:MediaUri></trt:GetStreamUriResponse>"
        )

    def on_GetSnapshotUri(self, path: str, body: str) -> str:  # noqa: N802
        return (
            f"<trt:GetSnapshotUriResponse><trt:MediaUri><tt:Uri>{self._at('snap.jpg')}</tt:Uri>"
            "</trt:MediaUri></trt:GetSnapshotUriResponse>"
        )

    def on_GetEventProperties(self, path: str, body: str) -> str:  # noqa: N802
        return (
            "<tev:GetEventPropertiesResponse><wstop:TopicSet><tns1:RuleEngine>"
            '<CellMotionDetector><Motion wstop:topic="true"><tt:MessageDescription>'
            "<tt:Source/></tt:MessageDescription></Motion></CellMotionDetector>"
            '<MyRuleDetector><PeopleDetect wstop:topic="true"/></MyRuleDetector></tns1:RuleEngine>'
            '<tns1:Monitoring><ProcessorUsage wstop:topic="true"/></tns1:Monitoring>'
            "</wstop:TopicSet></tev:GetEventPropertiesResponse>"
        )

    def on_CreatePullPointSubscription(self, path: str, body: str) -> str:  # noqa: N802
        asked = re.search(r"InitialTerminationTime>PT(\d+)S", body)
        with self._news:
            self._count += 1
            number = self._count
            fresh = _Subscription(time.monotonic() + self._lease(asked))
            fresh.waiting.extend(self.state.values())
            self._subscriptions[number] = fresh
        return (
            "<tev:CreatePullPointSubscriptionResponse><tev:SubscriptionReference>"
            f"<a:Address>{self._at('subscription')}</a:Address><a:ReferenceParameters>"
            f'<x:SubscriptionId xmlns:x="http://camera/x" x:kind="pull&amp;point">{number}'
            "</x:SubscriptionId></a:ReferenceParameters></tev:SubscriptionReference>"
            "</tev:CreatePullPointSubscriptionResponse>"
        )

    def on_PullMessages(self, path: str, body: str) -> str:  # noqa: N802
        subscription = self._subscription(body)
        wait = re.search(r"Timeout>PT(\d+)S", body)
        with self._news:
            self._news.wait_for(
                lambda: subscription.waiting or not self._holds(subscription),
                timeout=float(wait[1]) if wait else 1.0,
            )
            if not self._holds(subscription):
                raise LookupError("the subscription is over")
            events, subscription.waiting = subscription.waiting, []
        return f"<tev:PullMessagesResponse>{''.join(events)}</tev:PullMessagesResponse>"

    def on_Renew(self, path: str, body: str) -> str:  # noqa: N802
        subscription = self._subscription(body)
        if not self.renews:
            raise LookupError("no renewals here")
        subscription.until = time.monotonic() + self._lease(re.search(r"PT(\d+)S", body))
        return "<wsnt:RenewResponse/>"

    def on_Unsubscribe(self, path: str, body: str) -> str:  # noqa: N802
        gone = self._subscription(body)
        with self._news:
            self._subscriptions = {n: s for n, s in self._subscriptions.items() if s is not gone}
        return "<wsnt:UnsubscribeResponse/>"

    def _at(self, name: str) -> str:
        return f"http://{self.host or f'127.0.0.1:{self.port}'}/onvif/{name}"

    def _lease(self, asked: "re.Match[str] | None") -> float:
        return self.lease_s if self.lease_s is not None else float(asked[1]) if asked else 60.0

    def _holds(self, subscription: _Subscription) -> bool:
        known = any(each is subscription for each in self._subscriptions.values())
        return known and subscription.until > time.monotonic()

    def _subscription(self, body: str) -> _Subscription:
        found = re.search(
            r'<x:SubscriptionId[^>]*xmlns:x="http://camera/x"[^>]*>(\d+)</x:SubscriptionId>', body
        )
        with self._news:
            subscription = self._subscriptions.get(int(found[1]) if found else 0)
            if subscription is None or not self._holds(subscription):
                raise LookupError("no such subscription")
            return subscription

    def _refusal(self, headers: dict[str, str], body: bytes) -> Raw | None:
        if not self.user:
            return None
        if self.login == "token":
            return (
                None
                if self._token_fits(body.decode())
                else fault("ter:NotAuthorized", "Sender not authorized", status=400)
            )
        fits = self._basic_fits(headers) if self.login == "basic" else self._digest_fits(headers)
        if fits:
            return None
        kind = f'Digest realm="{REALM}", nonce="{NONCE}", qop="auth"'
        asked = kind if self.login == "digest" else f'Basic realm="{REALM}"'
        return Raw(status=401, headers=(("WWW-Authenticate", asked),))

    def _token_fits(self, body: str) -> bool:
        found = {
            name: re.search(rf"<\w+:{name}\b[^>]*>([^<]*)<", body)
            for name in ("Username", "Password", "Nonce", "Created")
        }
        if not all(found.values()):
            return False
        user, digest, nonce, created = (html.unescape(m[1]) for m in found.values() if m)
        expected = hashlib.sha1(
            base64.b64decode(nonce) + created.encode() + self.password.encode(),
            usedforsecurity=False,
        ).digest()
        mine = datetime.now(UTC) + timedelta(seconds=self.ahead_s)
        off_s = abs((datetime.fromisoformat(created) - mine).total_seconds())
        fits = base64.b64decode(digest) == expected
        return user == self.user and fits and off_s < MOST_SKEW_S

    def _basic_fits(self, headers: dict[str, str]) -> bool:
        want = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return headers.get("authorization") == f"Basic {want}"

    def _digest_fits(self, headers: dict[str, str]) -> bool:
        said = headers.get("authorization", "")
        parts = dict(re.findall(r'(\w+)="?([^",]*)"?', said.removeprefix("Digest ")))

        def md5(text: str) -> str:
            return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

        mine = md5(f"{self.user}:{REALM}:{self.password}")
        asked = md5(f"POST:{parts.get('uri')}")
        middle = ":".join(parts.get(key, "") for key in ("nonce", "nc", "cnonce", "qop"))
        fits = parts.get("response") == md5(f"{mine}:{middle}:{asked}")
        return said.startswith("Digest ") and fits and parts.get("username") == self.user

    def _listen(self, port: int) -> "_Server":
        server = _Server(("127.0.0.1", port), _Handler)
        server.camera = self
        return server

    def _serve(self) -> None:
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()

    def _close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.forget()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    camera: OnvifCamera

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is no error of the server."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        raw = self.server.camera.answer(self.path, headers, body)
        self.send_response(raw.status)
        self.send_header("Content-Type", raw.kind)
        for name, value in raw.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(raw.body)))
        self.end_headers()
        if not raw.drip_s:
            self.wfile.write(raw.body)
            return
        for byte in raw.body:
            self.wfile.write(bytes([byte]))
            time.sleep(raw.drip_s)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the parent's name
        """Tests read what was heard instead."""
