"""Remembers what came lately, so that what comes again is known. Bounded."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Recent(Generic[K]):
    """The latest keys, the oldest forgotten first. Belongs to one loop."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._keys: OrderedDict[K, None] = OrderedDict()

    def __contains__(self, key: K) -> bool:
        return key in self._keys

    def __len__(self) -> int:
        return len(self._keys)

    def again(self, key: K) -> bool:
        """True where it came before; else it is noted."""
        if key in self._keys:
            return True
        self._keys[key] = None
        while len(self._keys) > self._most:
            self._keys.popitem(last=False)
        return False
