"""Who reads a channel, and whether any of them wants to be told."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.alerts.wish import ChannelWish, Readers
from vedette.calendar.schedule import Calendar, Place, Schedule
from vedette.contracts.event import Severity
from vedette.contracts.verdict import Numbers, Verdict
from vedette.explain.words import refusal, sentence
from vedette.testing.channel_contract import a_notice

ANNA_WARNED = ChannelWish(min_severity=Severity.CRITICAL)
BEN_AT_THE_DOOR = ChannelWish(cameras=("back_door",))
ALL = ChannelWish()


def test_what_is_nobody_s_is_told_everything() -> None:
    readers = Readers(of={"phone": {"anna": ANNA_WARNED}})
    assert readers.against("mail", a_notice()) is None


def test_one_who_wants_it_is_enough() -> None:
    readers = Readers(of={"phone": {"anna": ANNA_WARNED, "ben": ALL}})
    assert readers.against("phone", a_notice()) is None


@pytest.mark.parametrize(
    ("wishes", "why"),
    [
        ({"anna": ANNA_WARNED}, {"person": "anna", "severity": "warning", "needed": "critical"}),
        (
            {"ben": BEN_AT_THE_DOOR},
            {"person": "ben", "camera": "front_door", "wanted": "back_door"},
        ),
        ({"anna": None}, {"person": "anna", "wanted": "nothing there"}),
        (
            {"anna": None, "ben": BEN_AT_THE_DOOR},
            {"person": "anna", "wanted": "nothing there"},
        ),
    ],
)
def test_where_nobody_wants_it_the_first_one_s_reason_is_told(
    wishes: dict[str, ChannelWish | None], why: Numbers
) -> None:
    readers = Readers(of={"phone": wishes})
    assert readers.against("phone", a_notice()) == why


def test_hours_of_a_person() -> None:
    notice = a_notice()
    night = Schedule.model_validate({"windows": [{"begin": "22:00", "end": "06:00"}]})
    wish = ChannelWish(hours={"home": Calendar(night, Place(time_zone="UTC"))})
    readers = Readers(of={"phone": {"anna": wish}})
    assert readers.against("phone", notice) == {
        "person": "anna",
        "again": "2026-11-21T22:00:00+00:00",
    }
    late = notice.model_copy(update={"at": notice.at + timedelta(hours=9)})
    assert readers.against("phone", late) is None


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        (ChannelWish(rules=("visitors",)), None),
        (ChannelWish(zones=("yard", "lawn")), None),
        (ChannelWish(rules=("post",)), {"of_rule": "visitors", "wanted": "post"}),
        (ChannelWish(zones=("lawn",)), {"zone": "yard", "wanted": "lawn"}),
    ],
)
def test_a_channel_of_some_rules_or_zones(wish: ChannelWish, why: Numbers | None) -> None:
    assert wish.against(a_notice()) == why


def test_what_happens_in_no_zone_is_not_in_one_of_them() -> None:
    why = ChannelWish(zones=("lawn",)).against(a_notice(zone_id=None))
    assert why == {"zone": "none", "wanted": "lawn"}


@given(
    wishes=st.dictionaries(
        st.sampled_from("abcde"), st.sampled_from([ALL, ANNA_WARNED, BEN_AT_THE_DOOR, None])
    ),
    severity=st.sampled_from(Severity),
)
def test_a_channel_is_told_if_and_only_if_somebody_wants_it(
    wishes: dict[str, ChannelWish | None], severity: Severity
) -> None:
    notice = a_notice(severity=severity)
    told = Readers(of={"phone": wishes}).against("phone", notice) is None
    wanted = any(wish is not None and wish.against(notice) is None for wish in wishes.values())
    assert told is (wanted or not wishes)


def test_the_ledger_and_the_gateway_say_whose_wish_it_was() -> None:
    why = Readers(of={"phone": {"anna": ANNA_WARNED}}).against("phone", a_notice())
    assert why is not None
    line = Verdict(
        camera_id="yard",
        track=1,
        stage="alerts",
        at_us=0,
        code="not_wanted",
        numbers={"rule": "visitors", "channel": "phone", **why},
    )
    assert sentence(line) == (
        "phone, which anna reads, is not to be told: warning is less than critical"
    )
    assert refusal(why) == "warning is less than critical"
