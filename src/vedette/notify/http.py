"""What the HTTP channels share: one bounded attempt, and addresses that no log ever sees.

httpx2 logs each request's URL and puts it into its errors. A Bot API token and many webhook
keys are part of the URL, so the client here only knows a harmless one; the real one is put in
its place below the client, where nothing is logged.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2

from vedette import __version__
from vedette.contracts.errors import DeliveryFailed, DeliveryRefused

MAX_ANSWER_BYTES = 65_536
"""More of an answer is not read: the far end may be broken, or hostile."""

_TRY_AGAIN = {408, 425, 429}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The start of what the server said."""

    status: int
    body: bytes
    retry_after_s: float | None


class HiddenAddress(httpx2.AsyncBaseTransport):
    """Puts the real URL in place of the one that the client knows."""

    def __init__(
        self, real: Callable[[httpx2.URL], httpx2.URL], inner: httpx2.AsyncBaseTransport
    ) -> None:
        self._real = real
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return await self._inner.handle_async_request(
            httpx2.Request(
                request.method,
                self._real(request.url),
                headers=request.headers,
                stream=request.stream,
                extensions=request.extensions,
            )
        )

    async def aclose(self) -> None:
        await self._inner.aclose()


def make_client(
    real: Callable[[httpx2.URL], httpx2.URL],
    *,
    verify_tls: bool,
    proxy: str | None,
    auth: tuple[str, str] | None = None,
) -> httpx2.AsyncClient:
    """A client for one channel: few connections, no redirects, no settings from the environment."""
    inner = httpx2.AsyncHTTPTransport(
        verify=verify_tls,
        trust_env=False,
        proxy=proxy,
        limits=httpx2.Limits(max_connections=4, max_keepalive_connections=1),
    )
    return httpx2.AsyncClient(
        transport=HiddenAddress(real, inner),
        trust_env=False,
        follow_redirects=False,
        auth=auth,
        headers={"User-Agent": f"Vedette/{__version__}", "Accept-Encoding": "identity"},
    )


async def post(
    client: httpx2.AsyncClient,
    url: str,
    *,
    who: str,
    timeout_s: float,
    now: datetime,
    method: str = "POST",
    **content: Any,
) -> Answer:
    """One request, answered or given up within `timeout_s`, whatever the far end does.

    Args:
        who: the far end in error messages, without secrets.
        now: to turn a date in `Retry-After` into seconds.
        content: `content`, `json`, `data`, `files`, `headers` as in httpx2.
    Raises:
        DeliveryFailed: no answer: unreachable, too slow, or broken.
    """
    try:
        async with (
            asyncio.timeout(timeout_s),
            client.stream(method, url, timeout=timeout_s, **content) as response,
        ):
            body = b""
            async for part in response.aiter_raw():
                body += part
                if len(body) >= MAX_ANSWER_BYTES:
                    break
            return Answer(
                status=response.status_code,
                body=body[:MAX_ANSWER_BYTES],
                retry_after_s=seconds_until(response.headers.get("Retry-After"), now),
            )
    except (TimeoutError, httpx2.TimeoutException) as error:
        raise DeliveryFailed(f"{who} did not answer within {timeout_s:g} s") from error
    except httpx2.HTTPError as error:
        reason = str(error) or type(error).__name__
        raise DeliveryFailed(f"{who} cannot be reached: {reason}") from error


def judge(answer: Answer, who: str, detail: str = "") -> None:
    """Nothing for 2xx; the right error for all else.

    Raises:
        DeliveryFailed: 408, 425, 429, 5xx.
        DeliveryRefused: any other 4xx, and 3xx, because redirects are not followed.
    """
    status = answer.status
    if 200 <= status < 300:
        return
    said = f"{who} answered {status}" + (f": {detail}" if detail else "")
    if status in _TRY_AGAIN or status >= 500:
        raise DeliveryFailed(said, retry_after_s=answer.retry_after_s)
    if 300 <= status < 400:
        raise DeliveryRefused(f"{said}; redirects are not followed, so set the final address")
    raise DeliveryRefused(said)


def seconds_until(header: str | None, now: datetime) -> float | None:
    """`Retry-After` (RFC 9110, section 10.2.3): seconds or a date; None where unreadable."""
    if header is None:
        return None
    if header.strip().isdecimal():
        return float(header)
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - now).total_seconds())
