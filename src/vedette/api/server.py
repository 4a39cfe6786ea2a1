"""Puts the routes together; one place turns our errors into answers."""

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vedette import __version__
from vedette.api import (
    alerts,
    camera_page,
    config,
    detector,
    events,
    health,
    jobs,
    live,
    messages,
    modules,
    page,
    recordings,
    status,
)
from vedette.api.context import ApiContext
from vedette.contracts.errors import VedetteError

LOOPBACK = ["127.0.0.1", "localhost", "[::1]", "::1"]
"""Hosts that a request may name: a foreign page cannot reach us by renaming its own address."""

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
POLICY = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'"


PARTS = (
    health,
    status,
    detector,
    events,
    live,
    recordings,
    jobs,
    alerts,
    messages,
    modules,
    config,
    page,
    camera_page,
)


class SafeHeaders:
    """Adds the headers that keep a browser from guessing, framing and leaking."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Content-Security-Policy", POLICY)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def create_app(context: ApiContext) -> FastAPI:
    """The HTTP door of one running product."""
    app = FastAPI(
        title="Vedette",
        version=__version__,
        summary="Cameras in, people told what matters.",
        description="On loopback, without accounts.",
        docs_url=None,  # FastAPI's own pages load their scripts from a foreign host
        redoc_url=None,
    )
    app.state.context = context
    app.state.seats = recordings.Seats()
    app.add_middleware(SafeHeaders)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=LOOPBACK)
    for part in PARTS:
        app.include_router(part.router)
    app.add_exception_handler(VedetteError, _ours)
    app.add_exception_handler(RequestValidationError, _not_valid)
    app.add_exception_handler(HTTPException, _http)

    return app


def _problem(status: int, code: str, detail: str) -> JSONResponse:
    return JSONResponse({"error": code, "detail": detail}, status_code=status)


async def _ours(request: Request, error: Exception) -> Response:
    del request
    status = error.status if isinstance(error, VedetteError) else 500
    return _problem(status, type(error).__name__, str(error))


async def _not_valid(request: Request, error: Exception) -> Response:
    del request
    found = error.errors() if isinstance(error, RequestValidationError) else []
    detail = "; ".join(f"{'.'.join(str(p) for p in e['loc'])}: {e['msg']}" for e in found)
    return _problem(422, "InvalidInput", detail)


async def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = str(error.detail) if isinstance(error, HTTPException) else ""
    name = {404: "NotFound", 405: "MethodNotAllowed"}.get(status, "HttpError")
    return _problem(status, name, f"{detail}: {request.method} {request.url.path}")
