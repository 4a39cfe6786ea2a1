"""Who is told of what, and when silence is right."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from vedette.alerts.links import EventLinks, LinkSigner
from vedette.alerts.policy import AlertPolicy, PolicyState, verdict_of
from vedette.alerts.wish import ChannelWish
from vedette.calendar.schedule import Calendar, Place, Schedule
from vedette.contracts.event import Event, EventState, Severity
from vedette.kit.ids import alert_id, event_id

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def an_event(after_s: float = 0.0, **changes: Any) -> Event:
    at = NOON + timedelta(seconds=after_s)
    values: dict[str, Any] = {
        "id": event_id("home", "front_door", "visitors", "track-1", int(after_s * 1e6)),
        "site_id": "home",
        "camera_id": "front_door",
        "rule_id": "visitors",
        "event_type": "enter",
        "label": "person",
        "zone_id": "yard",
        "dedupe_key": "track-1",
        "track_ids": ("front_door/s1/12",),
        "state": EventState.OPEN,
        "started_at": at,
        "opened_at": at,
        "updated_at": at,
        "score": 0.87,
        "correlation_id": "c-1",
    }
    return Event.model_validate({**values, **changes})


def told(policy: AlertPolicy, *events: Event) -> list[str]:
    """The codes of the decisions on the events, each at its own time."""
    state, codes = policy.start(), []
    for event in events:
        state, decision = policy.consider(state, event, event.opened_at)
        assert (decision.notice is not None) == decision.code.startswith("told")
        codes.append(decision.code)
    return codes


@pytest.mark.parametrize(
    ("least", "severity", "code"),
    [
        (Severity.INFO, Severity.INFO, "told"),
        (Severity.WARNING, Severity.INFO, "severity_low"),
        (Severity.WARNING, Severity.WARNING, "told"),
        (Severity.CRITICAL, Severity.WARNING, "severity_low"),
        (Severity.CRITICAL, Severity.CRITICAL, "told_critical"),
    ],
)
def test_only_events_severe_enough_are_told(least: Severity, severity: Severity, code: str) -> None:
    assert told(AlertPolicy(min_severity=least), an_event(severity=severity)) == [code]


@pytest.mark.parametrize(
    ("later", "code"),
    [
        ({"after_s": 59.9}, "quiet"),
        ({"after_s": 60.0}, "told"),
        ({"after_s": 10.0, "dedupe_key": "track-2"}, "quiet"),
        ({"after_s": 10.0, "label": "car"}, "told"),
        ({"after_s": 10.0, "rule_id": "loiterers"}, "told"),
        ({"after_s": 10.0, "camera_id": "garage"}, "told"),
        ({"after_s": 10.0, "severity": Severity.CRITICAL}, "told_critical"),
        ({"after_s": -10.0}, "quiet"),
        ({"after_s": -70.0}, "told"),
    ],
)
def test_a_repeat_within_the_quiet_time_is_silent(later: dict[str, Any], code: str) -> None:
    assert told(AlertPolicy(quiet_s=60.0), an_event(), an_event(**later)) == ["told", code]


def test_silence_does_not_make_the_silence_longer() -> None:
    events = [an_event(after_s) for after_s in (0.0, 40.0, 65.0)]
    assert told(AlertPolicy(quiet_s=60.0), *events) == ["told", "quiet", "told"]


def test_no_quiet_time_tells_every_event() -> None:
    events = [an_event(after_s) for after_s in (0.0, 0.5)]
    assert told(AlertPolicy(quiet_s=0.0), *events) == ["told", "told"]


def test_an_alert_that_reached_nobody_silences_nobody() -> None:
    policy = AlertPolicy(quiet_s=60.0)
    state, first = policy.consider(policy.start(), an_event(), NOON)
    assert first.notice is not None
    state = policy.failed(state, first.notice)

    _, second = policy.consider(state, an_event(5.0), NOON + timedelta(seconds=5))
    assert second.code == "told"


def test_an_old_failure_does_not_end_the_quiet_time_of_a_newer_alert() -> None:
    policy = AlertPolicy(quiet_s=60.0)
    state, first = policy.consider(policy.start(), an_event(), NOON)
    later = an_event(61.0)
    state, second = policy.consider(state, later, later.opened_at)
    assert first.notice is not None
    assert second.code == "told"

    state = policy.failed(state, first.notice)
    _, third = policy.consider(state, an_event(70.0), NOON + timedelta(seconds=70))
    assert third.code == "quiet"


def test_a_sent_alert_from_before_a_restart_begins_the_quiet_time() -> None:
    policy = AlertPolicy(quiet_s=60.0)
    _, decision = policy.consider(policy.start(), an_event(), NOON)
    assert decision.notice is not None
    state = policy.sent(policy.start(), decision.notice, decision.notice.at)

    _, repeat = policy.consider(state, an_event(30.0), NOON + timedelta(seconds=30))
    assert repeat.code == "quiet"
    assert repeat.numbers == {"passed_s": 30.0, "quiet_s": 60.0}


def test_the_same_event_again_is_the_same_alert_and_not_silenced_by_itself() -> None:
    policy = AlertPolicy()
    state, first = policy.consider(policy.start(), an_event(), NOON)
    again, second = policy.consider(state, an_event(), NOON)

    assert first.notice == second.notice
    assert first.notice is not None
    assert first.notice.alert_id == alert_id(an_event().id)
    assert again == state


@pytest.mark.parametrize("state", [EventState.CLOSED])
def test_a_closed_event_is_not_told(state: EventState) -> None:
    assert told(AlertPolicy(), an_event(state=state, ended_at=NOON)) == ["not_open"]


def test_the_memory_holds_only_what_can_still_silence_or_damp() -> None:
    policy, state = AlertPolicy(quiet_s=60.0), PolicyState()
    for number in range(1000):
        event = an_event(number * 10.0, rule_id=f"rule-{number}")
        state, _ = policy.consider(state, event, event.opened_at)

    assert len(state.told) == 12, "two cool-downs"
    assert sum(len(times) for times in state.raised.values()) <= 7, "a minute"


def test_the_notice_carries_what_channels_show() -> None:
    signer = LinkSigner(bytes(32))
    policy = AlertPolicy(
        links=EventLinks(base_url="http://127.0.0.1:8321/", signer=signer, lasts=timedelta(days=1)),
        camera_titles={"front_door": "Front door"},
    )
    event = an_event(numbers={"dwell_s": 3.5})
    _, decision = policy.consider(policy.start(), event, NOON)

    notice = decision.notice
    assert notice is not None
    assert notice.title == "Person entered yard (Front door)"
    address, _, token = (notice.link or "").rpartition("/")
    assert address == "http://127.0.0.1:8321/l"
    assert signer.read(token, NOON) == event.id
    assert (notice.label, notice.zone_id, notice.score) == ("person", "yard", 0.87)
    assert (notice.numbers, notice.correlation_id) == ({"dwell_s": 3.5}, "c-1")
    assert (notice.at, notice.picture) == (NOON, None)


def test_the_ledger_gets_the_track_the_code_and_the_numbers() -> None:
    policy = AlertPolicy(quiet_s=60.0)
    state, _ = policy.consider(policy.start(), an_event(), NOON)
    repeat = an_event(7.0)
    _, decision = policy.consider(state, repeat, repeat.opened_at)

    verdict = verdict_of(repeat, decision)
    assert (verdict.camera_id, verdict.track, verdict.stage) == ("front_door", 12, "alerts")
    assert verdict.code == "quiet"
    assert verdict.numbers == {"rule": "visitors", "passed_s": 7.0, "quiet_s": 60.0}
    assert verdict_of(an_event(track_ids=()), decision).track == 0


def hours(begin: str, end: str, zone: str = "UTC") -> Calendar:
    schedule = Schedule.model_validate({"windows": [{"begin": begin, "end": end}]})
    return Calendar(schedule, Place(time_zone=zone))


@pytest.mark.parametrize(
    ("quiet", "severity", "code"),
    [
        (hours("11:00", "13:00"), Severity.WARNING, "quiet_hours"),
        (hours("11:00", "13:00"), Severity.CRITICAL, "told_critical"),
        (hours("22:00", "06:00"), Severity.WARNING, "told"),
        (hours("20:00", "06:00", "Asia/Tokyo"), Severity.WARNING, "quiet_hours"),
    ],
)
def test_in_quiet_hours_only_what_is_critical_is_told(
    quiet: Calendar, severity: Severity, code: str
) -> None:
    assert told(AlertPolicy(quiet_hours={"home": quiet}), an_event(severity=severity)) == [code]
    assert told(AlertPolicy(quiet_hours={"farm": quiet}), an_event()) == ["told"]


def test_quiet_hours_say_when_they_end_and_begin_no_cool_down() -> None:
    policy = AlertPolicy(quiet_hours={"home": hours("11:00", "12:00")}, quiet_s=3600.0)
    before, after = an_event(-10.0), an_event(0.0)

    _, decision = policy.consider(policy.start(), before, before.opened_at)

    assert decision.numbers == {"until": "2026-11-21T12:00:00+00:00"}
    assert told(policy, before, after) == ["quiet_hours", "told"]


@pytest.mark.parametrize(
    ("wish", "against"),
    [
        (ChannelWish(), None),
        (ChannelWish(min_severity=Severity.WARNING, cameras=("front_door", "yard")), None),
        (
            ChannelWish(min_severity=Severity.CRITICAL),
            {"severity": "warning", "needed": "critical"},
        ),
        (ChannelWish(cameras=("yard",)), {"camera": "front_door", "wanted": "yard"}),
        (ChannelWish(hours={"home": hours("11:00", "13:00")}), None),
        (ChannelWish(hours={"farm": hours("01:00", "02:00")}), None),
        (
            ChannelWish(hours={"home": hours("13:00", "17:00")}),
            {"again": "2026-11-21T13:00:00+00:00"},
        ),
        (ChannelWish(only_escalations=True), {"wanted": "what nobody acknowledged"}),
    ],
)
def test_what_a_channel_does_not_want(wish: ChannelWish, against: dict[str, str] | None) -> None:
    event = an_event(severity=Severity.WARNING)
    policy = AlertPolicy()
    _, decision = policy.consider(policy.start(), event, event.opened_at)

    assert decision.notice is not None
    assert wish.against(decision.notice) == against
