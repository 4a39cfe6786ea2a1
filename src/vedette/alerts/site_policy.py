"""What a site lets out: at all, over which channels, to whom by severity, how often. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType

from vedette.alerts.limits import MINUTE, Times, counted, pruned
from vedette.contracts.event import Severity
from vedette.contracts.notice import Notice
from vedette.contracts.verdict import Numbers

CRITICAL = 5
"""Critical alerts may be so many times as many within a minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Alerts of this severity, and what is more severe, go over these channels."""

    min_severity: Severity = Severity.INFO
    channels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteRule:
    """Of one site."""

    enabled: bool = True
    channels: tuple[str, ...] | None = None
    """Those that are allowed; None: all."""
    routes: tuple[Route, ...] = ()
    """The most severe one that fits counts; without any, every allowed channel does."""
    most_a_minute: int | None = None
    """Alerts; None: any number."""
    card: bool | None = None
    """Chats that can do both get a card, or text; None: as each is set."""

    def against(self, channel: str, severity: Severity) -> Numbers | None:
        """Why a channel does not get an alert of the site; None where it does."""
        if self.channels is not None and channel not in self.channels:
            return {"site_allows": ", ".join(self.channels) or "no channel"}
        fitting = [route for route in self.routes if severity.rank >= route.min_severity.rank]
        if not self.routes:
            return None
        route = max(fitting, key=lambda each: each.min_severity.rank, default=Route())
        if channel not in route.channels:
            return {"site_routes": ", ".join(route.channels) or "no channel"}
        return None


ANYTHING = SiteRule()


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteState:
    """Alerts of the last minute, by site."""

    sent: Mapping[str, Times] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class SitePolicy:
    """Of all sites; a site that is not in it allows anything."""

    sites: Mapping[str, SiteRule] = field(default_factory=dict)

    def of(self, site_id: str) -> SiteRule:
        return self.sites.get(site_id, ANYTHING)

    def admit(
        self, state: SiteState, notice: Notice, at: datetime
    ) -> tuple[SiteState, Numbers | None]:
        """Count an alert of its site; why it must not go out at all, where it must not.

        The same alert again (the bus delivers at least once) is counted once.
        """
        rule = self.of(notice.site_id)
        if not rule.enabled:
            return state, {"site": notice.site_id, "enabled": "no"}
        if rule.most_a_minute is None:
            return state, None
        most = rule.most_a_minute * (CRITICAL if notice.severity is Severity.CRITICAL else 1)
        before = state.sent.get(notice.site_id, ())
        recent = tuple(each for each in before if abs(at - each[1]) < MINUTE)
        known = any(alert == notice.alert_id for alert, _ in recent)
        if len(recent) >= most and not known:
            return state, {"site": notice.site_id, "a_minute": most}
        after = counted(recent, notice.alert_id, at, MINUTE, CRITICAL * rule.most_a_minute)
        kept = pruned(state.sent, at, MINUTE) | {notice.site_id: after}
        return replace(state, sent=MappingProxyType(kept)), None
