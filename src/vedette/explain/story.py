"""The story of one object, or of one event: what it came to, and line by line why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from vedette.contracts.notice import DeliveryStatus, Notice
from vedette.contracts.verdict import Numbers, Verdict
from vedette.explain.figures import Say, below
from vedette.explain.words import remedy, sentence
from vedette.kit.clock import from_us

STAGES = ("motion", "detect", "track", "zones", "rules", "media", "tamper", "alerts", "notify")
"""In the order of the product."""

PASSED_OVER = ("detect", "passed_over")
"""Stage and code of what was seen and not followed."""

PREDICATES = (
    *("off_schedule", "label", "score_low", "too_small", "outside"),
    *("direction", "appeared_inside", "vanished", "dwell_short"),
)
"""Codes of refusals, in the order in which they are asked."""


class Told(Protocol):
    """What became of an alert on one channel."""

    @property
    def notice(self) -> Notice: ...
    @property
    def channel(self) -> str: ...
    @property
    def status(self) -> DeliveryStatus: ...
    @property
    def target(self) -> str: ...
    @property
    def error(self) -> str: ...
    @property
    def attempts(self) -> int: ...
    @property
    def updated_at(self) -> datetime: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One sentence of the story."""

    at: datetime
    stage: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What people read: the answer first, then how it came to that."""

    about: str
    """`person, track yard/1700000000/7, 14:03:12 to 14:03:40`."""
    answers: tuple[str, ...]
    """What it came to, the most decisive first."""
    remedies: tuple[str, ...]
    """Settings that stood in the way, as they would have to be; empty where nothing did."""
    lines: tuple[Line, ...]


def story_of(about: str, verdicts: Sequence[Verdict], told: Sequence[Told] = ()) -> Story:
    """Put it together.

    Args:
        verdicts: of one object, in any order.
        told: what channels did about its events.
    """
    ordered = sorted(verdicts, key=_place)
    lines = [Line(at=from_us(v.at_us), stage=v.stage, text=sentence(v)) for v in ordered]
    lines += [Line(at=each.updated_at, stage="notify", text=_delivery(each)) for each in told]
    answers, remedies = _answers(ordered, told)
    return Story(about=about, answers=answers, remedies=remedies, lines=tuple(lines))


def _place(verdict: Verdict) -> tuple[int, int]:
    """By time; of one moment in the order of the product."""
    stage = STAGES.index(verdict.stage) if verdict.stage in STAGES else len(STAGES)
    return verdict.at_us, stage


def _answers(
    verdicts: Sequence[Verdict], told: Sequence[Told]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    opened = [v for v in verdicts if v.stage == "rules" and v.code.startswith("open:")]
    if opened:
        return _of_events(opened, [v for v in verdicts if v.stage == "alerts"], told)
    refused = _last_word(verdicts)
    if refused:
        return (
            ("No event was opened.", *(_capital(sentence(v)) for v in refused)),
            tuple(filter(None, (_setting(v) for v in refused))),
        )
    return _uncounted(verdicts)


def _of_events(
    opened: Sequence[Verdict], policy: Sequence[Verdict], told: Sequence[Told]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    answers = [_capital(_delivery(each)) for each in told]
    remedies: list[str] = []
    for verdict in policy:
        if verdict.code not in ("told", "told_critical"):
            answers.append(f"Of rule {verdict.numbers.get('rule', '?')} {sentence(verdict)}.")
            remedies.append(_policy_setting(verdict.code, verdict.numbers))
    if not answers:
        answers.append(
            "Nobody was told: the policy of alerts has not spoken, or no channel is set."
        )
    answers += [_capital(sentence(each)) for each in opened]
    return tuple(answers), tuple(filter(None, remedies))


def _last_word(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Of each rule, why it opened nothing when it came closest, the latest time; the closest rule
    first."""
    closest: dict[str, Verdict] = {}
    for verdict in verdicts:
        if verdict.stage == "rules" and verdict.code.startswith("reject:"):
            rule = str(verdict.numbers.get("rule", "?"))
            if rule not in closest or _closeness(verdict) >= _closeness(closest[rule]):
                closest[rule] = verdict
    return sorted(closest.values(), key=_closeness, reverse=True)


