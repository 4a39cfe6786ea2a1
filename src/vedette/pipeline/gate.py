"""Which frames are looked at: a few per second, and the detector only when something moves."""

from dataclasses import dataclass, field

from vedette.contracts.sight import Motion

TOLERANCE_US = 10_000
"""A frame that comes this much too early is still the one that was meant."""


@dataclass(slots=True, kw_only=True)
class Sampler:
    """Thins moments to `fps`, evenly; the same moments always give the same choice."""

    fps: float
    _due_us: int | None = None

    def takes(self, at_us: int) -> bool:
        """True when this moment is one of the chosen."""
        period_us = round(1e6 / self.fps)
        due_us = self._due_us
        if due_us is None or due_us > at_us + period_us + TOLERANCE_US:  # first, or another rate
            due_us = at_us
        if at_us + TOLERANCE_US < due_us:
            return False
        self._due_us = max(due_us, at_us) if due_us + period_us <= at_us else due_us
        self._due_us += period_us
        return True

    def chooses(self, after_us: int, until_us: int) -> bool:
        """Whether one is chosen of the moments after `after_us` and up to `until_us`, as things
        stand; asked before they come, also from another thread, and changes nothing."""
        due_us, period_us = self._due_us, round(1e6 / self.fps)
        if due_us is None:
            return True
        past_us = until_us + TOLERANCE_US - due_us
        if past_us < 0:
            return past_us < -period_us  # time was put back
        return past_us // period_us > (after_us + TOLERANCE_US - due_us) // period_us

    def forget(self) -> None:
        """The next moment is chosen, whenever it comes."""
        self._due_us = None


@dataclass(slots=True, kw_only=True)
class LookGate:
    """Thins frames to `fps`, and lets the detector look while something moves.

    Objects in view are looked at again every `recheck_s` even when nothing moves, so that one
    which vanished without motion is noticed.
    """

    fps: float
    recheck_s: float
    every_frame: bool = False
    enabled: bool = True
    """False: the detector never looks (the camera is only shown)."""
    _sampler: Sampler = field(init=False)
    _looked_us: int | None = None
    _owed: bool = False

    def __post_init__(self) -> None:
        self._sampler = Sampler(fps=self.fps)

    def thin(self, factor: int) -> None:
        """From now on, analyse only one of so many."""
        self._sampler.fps = self.fps / factor

    def samples(self, at_us: int) -> bool:
        """True when the frame of this moment is to be analysed."""
        return self.every_frame or self._sampler.takes(at_us)

    def chooses(self, after_us: int, until_us: int) -> bool:
        """Whether a frame in this time is going to be analysed; see `Sampler.chooses`."""
        return self.every_frame or self._sampler.chooses(after_us, until_us)

    def looks(self, motion: Motion, at_us: int, *, watching: bool) -> bool:
        """True when the detector is to look; `watching`: objects are in view."""
        look = self.enabled and (
            self.every_frame
            or motion.active
            or motion.code == "learning"
            or self._looked_us is None
            or ((watching or self._owed) and at_us - self._looked_us >= self.recheck_s * 1e6)
        )
        if look:
            self._looked_us, self._owed = at_us, False
        return look

    def failed(self) -> None:
        """The look brought no answer: it is owed, even if nothing moves any more."""
        self._owed = True

    def forget(self) -> None:
        """What was seen before does not count: look at the next frame, whatever its time."""
        self._sampler.forget()
        self._looked_us = None
        self._owed = False
