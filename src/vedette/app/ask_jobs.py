"""Asks a running product about long work."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from vedette.app.asking import Asking
from vedette.contracts.job import Job

PATH = "/api/v1/jobs"
_JOB = TypeAdapter(Job)
_JOBS = TypeAdapter(list[Job])


class JobsOf:
    """The jobs of the product at an address; every method raises as `Asking.ask`."""

    def __init__(self, address: str) -> None:
        self._product = Asking(address)

    def enqueue(self, kind: str, arguments: Mapping[str, Any]) -> Job:
        wish = {"kind": kind, "arguments": dict(arguments)}
        return self._product.ask(_JOB, "POST", PATH, json=wish)

    def find(self, *, states: tuple[str, ...] = (), limit: int = 50) -> list[Job]:
        params = {"state": list(states), "limit": limit}
        return self._product.ask(_JOBS, "GET", PATH, params=params)

    def get(self, job_id: str) -> Job:
        return self._product.ask(_JOB, "GET", f"{PATH}/{job_id}")

    def cancel(self, job_id: str) -> Job:
        return self._product.ask(_JOB, "POST", f"{PATH}/{job_id}/cancel")

    def retry(self, job_id: str) -> Job:
        return self._product.ask(_JOB, "POST", f"{PATH}/{job_id}/retry")
