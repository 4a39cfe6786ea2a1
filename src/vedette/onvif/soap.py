"""SOAP 1.2 to a camera: signs requests with its clock, and turns every failure into a sentence.

Login is WS-UsernameToken with a digest (ONVIF Core, section 5.9.1; OASIS Web Services Security
UsernameToken Profile 1.0), and HTTP digest or basic where the camera asks for that instead. A
token holds the time, and cameras refuse one that is minutes off; their clocks often are. So the
camera is asked for its time first, and tokens are written in it.
"""

import base64
import hashlib
import html
import secrets
import uuid
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

from vedette.contracts.errors import SourceLost, SourceRefused
from vedette.kit.clock import Clock
from vedette.onvif.address import DeviceAddress, Login
from vedette.onvif.errors import Fault, LoginRefused
from vedette.onvif.http import Answer, HttpLogin, Wire, http_login
from vedette.onvif.markup import Node, clean, parse

DEVICE = "http://www.onvif.org/ver10/device/wsdl"
MEDIA = "http://www.onvif.org/ver10/media/wsdl"
MEDIA2 = "http://www.onvif.org/ver20/media/wsdl"
EVENTS = "http://www.onvif.org/ver10/events/wsdl"
SCHEMA = "http://www.onvif.org/ver10/schema"
NOTIFICATION = "http://docs.oasis-open.org/wsn/b-2"

TIMEOUT_S = 10.0
"""For one answer."""

CLOCK_HOLDS_S = 60.0
"""A login refused later than this after the camera's clock was read: the clock is read again."""

_ENVELOPE = "http://www.w3.org/2003/05/soap-envelope"
_ADDRESSING = "http://www.w3.org/2005/08/addressing"
_SECURITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
_UTILITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
_PROFILE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0"
_BASE64 = (
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"
)
_NOT_ALLOWED = {
    *("NotAuthorized", "FailedAuthentication", "InvalidSecurityToken", "InvalidSecurity"),
    *("FailedCheck", "SecurityTokenUnavailable"),
}


