"""Is it alive, is it ready, and what does it count?"""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from vedette.api.context import ApiContext, Check, context_of
from vedette.contracts.errors import StorageFailed

router = APIRouter(tags=["health"])


@router.get("/health/live", summary="The process answers")
async def live() -> dict[str, str]:
    return {"status": "alive"}


@router.get("/health/ready", summary="Everything that it depends on works")
@router.get("/healthz", summary="The same, under the name that many probes use")
@router.get("/health", summary="The same")
async def ready(request: Request) -> JSONResponse:
    context = context_of(request)
    checks = [*context.checks(), await _store(context)]
    well = all(check.ok for check in checks)
    body = {
        "status": "ready" if well else "not ready",
        "checks": [{"name": c.name, "ok": c.ok, "detail": c.detail} for c in checks],
    }
    return JSONResponse(body, status_code=200 if well else 503)


async def _store(context: ApiContext) -> Check:
    try:
        await context.store.check()
    except StorageFailed as error:
        return Check(name="store", ok=False, detail=str(error))
    return Check(name="store", ok=True)


@router.get("/metrics", summary="Counters in the Prometheus text format")
def metrics(request: Request) -> Response:
    text = context_of(request).metrics()
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")
