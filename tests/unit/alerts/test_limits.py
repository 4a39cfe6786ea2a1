"""Thresholds, damping, ceilings, mutes: pure, by the times of the events."""

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.alerts.test_alert_policy import NOON, an_event, told
from vedette.alerts.limits import AlertRule, Ceiling
from vedette.alerts.policy import AlertPolicy
from vedette.contracts.alert import Alert, Mute
from vedette.contracts.event import Event, Severity
from vedette.kit.ids import alert_id

THREE_IN_TEN = AlertRule(rules=("visitors",), at_least=3, within_s=600.0)


def at(*seconds: float, **changes: object) -> list[Event]:
    return [an_event(second, **changes) for second in seconds]


def test_so_many_before_anybody_is_told() -> None:
    policy = AlertPolicy(rules=(THREE_IN_TEN,), quiet_s=0.0)

    assert told(policy, *at(0, 100, 599)) == ["too_few", "too_few", "told"]
    assert told(policy, *at(0, 100, 701)) == ["too_few", "too_few", "too_few"]
    assert told(policy, *at(0, 100, 200, 900)) == ["too_few", "too_few", "told", "too_few"]


def test_an_event_that_is_told_twice_counts_once() -> None:
    first, second = at(0, 10)
    policy = AlertPolicy(rules=(THREE_IN_TEN,))

    assert told(policy, first, first, first, second) == ["too_few"] * 4


def test_the_first_rule_that_concerns_an_event_counts() -> None:
    policy = AlertPolicy(
        rules=(
            AlertRule(cameras=("garden",), at_least=5),
            AlertRule(rules=("visitors",), quiet_s=10.0),
            AlertRule(at_least=2),
        ),
        quiet_s=100.0,
    )

    assert told(policy, *at(0, 5, 11)) == ["told", "quiet", "told"]
    assert told(policy, *at(0, 5, rule_id="cars")) == ["too_few", "told"]
    assert told(policy, *at(0, 5, camera_id="garden")) == ["too_few", "too_few"]


def test_a_subject_that_goes_on_and_on_is_told_ever_more_rarely() -> None:
    policy = AlertPolicy(quiet_s=60.0, most_quiet_s=240.0)
    events = at(*range(0, 1500, 10))
    codes = told(policy, *events)

    times = [number * 10 for number, code in enumerate(codes) if code == "told"]
    assert times == [0, 60, 180, 420, 660, 900, 1140, 1380]


def test_after_a_calm_while_it_is_told_as_at_first() -> None:
    policy = AlertPolicy(quiet_s=60.0, most_quiet_s=960.0)

    assert told(policy, *at(0, 70, 200, 700, 761)) == ["told", "told", "told", "told", "told"]


def test_a_camera_has_a_ceiling_and_critical_a_higher_one() -> None:
    policy = AlertPolicy(quiet_s=0.0, ceiling=Ceiling(most=2, most_critical=4))
    rules = [f"r{number}" for number in range(6)]
    plain = [an_event(number, rule_id=rule) for number, rule in enumerate(rules)]
    urgent = [e.model_copy(update={"severity": Severity.CRITICAL}) for e in plain]
    elsewhere = an_event(6, camera_id="garden")

    assert told(policy, *plain, elsewhere) == ["told"] * 2 + ["too_many"] * 4 + ["told"]
    assert told(policy, *plain[:3], *urgent[3:]) == [
        *("told", "told", "too_many"),
        *("told_critical", "told_critical", "too_many"),
    ]
    assert told(policy, *plain[:2], an_event(70, rule_id="later")) == ["told"] * 3


@given(
    seconds=st.lists(st.integers(0, 300), min_size=1, max_size=80),
    most=st.integers(1, 5),
    severe=st.sets(st.integers(0, 79)),
)
def test_never_more_than_the_ceiling_within_any_minute(
    seconds: list[int], most: int, severe: set[int]
) -> None:
    policy = AlertPolicy(quiet_s=0.0, ceiling=Ceiling(most=most, most_critical=2 * most))
    events = [
        an_event(
            second,
            id=UUID(int=number),
            rule_id=f"r{number}",
            severity=Severity.CRITICAL if number in severe else Severity.INFO,
        )
        for number, second in enumerate(sorted(seconds))
    ]
    codes = told(policy, *events)
    sent = [e.opened_at for e, code in zip(events, codes, strict=True) if code.startswith("told")]

    for first in sent:
        assert sum(first <= each < first + timedelta(minutes=1) for each in sent) <= 2 * most


@pytest.mark.parametrize(
    ("mute", "code"),
    [
        ({}, "muted"),
        ({"camera_id": "front_door"}, "muted"),
        ({"camera_id": "garden"}, "told_critical"),
        ({"rule_id": "visitors"}, "muted"),
        ({"camera_id": "front_door", "rule_id": "cars"}, "told_critical"),
        ({"site_id": "farm"}, "told_critical"),
        ({"until": NOON}, "told_critical"),
        ({"begun_at": NOON + timedelta(seconds=1)}, "told_critical"),
    ],
)
def test_what_somebody_muted_is_silent_even_where_it_is_critical(
    mute: dict[str, object], code: str
) -> None:
    values = {"site_id": "home", "begun_at": NOON, "until": NOON + timedelta(hours=1), "by": "ada"}
    policy = AlertPolicy()
    state = policy.muted(policy.start(), [Mute.model_validate(values | mute)])

    _, decision = policy.consider(state, an_event(severity=Severity.CRITICAL), NOON)

    assert decision.code == code


def test_cool_downs_of_an_earlier_life_hold() -> None:
    policy, before, after = AlertPolicy(quiet_s=60.0), an_event(0), an_event(30)
    alert = Alert(
        id=alert_id(before.id),
        title="",
        event_id=before.id,
        raised_at=before.opened_at,
        last_event_id=before.id,
        last_at=before.opened_at,
        stored_at=NOON,
        updated_at=NOON,
        **before.model_dump(
            include={"site_id", "camera_id", "rule_id", "label", "event_type", "severity"}
        ),
    )
    state = policy.restored(policy.start(), [alert])

    _, decision = policy.consider(state, after, after.opened_at)

    assert (decision.code, decision.joins) == ("quiet", alert.id)
