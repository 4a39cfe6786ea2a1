"""A camera's book of events with a real ring and real captures, and real packets to fill them."""

from pathlib import Path

from tests.command import CLIP
from tests.unit.pipeline.rig import PERSON, SECOND, sight, tracks
from vedette.contracts.artifact import ArtifactKind
from vedette.contracts.event import Event
from vedette.contracts.frame import Frame
from vedette.contracts.packet import Packet, StreamInfo
from vedette.contracts.payload import FractionBox
from vedette.contracts.sink import NewArtifact
from vedette.contracts.verdict import RuleAction, RuleVerdict
from vedette.media.ring import PacketRing
from vedette.pipeline.book import EventBook
from vedette.pipeline.capture import CapturePlan, EventCapture, Work, at_once
from vedette.plugins.registry import build
from vedette.rules.build import BuiltRule, build_rule
from vedette.testing.fakes import FakeClock
from vedette.testing.scripted import RecordingSink

Video = tuple[StreamInfo, list[tuple[Packet, Frame]]]

GOP_US = 2 * SECOND
FRAME_US = SECOND // 10
FIRST_US, OPEN_US, CLOSE_US = 9_300_000, 9_500_000, 11_500_000
PRE_US, POST_US = 3 * SECOND, 2 * SECOND


def pedestrians() -> Video:
    """Twenty seconds of pedestrians: 10 frames a second, a keyframe every 2 s, from 1970 on."""
    source = {"type": "file", "path": str(CLIP)}
    stream = build("source", source, camera_id="yard", clock=FakeClock()).open()
    pairs = [
        (packet, frame)
        for packet in stream.packets()
        if packet.at_us < 20 * SECOND
        for frame in stream.decode(packet)
    ]
    stream.close()
    return stream.info, pairs


class Studio:
    """A book of events with a real ring and real captures."""

    def __init__(self, parts: Path | None, *, work: Work = at_once, max_clip_s: float = 60.0):
        self.sink = RecordingSink()
        self.failures: list[str] = []
        self.ring = PacketRing(max_s=PRE_US / SECOND + 2.0)
        self.rule: BuiltRule = build_rule({"id": "seen", "type": "presence"}, [], [])
        self.plan = CapturePlan(
            camera_title="Yard",
            outlines=(),
            parts=parts,
            pre_roll_us=PRE_US,
            post_roll_us=POST_US,
            max_clip_s=max_clip_s,
            work=work,
            failed=self.failures.append,
        )
        self.book = EventBook(
            site_id="home", camera_id="yard", sink=self.sink, begin_capture=self._begin
        )

    def _begin(self, event: Event, first_us: int) -> EventCapture:
        capture = EventCapture(plan=self.plan, first_us=first_us)
        capture.begin_clip(event, self.ring)
        return capture

    def says(self, action: RuleAction, frame: Frame, box: FractionBox = PERSON) -> None:
        verdict = RuleVerdict(
            action=action, key="track-1", at_us=frame.at_us, code="x", track=1, first_us=FIRST_US
        )
        self.book.apply(self.rule, [verdict], sight(frame, tracks(frame.at_us, 1, box=box)))

    def play(self, video: Video, *, close_us: int = CLOSE_US) -> None:
        """One event in the middle of the video."""
        info, pairs = video
        for packet, frame in pairs:
            self.take(info, packet, frame, close_us=close_us)
            self.book.see(sight(frame, tracks(frame.at_us, 1)))

    def take(
        self, info: StreamInfo, packet: Packet, frame: Frame, *, close_us: int = CLOSE_US
    ) -> None:
        """A packet and its frame; the event opens and closes at its time."""
        self.ring.add(info, packet)
        self.book.packet(info, packet)
        if frame.at_us == OPEN_US:
            self.says(RuleAction.OPEN, frame)
        if frame.at_us == close_us:
            self.says(RuleAction.CLOSE, frame)

    @property
    def artifacts(self) -> list[NewArtifact]:
        return [artifact for change in self.sink.changes for artifact in change.artifacts]

    def of_kind(self, kind: ArtifactKind) -> list[NewArtifact]:
        return [artifact for artifact in self.artifacts if artifact.kind is kind]
