"""One POST to a camera, answered or given up: bounded in time, and in what is read."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx2

from vedette import __version__
from vedette.contracts.errors import SourceLost, SourceRefused
from vedette.onvif.errors import TooMuch
from vedette.onvif.markup import MAX_BYTES

HttpLogin = httpx2.DigestAuth | httpx2.BasicAuth


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the camera said."""

    status: int
    body: bytes
    kind: str
    """`Content-Type`, without parameters, lower case."""
    schemes: frozenset[str]
    """Kinds of login that it asks for (`WWW-Authenticate`): `digest`, `basic`."""


class _Limited(httpx2.AsyncByteStream):
    """A body of which at most `MAX_BYTES` are read."""

    def __init__(self, inner: httpx2.AsyncByteStream) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = 0
        async for part in self._inner:
            read += len(part)
            if read > MAX_BYTES:
                raise TooMuch(f"more than {MAX_BYTES // 1024} KiB")
            yield part

    async def aclose(self) -> None:
        await self._inner.aclose()


class _BoundedTransport(httpx2.AsyncBaseTransport):
    """Bounds every answer, also those that httpx2 reads by itself while it logs in.

    Nothing is decompressed: a megabyte of gzip may hold a gigabyte.
    """

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._inner.handle_async_request(request)
        if not isinstance(response.stream, httpx2.AsyncByteStream):
            raise TypeError("an asynchronous transport gives asynchronous streams")
        return httpx2.Response(
            response.status_code,
            headers=[
                (name, value)
                for name, value in response.headers.raw
                if name.lower() != b"content-encoding"
            ],
            stream=_Limited(response.stream),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        await self._inner.aclose()


class Wire:
    """HTTP to one camera: a connection a request, no redirects, nothing from the environment."""

    def __init__(self, *, verify_tls: bool) -> None:
        self._client = httpx2.AsyncClient(
            transport=_BoundedTransport(
                httpx2.AsyncHTTPTransport(
                    verify=_tls(verify_tls),
                    trust_env=False,
                    limits=httpx2.Limits(max_connections=2, max_keepalive_connections=0),
                )
            ),
            trust_env=False,
            follow_redirects=False,
            headers={
                "User-Agent": f"Vedette/{__version__}",
                "Accept-Encoding": "identity",
                "Connection": "close",
            },
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def post(
        self,
        url: str,
        content: bytes,
        *,
        who: str,
        kind: str,
        timeout_s: float,
        login: HttpLogin | None = None,
    ) -> Answer:
        """Ask once.

        Args:
            who: the camera in error messages.
            kind: `Content-Type` of the question.
            login: used for HTTP's own login.
        Raises:
            SourceLost: no answer: unreachable, too slow, or broken.
            SourceRefused: more than is read, or a kind of login that is not known here.
        """
        try:
            async with (
                asyncio.timeout(timeout_s),
                self._client.stream(
                    "POST",
                    url,
                    content=content,
                    headers={"Content-Type": kind},
                    auth=login,
                    timeout=timeout_s,
                ) as response,
            ):
                body = b"".join([part async for part in response.aiter_raw()])
                return _answer(response, body)
        except (TimeoutError, httpx2.TimeoutException) as error:
            raise SourceLost(f"{who} did not answer within {timeout_s:g} s") from error
        except TooMuch as error:
            raise TooMuch(f"{who} sent {error}; that much is not read of a camera") from None
        except httpx2.HTTPError as error:
            raise SourceLost(f"{who} cannot be reached: {_reason(error)}") from error
        except (NotImplementedError, ValueError) as error:  # a challenge that makes no sense
            raise SourceRefused(f"{who} asks for a kind of login that is not known here") from error


def http_login(schemes: frozenset[str], user: str, password: str) -> HttpLogin | None:
    """The best login of those that a camera takes; basic only where it takes nothing better."""
    if "digest" in schemes:
        return httpx2.DigestAuth(user, password)
    if "basic" in schemes:
        return httpx2.BasicAuth(user, password)
    return None


def _tls(verify: bool) -> ssl.SSLContext | bool:
    return ssl.create_default_context() if verify else False


def _answer(response: httpx2.Response, body: bytes) -> Answer:
    asked = response.headers.get_list("www-authenticate", split_commas=False)
    return Answer(
        status=response.status_code,
        body=body,
        kind=response.headers.get("content-type", "").partition(";")[0].strip().lower(),
        schemes=frozenset(each.partition(" ")[0].strip().lower() for each in asked),
    )


def _reason(error: BaseException) -> str:
    """The system's words for what went wrong, where it is the system's."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ConnectionRefusedError):
            return "nothing listens at that port"
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror[:1].lower() + cause.strerror[1:]
        cause = cause.__cause__ or cause.__context__
    return str(error) or type(error).__name__
