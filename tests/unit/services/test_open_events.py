"""What is open is known from what was said, also where it was said late."""

from vedette.contracts.event import EventState
from vedette.services.open_events import REMEMBERED, OpenEvents
from vedette.testing.store_samples import make_event


def test_an_event_is_open_from_its_first_word_to_its_last() -> None:
    event = make_event(1)
    known = OpenEvents()

    known.note(event)
    during = list(known)
    known.note(event.model_copy(update={"state": EventState.CLOSED}))

    assert during == [event]
    assert len(known) == 0


def test_a_picture_that_comes_late_opens_nothing_again() -> None:
    event, other = make_event(1), make_event(2)
    known = OpenEvents([event, other])

    known.note(event.model_copy(update={"state": EventState.CLOSED}))
    known.note(event)

    assert list(known) == [other]


def test_what_it_remembers_is_bounded() -> None:
    known = OpenEvents()
    for number in range(3 * REMEMBERED):
        event = make_event(number)
        known.note(event)
        known.note(event.model_copy(update={"state": EventState.CLOSED}))

    assert len(known) == 0
    assert len(known._closed) == REMEMBERED