def _closeness(verdict: Verdict) -> int:
    code = verdict.code.removeprefix("reject:")
    return PREDICATES.index(code) if code in PREDICATES else len(PREDICATES)


def _uncounted(verdicts: Sequence[Verdict]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """No rule has said a word: it never counted."""
    for verdict in reversed(verdicts):
        if (verdict.stage, verdict.code) == PASSED_OVER:
            return (f"Nobody was followed: {sentence(verdict)}.",), _of_tracker(verdict.numbers)
        if (verdict.stage, verdict.code) == ("track", "score_low"):
            median = {"score": verdict.numbers.get("median", 0.0)}
            setting = f"detect.{remedy('score_low', median)}"
            return (f"No rule was asked: it {sentence(verdict)}.",), (setting,)
        if (verdict.stage, verdict.code) == ("zones", "excluded"):
            return (f"No rule was asked: it {sentence(verdict)}.",), ()
    if not any(v.code == "confirmed" for v in verdicts):
        return ("No rule was asked: it was not seen often enough to count.",), ()
    return ("No rule of this camera had a word about it.",), ()


def _of_tracker(numbers: Numbers) -> tuple[str, ...]:
    """Its settings that would have had a doubtful box followed."""
    score = float(numbers.get("score", 0.0))
    names = ["new_score", *(["high_score"] if score < float(numbers.get("sure", 0.0)) else [])]
    return tuple(f"tracker.{name}: {below(score, 2)}" for name in names)


def _setting(verdict: Verdict) -> str:
    code = verdict.code.removeprefix("reject:")
    found = remedy(code, verdict.numbers)
    return f"rule {verdict.numbers.get('rule', '?')}, {found}" if found else ""


def _policy_setting(code: str, numbers: Numbers) -> str:
    """The setting of the alert policy that stood in the way; empty where none did."""
    setting = _POLICY_SETTINGS.get(code)
    return "" if setting is None else setting(numbers)


def _wished(numbers: Numbers) -> str:
    if site := {"site_allows", "site_routes", "enabled", "a_minute"}.intersection(numbers):
        names = {"site_allows": "channels", "site_routes": "routes", "a_minute": "most_a_minute"}
        key = site.pop()
        return f"sites, notify.{names.get(key, key)}"
    if "camera" in numbers:
        wanted = f"cameras: add {numbers['camera']}"
    elif "of_rule" in numbers:
        wanted = f"rules: add {numbers['of_rule']}"
    elif "zone" in numbers:
        wanted = f"zones: add {numbers['zone']}"
    elif "again" in numbers:
        wanted = "hours: a window that holds then"
    elif "severity" in numbers:
        wanted = f"min_severity: {numbers['severity']}"
    else:
        wanted = "only_escalations: false"
    if "person" in numbers:
        return f"notify.people, {numbers['person']}, {wanted}"
    return f"channel {numbers.get('channel', '?')}, {wanted}"


_POLICY_SETTINGS: dict[str, Say] = {
    "quiet": lambda n: f"notify.quiet_s: {below(n.get('passed_s', 0.0), 2)}",
    "severity_low": lambda n: f"notify.min_severity: {n.get('severity', '')}",
    "not_wanted": _wished,
    "too_few": lambda n: f"notify.alerts, at_least: {n.get('count', 1)}",
    "too_many": lambda n: f"notify.most_a_minute: more than {n.get('a_minute', '?')}",
    "muted": lambda _: "the mute (vedette alerts mutes)",
    "quiet_hours": lambda _: "notify.quiet_hours: windows that leave that time out",
}


def _delivery(told: Told) -> str:
    who = told.channel if told.notice.follow_up is None else f"{told.channel}, with the video,"
    match told.status:
        case DeliveryStatus.SENT:
            return f"{who} told {told.target}"
        case DeliveryStatus.DIGESTED:
            return f"{who} could not be reached then; it told of it later, in a {told.target}"
        case DeliveryStatus.FAILED:
            return f"{who} told nobody, after {told.attempts} attempts: {told.error}"
    waiting = f" (last: {told.error})" if told.error else ""
    return f"{who} has not told anybody yet, {told.attempts} attempts{waiting}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
