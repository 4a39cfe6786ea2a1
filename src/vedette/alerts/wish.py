"""What one channel wants to be told of: the rest is not for it."""

from dataclasses import dataclass

from vedette.contracts.event import Severity
from vedette.contracts.notice import Notice
from vedette.contracts.verdict import Numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelWish:
    """Pure; the same notice always gets the same answer."""

    min_severity: Severity = Severity.INFO
    cameras: tuple[str, ...] = ()
    """Only of these; of all where empty."""
    only_escalations: bool = False
    """Only of what nobody acknowledged, which is sent whatever it wishes."""

    def against(self, notice: Notice) -> Numbers | None:
        """Why a notice is not for this channel, in figures; None where it is."""
        if self.only_escalations:
            return {"wanted": "what nobody acknowledged"}
        if notice.severity.rank < self.min_severity.rank:
            return {"severity": notice.severity.value, "needed": self.min_severity.value}
        if self.cameras and notice.camera_id not in self.cameras:
            return {"camera": notice.camera_id, "wanted": ", ".join(self.cameras)}
        return None


EVERYTHING = ChannelWish()
