"""Should somebody be told? Severity, repeats and quiet times are decided here and only here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from uuid import UUID

from vedette.alerts.wording import text_of, title_of
from vedette.calendar.schedule import Calendar
from vedette.contracts.event import Event, EventState, Severity
from vedette.contracts.notice import Notice
from vedette.contracts.verdict import Numbers, Verdict
from vedette.kit.clock import from_us, to_us
from vedette.kit.ids import alert_id

Subject = tuple[str, str, str]
"""What a cool-down is about: camera, rule, label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The latest alert about one subject."""

    alert_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyState:
    """What the policy remembers: alerts that were sent, or are on their way."""

    told: Mapping[Subject, Told] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Tell, with which words; or do not, and why."""

    notice: Notice | None
    code: str
    """`told`, `told_critical`, `not_open`, `severity_low`, `quiet_hours`, `quiet`."""
    numbers: Numbers = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPolicy:
    """Pure: all memory is in the state. Times are those of the events, never the wall clock's.

    An alert that is told begins a cool-down of its camera, rule and label. It counts while the
    alert is on its way, and it ends at once when the alert reaches nobody (`failed`): then the
    next event is told. Critical events are told always, also in quiet hours, and begin a cool-down
    too. What is silent because of the hour begins none, so the first event after them is told.
    """

    min_severity: Severity = Severity.INFO
    quiet_s: float = 60.0
    quiet_hours: Mapping[str, Calendar] = field(default_factory=dict)
    """By site: when nobody is told of anything but what is critical."""
    base_url: str | None = None
    """Links are `{base_url}/events/{event id}`; none where absent."""
    camera_titles: Mapping[str, str] = field(default_factory=dict)
    """Names for people by camera id; the id where absent."""

    def start(self) -> PolicyState:
        """The state before the first event."""
        return PolicyState()

    def consider(
        self, state: PolicyState, event: Event, at: datetime
    ) -> tuple[PolicyState, Decision]:
        """Judge an event that just opened; `at` is its time (`opened_at`).

        The same event judged again (the bus delivers at least once) gets the same alert id, and
        its own cool-down does not silence it: the notifier's log knows who was told already.
        """
        if event.state is not EventState.OPEN:
            return state, Decision(notice=None, code="not_open")
        if event.severity.rank < self.min_severity.rank:
            needed = {"severity": event.severity.value, "needed": self.min_severity.value}
            return state, Decision(notice=None, code="severity_low", numbers=needed)
        subject = (event.camera_id, event.rule_id, event.label)
        mine, last = alert_id(event.id), state.told.get(subject)
        critical = event.severity is Severity.CRITICAL
        if not critical and (until := self._quiet_until(event.site_id, at)) is not None:
            hour = {"until": until.isoformat()}
            return state, Decision(notice=None, code="quiet_hours", numbers=hour)
        if last is not None and last.alert_id != mine:
            passed_s = abs((at - last.at).total_seconds())  # a replay may go back in time
            if passed_s < self.quiet_s and not critical:
                numbers = {"passed_s": round(passed_s, 3), "quiet_s": self.quiet_s}
                return state, Decision(notice=None, code="quiet", numbers=numbers)
        return (
            self._with(state, subject, Told(alert_id=mine, at=at)),
            Decision(
                notice=self._notice(event, mine), code="told_critical" if critical else "told"
            ),
        )

    def sent(self, state: PolicyState, notice: Notice, at: datetime) -> PolicyState:
        """A channel delivered the notice of an event of time `at`: the cool-down holds."""
        subject = (notice.camera_id, notice.rule_id, notice.label)
        last = state.told.get(subject)
        if last is not None and last.at >= at:
            return state
        return self._with(state, subject, Told(alert_id=notice.alert_id, at=at))

    def failed(self, state: PolicyState, notice: Notice) -> PolicyState:
        """No channel delivered it: its cool-down is over."""
        subject = (notice.camera_id, notice.rule_id, notice.label)
        last = state.told.get(subject)
        if last is None or last.alert_id != notice.alert_id:
            return state
        kept = {key: told for key, told in state.told.items() if key != subject}
        return PolicyState(told=MappingProxyType(kept))

    def _quiet_until(self, site_id: str, at: datetime) -> datetime | None:
        """When the quiet hours end; None where there are none now."""
        hours = self.quiet_hours.get(site_id)
        if hours is None:
            return None
        phase = hours.phase(to_us(at))
        return from_us(phase.until_us) if phase.active else None

    def _with(self, state: PolicyState, subject: Subject, told: Told) -> PolicyState:
        """The new entry, without the entries that silence nobody any more."""
        quiet = timedelta(seconds=self.quiet_s)
        kept = {key: old for key, old in state.told.items() if abs(told.at - old.at) < quiet}
        return PolicyState(told=MappingProxyType({**kept, subject: told}))

    def _notice(self, event: Event, alert: UUID) -> Notice:
        camera = self.camera_titles.get(event.camera_id) or event.camera_id
        return Notice(
            alert_id=alert,
            event_id=event.id,
            site_id=event.site_id,
            camera_id=event.camera_id,
            rule_id=event.rule_id,
            event_type=event.event_type,
            severity=event.severity,
            title=title_of(event, camera),
            text=text_of(event, camera),
            at=event.opened_at,
            label=event.label,
            zone_id=event.zone_id,
            line_id=event.line_id,
            score=event.score,
            numbers=event.numbers,
            link=f"{self.base_url.rstrip('/')}/events/{event.id}" if self.base_url else None,
            correlation_id=event.correlation_id,
        )


def verdict_of(event: Event, decision: Decision) -> Verdict:
    """The line of the decision ledger for the event's first track."""
    return _line(event, decision.code, decision.numbers)


def refusal_of(event: Event, channel: str, why: Numbers) -> Verdict:
    """The line for a channel that does not want to be told of it."""
    return _line(event, "not_wanted", {"channel": channel, **why})


def _line(event: Event, code: str, numbers: Numbers) -> Verdict:
    track = event.track_ids[0].rpartition("/")[2] if event.track_ids else "0"
    return Verdict(
        camera_id=event.camera_id,
        track=int(track) if track.isdecimal() else 0,
        stage="alerts",
        at_us=to_us(event.opened_at),
        code=code,
        numbers={"rule": event.rule_id, **numbers},
    )
