"""Should somebody be told? Severity, repeats and quiet times are decided here and only here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from uuid import UUID

from vedette.alerts.limits import MINUTE, PLAIN, AlertRule, Ceiling, Times, counted, pruned
from vedette.alerts.links import EventLinks
from vedette.alerts.wording import text_of, title_of
from vedette.calendar.schedule import Calendar
from vedette.contracts.alert import Alert, Mute
from vedette.contracts.event import Event, EventState, Severity
from vedette.contracts.notice import Notice
from vedette.contracts.verdict import Numbers, Verdict
from vedette.kit.clock import from_us, to_us
from vedette.kit.ids import alert_id

Subject = tuple[str, str, str]
"""What a cool-down is about: camera, rule, label."""

CALM = 2.0
"""A subject that is silent for so many cool-downs begins with the shortest again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The latest alert about one subject."""

    alert_id: UUID
    at: datetime
    quiet_s: float = 0.0
    """How long the subject is silent after it; 0: as the policy says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyState:
    """What the policy remembers: alerts that were sent, or are on their way; what is muted."""

    told: Mapping[Subject, Told] = field(default_factory=lambda: MappingProxyType({}))
    mutes: tuple[Mute, ...] = ()
    seen: Mapping[str, Times] = field(default_factory=lambda: MappingProxyType({}))
    """Events towards a threshold, by subject."""
    raised: Mapping[str, Times] = field(default_factory=lambda: MappingProxyType({}))
    """Alerts of the last minute, by camera."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Tell, with which words; or do not, and why."""

    notice: Notice | None
    code: str
    """`told`, `told_critical`, `not_open`, `severity_low`, `muted`, `quiet_hours`, `too_few`,
    `quiet`, `too_many`."""
    numbers: Numbers = field(default_factory=dict)
    joins: UUID | None = None
    """The alert that the event belongs to, where it is silent because of that one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPolicy:
    """Pure: all memory is in the state. Times are those of the events, never the wall clock's.

    An alert that is told begins a cool-down of its camera, rule and label. It counts while the
    alert is on its way, and it ends at once when the alert reaches nobody (`failed`): then the
    next event is told. A subject that goes on and on is damped: each alert that follows soon after
    a cool-down doubles the next one, up to `most_quiet_s`. Critical events are told always, also in
    quiet hours, up to a ceiling of their own, and begin a cool-down too; only what is muted by
    somebody is silent even then. What is silent because of the hour begins none, so the first event
    after them is told.
    """

    min_severity: Severity = Severity.INFO
    quiet_s: float = 60.0
    most_quiet_s: float = 0.0
    """Longest cool-down of a subject that goes on and on; less than `quiet_s`: it never grows."""
    rules: tuple[AlertRule, ...] = ()
    """The first that concerns an event counts."""
    ceiling: Ceiling = field(default_factory=Ceiling)
    quiet_hours: Mapping[str, Calendar] = field(default_factory=dict)
    """By site: when nobody is told of anything but what is critical."""
    links: EventLinks | None = None
    """Where people can look; nowhere where absent."""
    camera_titles: Mapping[str, str] = field(default_factory=dict)
    """Names for people by camera id; the id where absent."""

    @property
    def longest_s(self) -> float:
        """Alerts that are older than this silence and damp nothing."""
        quiet_s = max((self.quiet_s, *(rule.quiet_s or 0.0 for rule in self.rules)))
        return CALM * max(quiet_s, self.most_quiet_s)

    def start(self) -> PolicyState:
        """The state before the first event."""
        return PolicyState()

    def restored(self, state: PolicyState, alerts: Iterable[Alert]) -> PolicyState:
        """The cool-downs of alerts that an earlier life raised; those of this life stay."""
        known = {
            (a.camera_id, a.rule_id, a.label): Told(alert_id=a.id, at=a.raised_at) for a in alerts
        }
        return replace(state, told=MappingProxyType({**known, **state.told}))

    def muted(self, state: PolicyState, mutes: Sequence[Mute]) -> PolicyState:
        """Other mutes hold."""
        return replace(state, mutes=tuple(mutes))

    def consider(
        self, state: PolicyState, event: Event, at: datetime
    ) -> tuple[PolicyState, Decision]:
        """Judge an event that just opened; `at` is its time (`opened_at`).

        The same event judged again (the bus delivers at least once) gets the same alert id, and
        its own cool-down does not silence it: the notifier's log knows who was told already.
        """
        if (refused := self._against(state, event, at)) is not None:
            return state, refused
        rule = next((r for r in self.rules if r.concerns(event.camera_id, event.rule_id)), PLAIN)
        subject = (event.camera_id, event.rule_id, event.label)
        mine, last = alert_id(event.id), state.told.get(subject)
        critical = event.severity is Severity.CRITICAL
        state, enough = _towards(state, rule, subject, event.id, at)
        if enough is not None:
            return state, enough
        if last is not None and last.alert_id != mine and not critical:
            passed_s = abs((at - last.at).total_seconds())  # a replay may go back in time
            quiet_s = last.quiet_s or self._quiet_s(rule)
            if passed_s < quiet_s:
                numbers = {"passed_s": round(passed_s, 3), "quiet_s": quiet_s}
                return state, Decision(
                    notice=None, code="quiet", numbers=numbers, joins=last.alert_id
                )
        state, over = self._under_the_ceiling(state, event, mine, at)
        if over is not None:
            return state, over
        told = Told(alert_id=mine, at=at, quiet_s=self._next_quiet_s(rule, last, mine, at))
        return (
            self._with(state, subject, told),
            Decision(
                notice=self._notice(event, mine), code="told_critical" if critical else "told"
            ),
        )

    def against(self, state: PolicyState, notice: Notice) -> Numbers | None:
        """Why nobody is to be told of what somebody asked for at the gateway; None: they are."""
        if notice.severity.rank < self.min_severity.rank:
            return {"severity": notice.severity.value, "needed": self.min_severity.value}
        where = (notice.site_id, notice.camera_id, notice.rule_id, notice.at)
        if (mute := next((m for m in state.mutes if m.covers_what(*where)), None)) is not None:
            return {"muted_until": mute.until.isoformat(), "by": mute.by}
        critical = notice.severity is Severity.CRITICAL
        if not critical and (until := self._quiet_until(notice.site_id, notice.at)) is not None:
            return {"again": until.isoformat()}
        return None

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
        return replace(state, told=MappingProxyType(kept))

    def _against(self, state: PolicyState, event: Event, at: datetime) -> Decision | None:
        """Why nobody is to be told of an event, whatever was told before."""
        if event.state is not EventState.OPEN:
            return Decision(notice=None, code="not_open")
        if event.severity.rank < self.min_severity.rank:
            needed = {"severity": event.severity.value, "needed": self.min_severity.value}
            return Decision(notice=None, code="severity_low", numbers=needed)
        if (mute := next((m for m in state.mutes if m.covers(event)), None)) is not None:
            numbers = {"until": mute.until.isoformat(), "by": mute.by}
            return Decision(notice=None, code="muted", numbers=numbers)
        critical = event.severity is Severity.CRITICAL
        if not critical and (until := self._quiet_until(event.site_id, at)) is not None:
            hour = {"until": until.isoformat()}
            return Decision(notice=None, code="quiet_hours", numbers=hour)
        return None

    def _under_the_ceiling(
        self, state: PolicyState, event: Event, mine: UUID, at: datetime
    ) -> tuple[PolicyState, Decision | None]:
        """Count an alert of its camera; a refusal where there are as many as there may be."""
        most = self.ceiling.of(critical=event.severity is Severity.CRITICAL)
        before = state.raised.get(event.camera_id, ())
        recent = tuple(each for each in before if abs(at - each[1]) < MINUTE)
        if len(recent) >= most and all(known != mine for known, _ in recent):
            return state, Decision(notice=None, code="too_many", numbers={"a_minute": most})
        longest = max(self.ceiling.most, self.ceiling.most_critical)
        after = counted(recent, mine, at, MINUTE, longest)
        kept = pruned(state.raised, at, MINUTE) | {event.camera_id: after}
        return replace(state, raised=MappingProxyType(kept)), None

    def _quiet_s(self, rule: AlertRule) -> float:
        return self.quiet_s if rule.quiet_s is None else rule.quiet_s

    def _next_quiet_s(self, rule: AlertRule, last: Told | None, mine: UUID, at: datetime) -> float:
        """How long a subject is silent after being told now."""
        plain = self._quiet_s(rule)
        if last is None or plain >= self.most_quiet_s:
            return plain
        before = last.quiet_s or plain
        if last.alert_id == mine:
            return before
        goes_on = abs((at - last.at).total_seconds()) < CALM * before
        return min(2 * before, self.most_quiet_s) if goes_on else plain

    def _quiet_until(self, site_id: str, at: datetime) -> datetime | None:
        """When the quiet hours end; None where there are none now."""
        hours = self.quiet_hours.get(site_id)
        if hours is None:
            return None
        phase = hours.phase(to_us(at))
        return from_us(phase.until_us) if phase.active else None

    def _with(self, state: PolicyState, subject: Subject, told: Told) -> PolicyState:
        """The new entry, without the entries that silence nobody any more."""
        longest = max((self.quiet_s, *(rule.quiet_s or 0.0 for rule in self.rules)))
        kept = {
            key: old
            for key, old in state.told.items()
            if abs((told.at - old.at).total_seconds()) < CALM * max(old.quiet_s, longest)
        }
        return replace(state, told=MappingProxyType({**kept, subject: told}))

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
            link=None if self.links is None else self.links.of(event),
            correlation_id=event.correlation_id,
        )


def _towards(
    state: PolicyState, rule: AlertRule, subject: Subject, event_id: UUID, at: datetime
) -> tuple[PolicyState, Decision | None]:
    """Count an event towards the threshold of its subject; a refusal while there are too few."""
    if rule.at_least <= 1:
        return state, None
    within = timedelta(seconds=rule.within_s)
    key = "/".join(subject)
    times = counted(state.seen.get(key, ()), event_id, at, within, rule.at_least)
    longest = timedelta(days=1)
    seen = pruned(state.seen, at, longest) | {key: times}
    state = replace(state, seen=MappingProxyType(seen))
    if len(times) >= rule.at_least:
        return state, None
    numbers = {"count": len(times), "needed": rule.at_least, "within_s": rule.within_s}
    return state, Decision(notice=None, code="too_few", numbers=numbers)


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
