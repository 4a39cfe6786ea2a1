"""Guards the camera itself: tampering that lasts becomes an event, a fact, a line of the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from vedette.contracts.event import Severity
from vedette.contracts.frame import Frame
from vedette.contracts.sample import Samples
from vedette.contracts.sink import EventSink, TrackRecord
from vedette.contracts.verdict import RuleAction, RuleVerdict, Verdict
from vedette.motion.tamper import TamperFinding, Tampering, TamperWatch
from vedette.pipeline.announce import Announcer
from vedette.pipeline.book import EventBook
from vedette.pipeline.sight import Sight
from vedette.pipeline.stats import CameraStats
from vedette.rules.build import BuiltRule
from vedette.track.path import NO_PATH

RULE = "tamper"
LABEL = "camera"
MESSAGES = {
    Tampering.COVERED: "The camera is covered",
    Tampering.DEFOCUSED: "The camera is out of focus",
    Tampering.SHIFTED: "The camera looks elsewhere",
}


class _Unasked:
    """The rule that events of tampering belong to: it is never asked, the guard speaks for it."""

    def start(self) -> Any:
        return None

    def step(self, state: Any, samples: Samples) -> tuple[Any, Sequence[RuleVerdict]]:
        return state, ()

    def finish(self, state: Any, at_us: int, code: str) -> Sequence[RuleVerdict]:
        return ()


def _rule(kind: Tampering) -> BuiltRule:
    return BuiltRule(
        id=RULE,
        kind=RULE,
        severity=Severity.WARNING,
        message=MESSAGES[kind],
        zone=None,
        line=None,
        rule=_Unasked(),
        label=LABEL,
    )


RULES = {kind: _rule(kind) for kind in MESSAGES}


@dataclass(slots=True, kw_only=True)
class Guard:
    """Watches over one camera. Belongs to the thread that looks, which holds the book's lock."""

    watch: TamperWatch
    book: EventBook
    sink: EventSink
    announcer: Announcer
    stats: CameraStats
    _open: Tampering = Tampering.NONE
    _began_us: int = 0
    _verdicts: list[Verdict] = field(default_factory=list)

    def look(self, frame: Frame) -> TamperFinding | None:
        """What changed in how the camera is, if anything did."""
        return self.watch.look(frame)

    def tell(self, finding: TamperFinding, sight: Sight) -> None:
        """Begin or end the event, and say so everywhere."""
        self._close(sight.at_us, "cleared")
        if finding.kind is not Tampering.NONE:
            self._begin(finding, sight)
        self.stats.tamper = finding.kind.value
        self.announcer.tamper(finding.kind.value, finding.since_us, finding.numbers)

    def forget(self, at_us: int, code: str) -> None:
        """The camera is lost or over: nobody knows how it is."""
        self._close(at_us, code)
        self.watch.forget()
        self.stats.tamper = ""

    def _begin(self, finding: TamperFinding, sight: Sight) -> None:
        self._open, self._began_us = finding.kind, finding.since_us
        numbers = dict(finding.numbers)
        verdict = RuleVerdict(
            action=RuleAction.OPEN,
            key=RULE,
            at_us=sight.at_us,
            code=finding.kind.value,
            first_us=finding.since_us,
            numbers={"tampering": finding.kind.value, **numbers},
        )
        self.book.apply(RULES[finding.kind], [verdict], sight)
        self._note(sight.at_us, finding.kind.value, numbers)

    def _close(self, at_us: int, code: str) -> None:
        if self._open is Tampering.NONE:
            return
        verdict = RuleVerdict(action=RuleAction.CLOSE, key=RULE, at_us=at_us, code=code)
        self.book.close_all(RULES[self._open], [verdict])
        self._note(at_us, code, {"lasted_s": round((at_us - self._began_us) / 1e6, 1)})
        self.sink.record(self._record(at_us), self._verdicts)
        self._open, self._verdicts = Tampering.NONE, []

    def _note(self, at_us: int, code: str, numbers: dict[str, float]) -> None:
        """For the ledger: a verdict on the camera itself is one of track 0."""
        self._verdicts.append(
            Verdict(
                camera_id=self.book.camera_id,
                track=0,
                stage=RULE,
                at_us=at_us,
                code=code,
                numbers=numbers,
            )
        )

    def _record(self, at_us: int) -> TrackRecord:
        return TrackRecord(
            id=f"{self.book.track_id(0)}-{self._began_us}",
            camera_id=self.book.camera_id,
            label=LABEL,
            t0_us=self._began_us,
            t1_us=at_us,
            median_score=1.0,
            best_score=1.0,
            samples=0,
            path=NO_PATH,
        )
