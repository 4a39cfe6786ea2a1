"""Which frame all this began with: known to whatever runs because of it, and to its log lines."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_CURRENT: ContextVar[str] = ContextVar("correlation", default="")


def correlation() -> str:
    """The id of what is dealt with here and now (`camera/session/frame`); empty where none is."""
    return _CURRENT.get()


@contextmanager
def about(correlation_id: str | None) -> Iterator[None]:
    """What runs inside is about this; where it is empty, about the same as before."""
    if not correlation_id:
        yield
        return
    token = _CURRENT.set(correlation_id)
    try:
        yield
    finally:
        _CURRENT.reset(token)
