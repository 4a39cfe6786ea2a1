"""One place turns errors into answers, for every door."""

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from vedette.contracts.errors import VedetteError


def answer_problems(app: FastAPI) -> None:
    """Errors become `{"error": name, "detail": sentence}` with the status that fits."""
    app.add_exception_handler(VedetteError, _ours)
    app.add_exception_handler(RequestValidationError, _not_valid)
    app.add_exception_handler(HTTPException, _http)


def _problem(status: int, code: str, detail: str) -> JSONResponse:
    return JSONResponse({"error": code, "detail": detail}, status_code=status)


def problem_of(error: VedetteError) -> JSONResponse:
    """One of ours as an answer."""
    return _problem(error.status, type(error).__name__, str(error))


async def _ours(request: Request, error: Exception) -> Response:
    del request
    if isinstance(error, VedetteError):
        return problem_of(error)
    return _problem(500, type(error).__name__, str(error))


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
