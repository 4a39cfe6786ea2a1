"""One GET of a camera: with a limit for all of it, its password only for itself, few redirects."""

import contextlib
import http.client
import io
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urljoin, urlsplit
from urllib.request import (
    AbstractDigestAuthHandler,
    HTTPPasswordMgrWithDefaultRealm,
    Request,
    parse_http_list,
    parse_keqv_list,
)

from vedette.contracts.errors import SourceLost, SourceRefused
from vedette.kit.clock import Clock
from vedette.sources import tls
from vedette.sources.address import Address, basic_auth
from vedette.sources.container import Denied, Unreachable

_MOST_REDIRECTS = 5
_LEAST_S = 0.001
_PIECE = 1 << 16
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_NOTHING_THERE = frozenset((400, 404, 405, 410))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What to get, and how long it may take."""

    address: Address
    open_s: float
    read_s: float
    tls_verify: bool = True
    ca_file: Path | None = None


class _Wire(io.RawIOBase):
    """A socket whose every read has a limit of its own."""

    def __init__(self, plain: socket.socket, limit_s: Callable[[], float]) -> None:
        self._socket = plain
        self._limit_s = limit_s

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._socket.settimeout(self._limit_s())
        return self._socket.recv_into(buffer)

    # What http.client wants of a socket.
    def makefile(self, mode: str) -> io.BufferedReader:
        del mode
        return io.BufferedReader(self, _PIECE)

    def sendall(self, data: Any) -> None:
        self._socket.settimeout(self._limit_s())
        self._socket.sendall(data)

    def close(self) -> None:
        """The socket is closed by `Answer.close`, not by what reads it."""


class Answer:
    """The answer to a GET: its head, and its body as it comes. `close` may come from any thread."""

    def __init__(self, asked: Asked, clock: Clock) -> None:
        self._asked = asked
        self._clock = clock
        self._until_s: float | None = clock.monotonic() + asked.open_s
        self._socket: socket.socket | None = None
        self._response: http.client.HTTPResponse | None = None

    @property
    def content_type(self) -> str:
        """In lower case, with its parameters."""
        return (
            "" if self._response is None else self._response.headers.get("Content-Type", "").lower()
        )

    @property
    def length(self) -> int | None:
        """Bytes of the body, where that is said."""
        return None if self._response is None else self._response.length

    def read(self) -> bytes:
        """The next piece of the body; nothing at its end.

        Raises:
            SourceLost
        """
        if self._response is None:
            return b""
        try:
            return self._response.read1(_PIECE)
        except TimeoutError:
            raise SourceLost(
                f"{self._asked.address} was silent for {self._asked.read_s:g} s"
            ) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise SourceLost(f"{self._asked.address} stopped sending ({_kind(error)})") from None

    def close(self) -> None:
        """Give the connection back; a `read` that waits ends."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()

    def connect(self, url: SplitResult, headers: dict[str, str]) -> http.client.HTTPResponse:
        """Ask, and read the head of the answer."""
        host, secure = url.hostname or "", url.scheme == "https"
        port = url.port or (443 if secure else 80)
        context = self._context() if secure else None
        plain = self._socket = socket.create_connection((host, port), timeout=self._limit_s())
        if context is not None:
            self._socket = context.wrap_socket(plain, server_hostname=host)
        connection = http.client.HTTPConnection(host, port)
        connection.sock = _Wire(self._socket, self._limit_s)
        target = url._replace(scheme="", netloc="", fragment="").geturl() or "/"
        connection.request("GET", target, headers=headers)
        self._response = connection.getresponse()
        return self._response

    def opened(self) -> None:
        """From now on, each read has `read_s`."""
        self._until_s = None

    def _limit_s(self) -> float:
        if self._until_s is None:
            return self._asked.read_s
        left_s = self._until_s - self._clock.monotonic()
        if left_s <= 0:
            raise TimeoutError
        return max(_LEAST_S, min(left_s, self._asked.open_s))

    def _context(self) -> ssl.SSLContext:
        ca_file = tls.existing(self._asked.ca_file)
        context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
        if not self._asked.tls_verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


