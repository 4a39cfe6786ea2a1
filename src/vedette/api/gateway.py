"""The door of the notification gateway: for other services, which have its key; not published."""

import hmac
from collections.abc import Awaitable, Callable
from typing import Protocol

from fastapi import APIRouter, FastAPI, Request, Response
from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from vedette import __version__
from vedette.api.problems import answer_problems, problem_of
from vedette.contracts.errors import NotAllowed, TooMuch, VedetteError
from vedette.contracts.gateway import MOST_PICTURE_BYTES, NotifyAnswer, NotifyRequest
from vedette.contracts.health import HealthSummary

MOST_BODY_BYTES = 2 * MOST_PICTURE_BYTES
"""Of a request: the picture in base64, and the rest."""

router = APIRouter()


class NotificationGateway(Protocol):
    """Who tells people."""

    async def notify(self, request: NotifyRequest) -> NotifyAnswer:
        """Tell people, and say what became of it as far as that is known soon.

        Raises:
            NotFound: there is no such site, or no such channel.
            InvalidInput: something in it cannot be used.
        """
        ...


class KeyFirst:
    """Looks at the key and at the length before anything of a body is read."""

    def __init__(self, app: ASGIApp, key: SecretStr) -> None:
        self._app = app
        self._key = key.get_secret_value().encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/internal/"):
            refused = self._against(Headers(scope=scope))
            if refused is not None:
                await problem_of(refused)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _against(self, headers: Headers) -> VedetteError | None:
        given = headers.get("authorization", "").removeprefix("Bearer ").encode()
        if not hmac.compare_digest(given, self._key):
            return NotAllowed("say who you are: `Authorization: Bearer KEY`, as in notify.gateway")
        length = headers.get("content-length", "")
        if not length.isdecimal():
            return TooMuch("say how long the body is: `Content-Length`")
        if int(length) > MOST_BODY_BYTES:
            return TooMuch(f"the body has {length} bytes; at most {MOST_BODY_BYTES} are taken")
        return None


@router.post("/internal/notify", summary="Tell people, by the policies of this installation")
async def notify(request: Request, wish: NotifyRequest) -> NotifyAnswer:
    gateway: NotificationGateway = request.app.state.gateway
    return await gateway.notify(wish)


@router.get("/healthz", summary="It works, as far as telling people goes")
async def healthz(request: Request, response: Response) -> dict[str, str]:
    summary: HealthSummary = await request.app.state.health()
    if not summary.ready:
        response.status_code = 503
    return {"status": "ready" if summary.ready else "not ready"}


@router.get("/metrics", summary="Counters in the Prometheus text format")
def metrics(request: Request) -> Response:
    text: bytes = request.app.state.metrics()
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")


def create_gateway_app(
    gateway: NotificationGateway,
    key: SecretStr,
    health: Callable[[], Awaitable[HealthSummary]],
    metrics: Callable[[], bytes],
) -> FastAPI:
    """What the internal door serves."""
    app = FastAPI(title="Vedette notification gateway", version=__version__, docs_url=None)
    app.state.gateway = gateway
    app.state.health, app.state.metrics = health, metrics
    app.add_middleware(KeyFirst, key=key)
    app.include_router(router)
    answer_problems(app)
    return app
