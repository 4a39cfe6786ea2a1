"""Answers without an end have a limit, and a place is free again when one ends."""

import pytest

from vedette.api.room import Room
from vedette.contracts.errors import TooMany


def test_a_place_is_taken_and_given_back() -> None:
    room = Room(2, "two listen already")
    with room.taken(), room.taken(), pytest.raises(TooMany, match="two listen already"):
        room.demand()
    with pytest.raises(KeyError), room.taken():
        raise KeyError  # whatever ends it
    with room.taken(), room.taken(), pytest.raises(TooMany), room.taken():
        pass
    room.demand()