class Getter:
    """Gets one address again and again, and remembers how it wants to be asked."""

    def __init__(self, asked: Asked, clock: Clock) -> None:
        self._asked = asked
        self._clock = clock
        self._challenge = ""
        """How the server wanted the password; tried at once the next time."""

    def get(self) -> Answer:
        """Ask; follows redirects within HTTP.

        Raises:
            SourceLost: not now.
            SourceRefused: wrong password, path or certificate, or led elsewhere.
        """
        who = self._asked.address
        url, trusted = urlsplit(_without_user(who.url)), True
        for _ in range(_MOST_REDIRECTS + 1):
            answer, response = self._ask(url, trusted=trusted)
            if response.status == 200:
                answer.opened()
                return answer
            answer.close()
            if response.status not in _REDIRECTS:
                raise _refusal(who, response.status)
            following = urlsplit(urljoin(url.geturl(), response.headers.get("Location", "")))
            if following.scheme not in {"http", "https"} or not following.hostname:
                raise SourceRefused(f"{who} leads to what is not HTTP; it is not followed")
            # A password is for its own server only, and never goes on without the TLS it had.
            trusted = trusted and _server(following) == _server(url)
            url = urlsplit(_without_user(following.geturl()))
        raise SourceLost(f"{who} redirects more than {_MOST_REDIRECTS} times")

    def _ask(self, url: SplitResult, *, trusted: bool) -> tuple[Answer, http.client.HTTPResponse]:
        """One request, and another one where a password is wanted."""
        answer, response = self._once(url, trusted=trusted)
        if response.status == 401 and trusted:
            offered = response.headers.get_all("WWW-Authenticate", [])
            challenge = next((each for each in offered if _is_digest(each)), "".join(offered[:1]))
            if challenge and challenge != self._challenge and self._user():
                answer.close()
                self._challenge = challenge
                return self._once(url, trusted=trusted)
        return answer, response

    def _once(self, url: SplitResult, *, trusted: bool) -> tuple[Answer, http.client.HTTPResponse]:
        who, answer = self._asked.address, Answer(self._asked, self._clock)
        headers = {"Accept": "*/*", "User-Agent": "Vedette"}
        if trusted and (login := self._login(url)):
            headers["Authorization"] = login
        try:
            return answer, answer.connect(url, headers)
        except ssl.SSLCertVerificationError as error:
            answer.close()
            raise SourceRefused(tls.refusal(who, error.verify_message.rstrip("."))) from None
        except TimeoutError:
            answer.close()
            raise Unreachable(
                f"{who} did not answer in time (the limit is {self._asked.open_s:g} s)"
            ) from None
        except ConnectionRefusedError:
            answer.close()
            raise Unreachable(f"{who} cannot be reached: nothing listens at that port") from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            answer.close()
            raise Unreachable(f"{who} cannot be reached ({_kind(error)})") from None

    def _user(self) -> tuple[str, str] | None:
        parts = urlsplit(self._asked.address.url)
        if parts.username is None:
            return None
        return unquote(parts.username), unquote(parts.password or "")

    def _login(self, url: SplitResult) -> str:
        """The header that proves who we are, in the way that was wanted; nothing before that."""
        user = self._user()
        scheme, _, rest = self._challenge.partition(" ")
        if user is None or not scheme:
            return ""
        if not _is_digest(self._challenge):
            return basic_auth(*user)
        passwords = HTTPPasswordMgrWithDefaultRealm()
        passwords.add_password(None, url.geturl(), *user)
        request = Request(url.geturl())  # noqa: S310  nothing is opened by it
        wanted = parse_keqv_list(list(filter(None, parse_http_list(rest))))
        try:
            proof = AbstractDigestAuthHandler(passwords).get_authorization(request, wanted)
        except (ValueError, KeyError):
            proof = None
        return f"Digest {proof}" if proof else ""


def _is_digest(challenge: str) -> bool:
    return challenge.lower().startswith("digest ")


def _kind(error: Exception) -> str:
    """What went wrong, without what the error repeats of the request."""
    return getattr(error, "strerror", None) or type(error).__name__


def _server(url: SplitResult) -> tuple[str, str | None, int | None]:
    return url.scheme, url.hostname, url.port


def _without_user(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _refusal(who: Address, status: int) -> SourceLost | SourceRefused:
    if status in {401, 403}:
        return Denied(f"{who} refused the user name or password")
    if status in _NOTHING_THERE:
        return SourceRefused(f"{who}: the server has nothing at this path (it answered {status})")
    return SourceLost(f"{who} answered with an error ({status})")
