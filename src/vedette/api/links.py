"""Links in messages: one event and its files for whoever holds the link, and nothing else."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from vedette.alerts.links import PATH
from vedette.api.context import ApiContext, context_of
from vedette.api.events import ArtifactUrl, bytes_of
from vedette.api.page import event_page
from vedette.contracts.artifact import Artifact, ArtifactKind
from vedette.contracts.errors import NotFound

router = APIRouter(include_in_schema=False)

UNKNOWN = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow"}
"""Nobody is to keep what was opened with a link, or to find it."""


@router.get(f"{PATH}{{token}}")
async def page(request: Request, token: str) -> Response:
    context = context_of(request)
    answer = await event_page(context, _event(context, token), url=_url(token), alone=True)
    answer.headers.update(UNKNOWN)
    return answer


@router.get(f"{PATH}{{token}}/{{kind}}")
async def file(
    request: Request, token: str, kind: ArtifactKind, revision: int | None = None
) -> Response:
    context = context_of(request)
    answer = await bytes_of(context, _event(context, token), kind, revision, url=_url(token))
    answer.headers.update(UNKNOWN)
    return answer


def _event(context: ApiContext, token: str) -> UUID:
    """The event that the link opens.

    Raises:
        NotFound, LinkExpired: it opens none.
    """
    if context.links is None:
        raise NotFound("no link of a message leads here")
    return context.links.read(token, context.clock.now())


def _url(token: str) -> ArtifactUrl:
    def url(artifact: Artifact) -> str:
        return f"{PATH}{token}/{artifact.kind}?revision={artifact.revision}"

    return url
