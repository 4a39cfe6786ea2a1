"""Answers without an end, of which only so many go on at once."""

from collections.abc import Iterator
from contextlib import contextmanager

from vedette.contracts.errors import TooMany


class Room:
    """For so many. Belongs to the loop."""

    def __init__(self, most: int, full: str) -> None:
        """`full` is said to who comes when there is none left."""
        self._most = most
        self._full = full
        self._taken = 0

    def demand(self) -> None:
        """Nothing while there is some.

        Raises:
            TooMany: there is none.
        """
        if self._taken >= self._most:
            raise TooMany(self._full)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """One place, within the block. Raises TooMany."""
        self.demand()
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1
