"""Which events are open, as far as is known from what a worker said of them."""

from collections.abc import Iterable, Iterator
from uuid import UUID

from vedette.contracts.event import Event, EventState
from vedette.kit.recent import Recent

REMEMBERED = 200
"""Events that were closed lately: what is said late of these does not open them again."""


class OpenEvents:
    """Told of every change, in the order in which they were stored."""

    def __init__(self, known: Iterable[Event] = ()) -> None:
        self._open = {event.id: event for event in known}
        self._closed: Recent[UUID] = Recent(REMEMBERED)

    def note(self, event: Event) -> None:
        """Take a change. A picture that was taken while its event was open may come after the end
        of the event, and still calls it open."""
        if event.state is not EventState.OPEN:
            self._open.pop(event.id, None)
            self._closed.again(event.id)
        elif event.id not in self._closed:
            self._open[event.id] = event

    def __iter__(self) -> Iterator[Event]:
        return iter(tuple(self._open.values()))

    def __len__(self) -> int:
        return len(self._open)
