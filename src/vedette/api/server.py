"""Puts the routes together."""

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
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
    inbox,
    jobs,
    links,
    live,
    messages,
    modules,
    page,
    push,
    reasons,
    recordings,
    status,
    suggestions,
)
from vedette.api.context import ApiContext
from vedette.api.problems import answer_problems

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
    suggestions,
    messages,
    inbox,
    push,
    reasons,
    modules,
    config,
    page,
    camera_page,
    links,
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
    app.state.listeners = inbox.listeners()
    app.add_middleware(SafeHeaders)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=LOOPBACK)
    for part in PARTS:
        app.include_router(part.router)
    answer_problems(app)
    return app