class SoapClient:
    """Asks one camera. Belongs to one event loop."""

    def __init__(
        self,
        address: DeviceAddress,
        *,
        clock: Clock,
        verify_tls: bool = False,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self.address = address
        self.bytes_read = 0
        """Of all answers so far."""
        self._clock = clock
        self._timeout_s = timeout_s
        self._wire = Wire(verify_tls=verify_tls)
        self._ahead: timedelta | None = None
        self._asked_s = 0.0
        self._http: HttpLogin | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._wire.close()

    @property
    def clock_ahead_s(self) -> float | None:
        """By how much the camera's clock is ahead of ours; None before it was asked."""
        return None if self._ahead is None else self._ahead.total_seconds()

    async def call(
        self,
        url: str,
        action: str,
        body: str,
        *,
        reference: str | None = None,
        timeout_s: float | None = None,
    ) -> Node:
        """Ask as the user.

        Args:
            action: the WSDL's `soapAction`.
            body: XML of the SOAP body; its namespaces declared in it.
            reference: WS-Addressing's reference parameters, for services that are addressed so
                (events); None sends no WS-Addressing, which some cameras do not expect.
        Returns:
            The answer's root; `Body` is a child of it.
        Raises:
            SourceLost: no answer.
            LoginRefused: wrong user name or password, or none where one is needed.
            Fault: understood, and declined.
            SourceRefused: something else than ONVIF answered.
        """
        if self._ahead is None:
            await self.ask_clock()
        headers = "" if reference is None else _addressing(action, url) + reference
        limit_s = timeout_s or self._timeout_s
        try:
            return await self._ask(url, action, body, headers, limit_s)
        except LoginRefused:
            if self.address.login is None or not self._clock_is_old():
                raise
        await self.ask_clock()  # it may have been set since; a refused login is costly
        return await self._ask(url, action, body, headers, limit_s)

    async def _ask(self, url: str, action: str, body: str, headers: str, limit_s: float) -> Node:
        answer = await self._post(url, action, body, headers, limit_s)
        login = self.address.login
        if answer.status == 401 and self._http is None and login is not None:
            self._http = http_login(answer.schemes, login.user, login.password)
            if self._http is not None:
                answer = await self._post(url, action, body, headers, limit_s)
        return self._judged(answer)

    def _clock_is_old(self) -> bool:
        return self._clock.monotonic() - self._asked_s > CLOCK_HOLDS_S

    async def ask_clock(self) -> None:
        """How far the camera's clock is ahead; zero where it does not say.

        Raises:
            SourceLost, SourceRefused: nobody there, or something else than ONVIF.
        """
        action = f"{DEVICE}/GetSystemDateAndTime"
        body = f'<GetSystemDateAndTime xmlns="{DEVICE}"/>'
        envelope = _envelope(body, "")
        answer = await self._send(self.address.url, action, envelope, self._timeout_s, None)
        self._asked_s = self._clock.monotonic()
        try:
            told = camera_time(self._judged(answer))
        except (LoginRefused, Fault):  # a few want a login even for this
            told = None
        self._ahead = timedelta() if told is None else told - self._clock.now()

    async def _post(
        self, url: str, action: str, body: str, headers: str, timeout_s: float
    ) -> Answer:
        login = self.address.login
        token = ""
        if login is not None and self._http is None:
            token = security(
                login, self._clock.now() + (self._ahead or timedelta()), secrets.token_bytes(16)
            )
        envelope = _envelope(body, token + headers)
        return await self._send(url, action, envelope, timeout_s, self._http)

    async def _send(
        self, url: str, action: str, envelope: str, timeout_s: float, login: HttpLogin | None
    ) -> Answer:
        answer = await self._wire.post(
            url,
            envelope.encode(),
            who=str(self.address),
            kind=f'application/soap+xml; charset=utf-8; action="{action}"',
            timeout_s=timeout_s,
            login=login,
        )
        self.bytes_read += len(answer.body)
        return answer

    def _judged(self, answer: Answer) -> Node:
        who = str(self.address)
        if answer.status in {401, 403}:
            raise self._not_allowed(answer.status)
        if answer.status in {404, 405, 501} and not answer.body.lstrip().startswith(b"<"):
            raise SourceRefused(f"{who} has no ONVIF at {self.address.path} ({_what(answer)})")
        try:
            root = parse(answer.body)
        except SourceRefused as error:
            raise self._not_onvif(answer, str(error)) from error
        body = root.child("Body")
        if root.local != "Envelope" or body is None:
            raise self._not_onvif(answer, "no SOAP envelope")
        fault = body.child("Fault")
        if fault is not None:
            raise self._declined(fault)
        if answer.status >= 300:
            raise self._not_onvif(answer, "no SOAP fault")
        return root

    def _not_onvif(self, answer: Answer, why: str) -> SourceRefused | SourceLost:
        kind = SourceLost if answer.status >= 500 else SourceRefused
        return kind(
            f"{self.address} answered something else than ONVIF ({_what(answer)}: {why}); is this "
            "the camera's ONVIF port, and is ONVIF switched on in its settings?"
        )

    def _not_allowed(self, status: int) -> LoginRefused:
        login, who = self.address.login, self.address
        if login is None:
            return LoginRefused(f"{who} wants a user name and a password")
        if status == 403:
            return LoginRefused(f"{who}: the user {login.user!r} has no right to ask this")
        return LoginRefused(
            f"{who} refused the user name or password (user {login.user!r}); many cameras have "
            "users for ONVIF of their own, to be made in their settings"
        )

    def _declined(self, fault: Node) -> SourceRefused:
        codes = [node.text.rpartition(":")[2] for node in fault.find("Value")]
        codes.append(fault.value("faultcode").rpartition(":")[2])
        words = fault.value("Reason", "Text") or fault.value("faultstring")
        if _NOT_ALLOWED.intersection(codes) or "not authorized" in words.lower():
            return self._not_allowed(401)
        said = clean(words) or clean(" ".join(codes)) or "no reason given"
        return Fault(f"{self.address} declined: {said}")


def security(login: Login, created: datetime, nonce: bytes) -> str:
    """The WS-Security header: user, nonce, time, and the digest of nonce, time and password."""
    written = created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    digest = hashlib.sha1(  # what the standard demands
        nonce + written.encode() + login.password.encode(), usedforsecurity=False
    ).digest()
    return (
        f'<wsse:Security s:mustUnderstand="1" xmlns:wsse="{_SECURITY}"'
        f' xmlns:wsu="{_UTILITY}"><wsse:UsernameToken>'
        f"<wsse:Username>{html.escape(login.user)}</wsse:Username>"
        f'<wsse:Password Type="{_PROFILE}#PasswordDigest">{_b64(digest)}</wsse:Password>'
        f'<wsse:Nonce EncodingType="{_BASE64}">{_b64(nonce)}</wsse:Nonce>'
        f"<wsu:Created>{written}</wsu:Created>"
        "</wsse:UsernameToken></wsse:Security>"
    )


def camera_time(root: Node) -> datetime | None:
    """The camera's clock, from an answer to `GetSystemDateAndTime`; None where it does not say."""
    for name in ("UTCDateTime", "LocalDateTime"):
        for node in root.find(name):
            numbers = [
                node.value(*path)
                for path in (
                    *(("Date", part) for part in ("Year", "Month", "Day")),
                    *(("Time", part) for part in ("Hour", "Minute", "Second")),
                )
            ]
            if not all(text.isascii() and text.isdigit() and len(text) <= 4 for text in numbers):
                continue
            year, month, day, hour, minute, second = map(int, numbers)
            try:
                told = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
            except ValueError:
                continue
            return told if 1970 <= year <= 2200 else None
    return None


def _envelope(body: str, headers: str) -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{_ENVELOPE}">'
        f"<s:Header>{headers}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    )


def _addressing(action: str, url: str) -> str:
    wsa = f'xmlns:wsa="{_ADDRESSING}"'
    return (
        f"<wsa:Action {wsa}>{action}</wsa:Action>"
        f"<wsa:MessageID {wsa}>urn:uuid:{uuid.uuid4()}</wsa:MessageID>"
        f"<wsa:To {wsa}>{html.escape(url)}</wsa:To>"
    )


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _what(answer: Answer) -> str:
    return f"HTTP {answer.status}" + (f", {clean(answer.kind, 40)}" if answer.kind else "")
