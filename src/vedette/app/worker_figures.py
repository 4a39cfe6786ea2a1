"""What media workers tell of themselves in figures, read and put together."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from vedette.contracts.errors import InvalidInput
from vedette.kit.heap import Heap
from vedette.kit.histogram import Histogram
from vedette.pipeline.stopwatch import Timed

STAGES = frozenset({*Timed, "media"})

_HEAP = TypeAdapter(Heap)


def stages_of(name: str, told: object) -> dict[str, Histogram]:
    """How long the stages of a worker take.

    Raises:
        InvalidInput: what it says makes no sense.
    """
    try:
        if isinstance(told, dict) and told.keys() <= STAGES:
            return {stage: Histogram.read(plain) for stage, plain in told.items()}
    except ValueError as error:
        raise InvalidInput(f"the stages of {name} make no sense: {error}") from error
    raise InvalidInput(f"the stages of {name} make no sense")


def heap_of(name: str, told: object) -> Heap:
    """The memory of a worker.

    Raises:
        InvalidInput: what it says makes no sense.
    """
    try:
        return _HEAP.validate_python(told)
    except ValidationError as error:
        raise InvalidInput(f"the memory of {name} makes no sense") from error


def summed(parts: Iterable[Mapping[str, Any] | None]) -> dict[str, float]:
    """Figures of all workers, added up."""
    total: dict[str, float] = {}
    for part in parts:
        for name, value in (part or {}).items():
            total[name] = total.get(name, 0.0) + value
    return total
