"""Viewers of live video who ask for it piece by piece, from another process."""

from collections.abc import Mapping
from typing import Any

from vedette.contracts.errors import InvalidInput, VedetteError
from vedette.kit.clock import Clock
from vedette.media.live import LiveStream, Viewer

FORGET_S = 10.0
"""A viewer that has not asked for this long is gone."""
MOST = 64


class Watchers:
    """Belongs to the thread that answers."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._viewers: dict[str, tuple[Viewer, float]] = {}

    def answer(
        self, streams: Mapping[str, LiveStream], camera_id: str, name: str
    ) -> tuple[dict[str, Any], bytes]:
        """What has come since the last question: head and body of the answer. Never waits."""
        now_s = self._clock.monotonic()
        self._forget(now_s)
        try:
            viewer = self._viewer(streams, camera_id, name)
        except VedetteError as error:
            return {"error": type(error).__name__, "sentence": str(error)}, b""
        self._viewers[name] = (viewer, now_s)
        data = viewer.poll()
        if data is None:
            viewer.close()
            del self._viewers[name]
            return {"ended": True}, b""
        return {"media_type": viewer.media_type}, data

    def _viewer(self, streams: Mapping[str, LiveStream], camera_id: str, name: str) -> Viewer:
        if name in self._viewers:
            return self._viewers[name][0]
        stream = streams.get(camera_id)
        if stream is None or len(self._viewers) >= MOST:
            raise InvalidInput(f"the live video of {camera_id!r} is not here, or watched too often")
        return stream.subscribe()

    def _forget(self, now_s: float) -> None:
        for name, (viewer, asked_s) in list(self._viewers.items()):
            if now_s - asked_s > FORGET_S:
                viewer.close()
                del self._viewers[name]
