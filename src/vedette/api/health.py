"""Is it alive, is it ready, how are its modules, and what does it count?"""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from vedette.api.context import ApiContext, context_of
from vedette.contracts.errors import NotFound, StorageFailed
from vedette.contracts.health import Criticality, HealthLevel, HealthSummary, ModuleHealth

router = APIRouter(tags=["health"])


@router.get("/health/live", summary="The process answers")
async def live() -> dict[str, str]:
    return {"status": "alive"}


@router.get("/health/ready", summary="Everything that it depends on works")
@router.get("/healthz", summary="The same, under the name that many probes use")
@router.get("/health", summary="The same")
async def ready(request: Request) -> JSONResponse:
    context = context_of(request)
    summary = await context.modules.look()
    store = await _store(context)
    well = summary.ready and store["ok"]
    body = {
        "status": "ready" if well else "not ready",
        "degraded": summary.level is not HealthLevel.HEALTHY,
        "checks": [*(_check(module) for module in summary.modules), store],
    }
    return JSONResponse(body, status_code=200 if well else 503)


@router.get("/health/modules", summary="How all modules are")
async def modules(request: Request) -> HealthSummary:
    return await context_of(request).modules.look()


@router.get("/health/modules/{name}", summary="How one module is; 503 where it does not work")
async def module(request: Request, name: str, response: Response) -> ModuleHealth:
    summary = await context_of(request).modules.look()
    for each in summary.modules:
        if each.name == name:
            response.status_code = 503 if each.level is HealthLevel.UNHEALTHY else 200
            return each
    there = ", ".join(each.name for each in summary.modules)
    raise NotFound(f"no module is called {name!r}; there are: {there}")


@router.get("/health/modules/{name}/history", summary="How it was: changes, the newest first")
async def history(
    request: Request, name: str, limit: Annotated[int, Query(ge=1, le=500)] = 100
) -> list[ModuleHealth]:
    async with context_of(request).store.read() as unit:
        return list(await unit.system_health().find(name, limit=limit))


def _check(module: ModuleHealth) -> dict[str, Any]:
    """What readiness says of a module: it is not ok where the product cannot do without it."""
    unwell = module.level is HealthLevel.UNHEALTHY
    return {
        "name": module.name,
        "ok": not (unwell and module.criticality is Criticality.CRITICAL),
        "level": module.level.value,
        "detail": module.detail,
    }


async def _store(context: ApiContext) -> dict[str, Any]:
    try:
        await context.store.check()
    except StorageFailed as error:
        return {"name": "store", "ok": False, "level": "unhealthy", "detail": str(error)}
    return {"name": "store", "ok": True, "level": "healthy", "detail": ""}


@router.get("/metrics", summary="Counters in the Prometheus text format")
def metrics(request: Request) -> Response:
    text = context_of(request).metrics()
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")
