"""Cameras that give a JPEG picture for each request: asked again and again."""

import threading

from pydantic import Field

from vedette.contracts.errors import SourceLost, SourceRefused
from vedette.kit.clock import Clock
from vedette.sources.address import Address
from vedette.sources.http import HttpAddressConfig, asked
from vedette.sources.http_get import Answer, Getter
from vedette.sources.jpeg_cutter import JpegCutter
from vedette.sources.jpeg_stream import MOST_JPEG_BYTES, JpegStream


class HttpSnapshotConfig(HttpAddressConfig):
    """A picture at an HTTP address."""

    fps: float = Field(default=1.0, gt=0.0, le=30.0, description="Requests a second, at most.")


class HttpSnapshotSource:
    """One camera that is asked for pictures."""

    Config = HttpSnapshotConfig
    live = True

    def __init__(
        self, config: HttpSnapshotConfig, *, camera_id: str, clock: Clock, audio: bool = False
    ) -> None:
        """`audio` changes nothing: pictures are silent."""
        del audio
        self._config = config
        self._camera_id = camera_id
        self._clock = clock
        self._address = Address(config.url)
        self._getter = Getter(asked(config, self._address), clock)

    def __str__(self) -> str:
        return str(self._address)

    def open(self) -> JpegStream:
        """Get the first picture.

        Raises:
            SourceLost: cannot be reached now.
            SourceRefused: wrong password or path, or no picture.
        """
        shots = SnapshotShots(
            self._getter, name=str(self._address), config=self._config, clock=self._clock
        )
        return JpegStream(
            shots, name=str(self._address), camera_id=self._camera_id, clock=self._clock
        )


class SnapshotShots:
    """A picture per request, evenly spaced."""

    def __init__(
        self, getter: Getter, *, name: str, config: HttpSnapshotConfig, clock: Clock
    ) -> None:
        self._getter = getter
        self._name = name
        self._config = config
        self._clock = clock
        self._stop = threading.Event()
        self._due_s = clock.monotonic()
        self._answer: Answer | None = None

    def next(self) -> bytes | None:
        """See `Shots`."""
        ahead_s = self._due_s - self._clock.monotonic()
        if ahead_s > 0 and self._clock.wait(self._stop, ahead_s):
            return None
        # Counted from what was due, so that pictures stay even; what is late is not made up for.
        self._due_s = max(self._due_s, self._clock.monotonic() - 1) + 1 / self._config.fps
        self._answer = self._getter.get()
        try:
            return self._body(self._answer)
        finally:
            self._answer.close()

    def close(self) -> None:
        self._stop.set()
        if self._answer is not None:
            self._answer.close()

    def _body(self, answer: Answer) -> bytes | None:
        """The first picture of the body; the rest, if there is any, is not waited for."""
        cutter, until_s = JpegCutter(MOST_JPEG_BYTES), self._clock.monotonic()
        until_s += self._config.read_timeout_s
        while piece := answer.read():
            if found := cutter.feed(piece):
                return found[0]
            if self._clock.monotonic() > until_s or cutter.broken:
                break
        if self._stop.is_set():
            return None
        if answer.content_type.startswith(("image/", "multipart/")) or cutter.broken:
            raise SourceLost(f"{self._name} did not send a whole picture")
        raise SourceRefused(f"{self._name} answers with no JPEG picture")
