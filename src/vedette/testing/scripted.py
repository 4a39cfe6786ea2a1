"""A camera that plays a script, frames drawn by hand, and a sink that keeps what it is given."""

import threading
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

import numpy as np

from vedette.contracts.errors import SourceLost, VedetteError
from vedette.contracts.event import Event
from vedette.contracts.frame import Frame
from vedette.contracts.packet import Packet, StreamInfo
from vedette.contracts.payload import FractionBox
from vedette.contracts.sink import EventChange, TrackRecord
from vedette.contracts.verdict import Verdict
from vedette.sources.stats import SourceStats

Step = Frame | VedetteError | Callable[[], None]
"""A frame to show, an error to raise, or something to do before what follows."""

BACKGROUND, OBJECT = 128, 20


def drawn(
    at_us: int,
    *boxes: FractionBox,
    number: int = 1,
    size: tuple[int, int] = (160, 90),
    camera_id: str = "yard",
) -> Frame:
    """A plain picture with dark objects in it.

    Args:
        boxes: left, top, right, bottom in fractions of the frame.
        size: width and height, both even.
    """
    width, height = size
    y = np.full((height, width), BACKGROUND, dtype=np.uint8)
    for left, top, right, bottom in boxes:
        rows = slice(round(top * height), round(bottom * height))
        y[rows, round(left * width) : round(right * width)] = OBJECT
    chroma = np.full((height // 2, width // 2), 128, dtype=np.uint8)
    for plane in (y, chroma):
        plane.flags.writeable = False
    return Frame(camera_id=camera_id, number=number, at_us=at_us, y=y, u=chroma, v=chroma)


class ScriptedStream:
    """One opening; each frame is a packet of its own."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.info = StreamInfo(
            codec="rawvideo", width=160, height=90, time_base=Fraction(1, 1_000_000), frame_rate=0.0
        )
        self.stats = SourceStats()
        self.closed = threading.Event()
        self._steps = tuple(steps)
        self._frames: dict[int, Frame] = {}

    def packets(self) -> Iterator[Packet]:
        """See `Stream`; ends after `close`."""
        for step in self._steps:
            if self.closed.is_set():
                return
            if isinstance(step, VedetteError):
                raise step
            if not isinstance(step, Frame):
                step()
                continue
            self._frames[step.at_us] = step
            yield Packet(
                data=b"frame",
                pts=step.at_us,
                dts=step.at_us,
                duration=0,
                is_keyframe=True,
                at_us=step.at_us,
            )

    def decode(self, packet: Packet) -> Sequence[Frame]:
        return (self._frames[packet.pts],)

    def flush(self) -> Sequence[Frame]:
        return ()

    def close(self) -> None:
        self.closed.set()


class ScriptedSource:
    """Each opening plays the next part of the script, or fails; then `over` is called."""

    def __init__(
        self,
        *openings: Sequence[Step] | VedetteError,
        live: bool = True,
        over: Callable[[], None] = lambda: None,
    ) -> None:
        self.live = live
        self.opened = 0
        self.streams: list[ScriptedStream] = []
        self._openings = list(openings)
        self._over = over

    def __str__(self) -> str:
        return "a script"

    def open(self) -> ScriptedStream:
        """See `Source`."""
        self.opened += 1
        if not self._openings:
            self._over()
            raise SourceLost("the script is over")
        opening = self._openings.pop(0)
        if isinstance(opening, VedetteError):
            raise opening
        self.streams.append(ScriptedStream(opening))
        return self.streams[-1]


class RecordingSink:
    """An `EventSink` in memory."""

    def __init__(self) -> None:
        self.changes: list[EventChange] = []
        self.stories: list[tuple[TrackRecord, tuple[Verdict, ...]]] = []

    @property
    def events(self) -> list[Event]:
        """The latest state of each event, in the order of their openings."""
        return list({change.event.id: change.event for change in self.changes}.values())

    def submit(self, change: EventChange) -> None:
        self.changes.append(change)

    def record(self, track: TrackRecord, verdicts: Sequence[Verdict]) -> None:
        """Parts of a track become one story, in the place of the last."""
        before = [said for known, said in self.stories if known.id == track.id]
        self.stories = [story for story in self.stories if story[0].id != track.id]
        self.stories.append((track, (*(v for said in before for v in said), *verdicts)))
