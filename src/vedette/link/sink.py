"""What a camera in a worker sees of the rest of the product: a sink and a bus that are the link."""

import logging
from collections.abc import Callable, Sequence

from vedette.contracts.payload import Payload
from vedette.contracts.sink import EventChange, NewSegment, RecordingGap, TrackRecord
from vedette.contracts.topics import matches
from vedette.contracts.verdict import Verdict
from vedette.link.messages import Durable, Story, fact_frame
from vedette.link.wire import Frame, LinkBroken

log = logging.getLogger(__name__)


class LinkSink:
    """Implements `EventSink` and `SegmentSink`: what it accepted is in the spool."""

    def __init__(self, say: Callable[[Durable], None]) -> None:
        self._say = say
        self.refused = 0
        """Messages that were too large to be told."""

    def submit(self, change: EventChange) -> None:
        self._tell(change)

    def record(self, track: TrackRecord, verdicts: Sequence[Verdict]) -> None:
        self._tell(Story(track=track, verdicts=tuple(verdicts)))

    def segment(self, segment: NewSegment) -> None:
        self._tell(segment)

    def gap(self, gap: RecordingGap) -> None:
        self._tell(gap)

    def _tell(self, said: Durable) -> None:
        try:
            self._say(said)
        except LinkBroken as error:
            self.refused += 1
            log.error("%s", error)


class LinkBus:
    """Implements `Bus`: facts cross only where somebody listens at the control process."""

    def __init__(self, tell: Callable[[Frame], None]) -> None:
        self._tell = tell
        self._patterns: tuple[str, ...] = ()
        self._known: dict[str, bool] = {}

    def listen_for(self, patterns: Sequence[str]) -> None:
        """From now on, these are wanted."""
        self._patterns = tuple(patterns)
        self._known = {}

    def wanted(self, topic: str) -> bool:
        known = self._known.get(topic)
        if known is None:
            known = any(matches(pattern, topic) for pattern in self._patterns)
            if len(self._known) < 10_000:
                self._known[topic] = known
        return known

    def publish(self, topic: str, payload: Payload) -> None:
        if self.wanted(topic):
            self._tell(fact_frame(topic, payload))
