"""How a camera of one or two streams is, in one state and one sentence."""

from dataclasses import dataclass

from vedette.contracts.facts import CameraState
from vedette.pipeline.announce import Announcer
from vedette.pipeline.stats import CameraStats

LOST = "camera_lost"
"""Why events end that nobody can follow any more."""
AWAY = {CameraState.LOST, CameraState.RETRYING, CameraState.FAILED}


@dataclass(slots=True, kw_only=True)
class Standing:
    """Noted and announced at every change. Each stream's thread tells of its own."""

    stats: CameraStats
    announcer: Announcer
    _looked: tuple[CameraState, str] = (CameraState.CONNECTING, "")
    _kept: tuple[CameraState | None, str] = (None, "")

    def looked(self, state: CameraState, detail: str = "", retry_in_s: float = 0.0) -> None:
        """Of the stream that is looked at."""
        self._looked = (state, detail)
        self._announce(retry_in_s)

    def kept(self, state: CameraState, detail: str = "") -> None:
        """Of the one that is only kept, where there are two."""
        self._kept = (state, detail)
        self._announce(0.0)

    def _announce(self, retry_in_s: float) -> None:
        state, detail = self._together()
        self.stats.state, self.stats.detail = state, detail
        self.announcer.status(state, detail, retry_in_s)

    def _together(self) -> tuple[CameraState, str]:
        (looked, detail), (kept, kept_detail) = self._looked, self._kept
        if kept in AWAY and looked is CameraState.ONLINE:
            told = f"detection goes on, but the stream that is recorded is away: {kept_detail}"
            return CameraState.DEGRADED, told
        if looked in AWAY and kept is CameraState.ONLINE:
            told = f"recording goes on, but the stream for detection is away: {detail}"
            return looked, told
        return looked, detail
