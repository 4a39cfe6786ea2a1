"""Asks a running product about long work, over its HTTP door."""

from collections.abc import Mapping
from typing import Any

import httpx2
from pydantic import TypeAdapter, ValidationError

from vedette.contracts.errors import InvalidInput, NotFound, NotRunning
from vedette.contracts.job import Job

LONGEST_S = 10.0
_JOBS = TypeAdapter(list[Job])
_KNOWN = {error.status: error for error in (NotFound, InvalidInput)}


class JobsOf:
    """The jobs of the product at an address.

    Every method raises NotRunning where nobody answers there, NotFound where there is no such job,
    and InvalidInput where what is wanted makes no sense.
    """

    def __init__(self, address: str) -> None:
        self._address = address.rstrip("/")

    def enqueue(self, kind: str, arguments: Mapping[str, Any]) -> Job:
        wish = {"kind": kind, "arguments": dict(arguments)}
        return self._one("POST", "", json=wish)

    def find(self, *, states: tuple[str, ...] = (), limit: int = 50) -> list[Job]:
        answer = self._ask("GET", "", params={"state": list(states), "limit": limit})
        try:
            return _JOBS.validate_json(answer.content)
        except ValidationError as error:
            raise self._strange() from error

    def get(self, job_id: str) -> Job:
        return self._one("GET", f"/{job_id}")

    def cancel(self, job_id: str) -> Job:
        return self._one("POST", f"/{job_id}/cancel")

    def retry(self, job_id: str) -> Job:
        return self._one("POST", f"/{job_id}/retry")

    def _one(self, method: str, path: str, **more: Any) -> Job:
        answer = self._ask(method, path, **more)
        try:
            return Job.model_validate_json(answer.content)
        except ValidationError as error:
            raise self._strange() from error

    def _ask(self, method: str, path: str, **more: Any) -> httpx2.Response:
        url = f"{self._address}/api/v1/jobs{path}"
        try:
            answer = httpx2.request(method, url, timeout=LONGEST_S, **more)
        except httpx2.TimeoutException as error:
            raise self._silent(f"it did not answer within {LONGEST_S:g} s") from error
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise self._silent(str(error) or type(error).__name__) from error
        if answer.is_success:
            return answer
        try:
            said = str(answer.json()["detail"])
        except (ValueError, KeyError, TypeError) as error:
            raise self._strange() from error
        raise _KNOWN.get(answer.status_code, NotRunning)(said)

    def _strange(self) -> NotRunning:
        return self._silent("what answers there is not Vedette, or another version of it")

    def _silent(self, problem: str) -> NotRunning:
        return NotRunning(f"no Vedette answers at {self._address}: {problem}")
