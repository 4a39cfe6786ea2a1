"""Which frame all this began with: known to whatever runs because of it, and to its log lines."""

from contextvars import ContextVar, Token

_CURRENT: ContextVar[str] = ContextVar("correlation", default="")


def correlation() -> str:
    """The id of what is dealt with here and now (`camera/session/frame`); empty where none is."""
    return _CURRENT.get()


class about:  # noqa: N801 - reads as a word: `with about(fact.correlation_id):`
    """What runs inside is about this; where it is empty, about the same as before.

    A class, since a generator would cost as much as the rest of delivering a fact.
    """

    __slots__ = ("_id", "_token")

    def __init__(self, correlation_id: str | None) -> None:
        self._id = correlation_id
        self._token: Token[str] | None = None

    def __enter__(self) -> None:
        if self._id:
            self._token = _CURRENT.set(self._id)

    def __exit__(self, *error: object) -> None:
        if self._token is not None:
            _CURRENT.reset(self._token)
