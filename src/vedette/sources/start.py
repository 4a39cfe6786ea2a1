"""When a recording began: as told, as its container says, or 1970."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from av.container.input import InputContainer
from pydantic import AwareDatetime, Field

from vedette.kit.clock import Clock, to_us

Start = Annotated[
    AwareDatetime | Literal["now"] | None,
    Field(
        description="UTC time of the first frame; `now`: the moment of opening. Absent: the "
        "container's creation time, else 1970-01-01."
    ),
]


def start_us(start: datetime | str | None, container: InputContainer | None, clock: Clock) -> int:
    """Microseconds since 1970 of the first frame."""
    if isinstance(start, datetime):
        return to_us(start)
    if start == "now":
        return to_us(clock.now())
    return 0 if container is None else creation_us(container)


def creation_us(container: InputContainer) -> int:
    """The container's creation time; 0 where it states none, or nonsense."""
    text = container.metadata.get("creation_time", "")
    try:
        created = datetime.fromisoformat(text)
    except ValueError:
        return 0
    if created.tzinfo is None:
        created = created.replace(tzinfo=UTC)
    return max(0, to_us(created))
