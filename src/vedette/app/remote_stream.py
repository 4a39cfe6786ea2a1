"""The live video of a camera in a worker: asked for piece by piece while somebody looks."""

import asyncio
import secrets
from collections.abc import Callable, Coroutine, Iterator
from threading import Event
from typing import Any

from vedette.contracts.errors import SourceLost, TooMany
from vedette.link.wire import Frame

Ask = Callable[[str, dict[str, Any]], Coroutine[Any, Any, Frame | None]]
"""Asks the worker of a camera; None where no answer comes."""

PAUSE_S = 0.1
"""Between two questions."""
ANSWER_S = 5.0
SILENT_S = 10.0
"""A camera that sends nothing for this long ends it."""


class RemoteStream:
    """Implements `api.context.LiveSource`; used in threads."""

    def __init__(self, camera_id: str, ask: Ask, loop: asyncio.AbstractEventLoop) -> None:
        self._camera_id = camera_id
        self._ask = ask
        self._loop = loop

    def subscribe(self) -> "RemoteViewer":
        """See `LiveSource`."""
        viewer = RemoteViewer(secrets.token_hex(8), self._question)
        viewer.begin()
        return viewer

    def _question(self, viewer: str, what: str) -> Frame:
        """Ask, and wait for the answer.

        Raises:
            SourceLost: there is none.
        """
        head = {"what": what, "camera": self._camera_id, "viewer": viewer}
        asking = asyncio.run_coroutine_threadsafe(self._ask(self._camera_id, head), self._loop)
        try:
            answer = asking.result(ANSWER_S)
        except TimeoutError:
            answer = None
        if answer is None:
            raise SourceLost(f"the worker of camera {self._camera_id!r} does not answer")
        return answer


class RemoteViewer(Iterator[bytes]):
    """Implements `api.context.Watching`."""

    def __init__(self, name: str, question: Callable[[str, str], Frame]) -> None:
        self._name = name
        self._question = question
        self._closed = Event()
        self._first = b""
        self.media_type = "video/mp4"

    def begin(self) -> None:
        """Ask for the first bytes.

        Raises:
            SourceLost, TooMany: see `LiveSource.subscribe`.
        """
        answer = self._question(self._name, "live")
        if sentence := answer.head.get("sentence"):
            kind = TooMany if answer.head.get("error") == "TooMany" else SourceLost
            raise kind(str(sentence))
        self.media_type = str(answer.head.get("media_type", self.media_type))
        self._first = answer.body

    def close(self) -> None:
        """See `Watching`; the worker forgets a viewer that asks no more."""
        self._closed.set()

    def __iter__(self) -> "RemoteViewer":
        return self

    def __next__(self) -> bytes:
        """See `Watching`."""
        if self._first:
            data, self._first = self._first, b""
            return data
        for _ in range(round(SILENT_S / PAUSE_S)):
            if self._closed.wait(PAUSE_S):
                break
            try:
                answer = self._question(self._name, "live")
            except SourceLost:
                break
            if answer.body:
                return answer.body
            if answer.head.get("ended"):
                break
        raise StopIteration
