"""What a site lets out: switched off, allowed channels, routes by severity, so many a minute."""

from datetime import timedelta
from uuid import UUID

import pytest

from tests.unit.alerts.test_alert_policy import NOON
from vedette.alerts.site_policy import CRITICAL, Route, SitePolicy, SiteRule, SiteState
from vedette.contracts.event import Severity
from vedette.contracts.notice import Notice
from vedette.testing.channel_contract import a_notice

BOTH = (
    Route(min_severity=Severity.CRITICAL, channels=("boss",)),
    Route(min_severity=Severity.INFO, channels=("guard",)),
)


def notice(number: int, *, site: str = "home", severity: Severity = Severity.INFO) -> Notice:
    return a_notice(alert_id=UUID(int=number), site_id=site, severity=severity)


@pytest.mark.parametrize(
    ("rule", "channel", "severity", "against"),
    [
        (SiteRule(), "boss", Severity.INFO, None),
        (SiteRule(channels=("guard",)), "guard", Severity.INFO, None),
        (SiteRule(channels=("guard",)), "boss", Severity.INFO, {"site_allows": "guard"}),
        (SiteRule(channels=()), "boss", Severity.CRITICAL, {"site_allows": "no channel"}),
        (SiteRule(routes=BOTH), "boss", Severity.CRITICAL, None),
        (SiteRule(routes=BOTH), "guard", Severity.CRITICAL, {"site_routes": "boss"}),
        (SiteRule(routes=BOTH), "guard", Severity.WARNING, None),
        (SiteRule(routes=BOTH), "boss", Severity.WARNING, {"site_routes": "guard"}),
        (SiteRule(routes=BOTH[:1]), "boss", Severity.INFO, {"site_routes": "no channel"}),
        (
            SiteRule(channels=("guard",), routes=BOTH),
            "boss",
            Severity.CRITICAL,
            {"site_allows": "guard"},
        ),
    ],
)
def test_over_which_channels(
    rule: SiteRule, channel: str, severity: Severity, against: dict[str, str] | None
) -> None:
    assert rule.against(channel, severity) == against


def test_a_site_that_is_switched_off_tells_nothing_and_another_one_does() -> None:
    policy = SitePolicy(sites={"farm": SiteRule(enabled=False)})

    assert policy.admit(SiteState(), notice(1, site="farm"), NOON)[1] == {
        "site": "farm",
        "enabled": "no",
    }
    assert policy.admit(SiteState(), notice(1), NOON)[1] is None


def test_the_third_in_a_minute_is_limited_and_another_site_is_not() -> None:
    policy, state = SitePolicy(sites={"home": SiteRule(most_a_minute=2)}), SiteState()
    against = []
    for number, site, after_s in [
        *((1, "home", 0), (2, "home", 10), (2, "home", 11)),
        *((3, "home", 20), (4, "farm", 21), (5, "home", 61)),
    ]:
        at = NOON + timedelta(seconds=after_s)
        state, why = policy.admit(state, notice(number, site=site), at)
        against.append(why)

    assert against == [None, None, None, {"site": "home", "a_minute": 2}, None, None]


def test_critical_ones_have_a_ceiling_of_their_own() -> None:
    policy, state = SitePolicy(sites={"home": SiteRule(most_a_minute=2)}), SiteState()
    refused = 0
    for number in range(30):
        state, why = policy.admit(state, notice(number, severity=Severity.CRITICAL), NOON)
        refused += why is not None

    assert refused == 30 - 2 * CRITICAL
