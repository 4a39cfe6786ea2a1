"""What one channel, and who reads it, wants to be told of: the rest is not for it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from vedette.calendar.schedule import Calendar
from vedette.contracts.event import Severity
from vedette.contracts.notice import Notice
from vedette.contracts.verdict import Numbers
from vedette.kit.clock import from_us, to_us


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelWish:
    """Pure; the same notice always gets the same answer."""

    min_severity: Severity = Severity.INFO
    cameras: tuple[str, ...] = ()
    """Only of these; of all where empty."""
    rules: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    hours: Mapping[str, Calendar] = field(default_factory=dict)
    """By site: when it is told; at any time where a site is not in it."""
    only_escalations: bool = False
    """Only of what nobody acknowledged, which is sent whatever it wishes."""

    def against(self, notice: Notice) -> Numbers | None:
        """Why a notice is not for this channel, in figures; None where it is."""
        if self.only_escalations:
            return {"wanted": "what nobody acknowledged"}
        if notice.severity.rank < self.min_severity.rank:
            return {"severity": notice.severity.value, "needed": self.min_severity.value}
        if (hours := self.hours.get(notice.site_id)) is not None:
            phase = hours.phase(to_us(notice.at))
            if not phase.active:
                return {"again": from_us(phase.until_us).isoformat()}
        return self._elsewhere(notice)

    def _elsewhere(self, notice: Notice) -> Numbers | None:
        if self.cameras and notice.camera_id not in self.cameras:
            return {"camera": notice.camera_id, "wanted": ", ".join(self.cameras)}
        if self.rules and notice.rule_id not in self.rules:
            return {"of_rule": notice.rule_id, "wanted": ", ".join(self.rules)}
        if self.zones and notice.zone_id not in self.zones:
            return {"zone": notice.zone_id or "none", "wanted": ", ".join(self.zones)}
        return None


EVERYTHING = ChannelWish()


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """Who reads which channel. What nobody's is, is for all."""

    of: Mapping[str, Mapping[str, ChannelWish | None]] = field(default_factory=dict)
    """By channel, by person: what that person wants to be told of there; None: nothing now."""

    def against(self, channel: str, notice: Notice) -> Numbers | None:
        """Why nobody of those who read a channel wants it; None where somebody does."""
        readers = self.of.get(channel)
        if not readers:
            return None
        first: Numbers | None = None
        for person, wish in readers.items():
            why = {"wanted": "nothing there"} if wish is None else wish.against(notice)
            if why is None:
                return None
            first = first or {"person": person, **why}
        return first
