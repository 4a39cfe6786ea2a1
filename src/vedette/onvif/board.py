"""Keeps what a camera says is going on, and tells what changes. Pure: time is handed in.

A word is active while any of its sources is. What just happened counts as active for a moment.
Nothing is believed for ever: cameras were seen whose events never end.
"""

from dataclasses import dataclass, field

from vedette.onvif.notices import CameraNotice
from vedette.onvif.topics import Word, signals_of

MOMENT_S = 2.0
"""How long something without an end of its own counts as going on."""
BELIEVED_S = 300.0
"""What was not said again for so long counts as over."""
MAX_KEYS = 256
"""Sources of one camera that are followed; what more it makes up is dropped, and counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A word became active, or is no longer."""

    word: Word
    active: bool


@dataclass(slots=True)
class SignalBoard:
    """What one camera says is going on."""

    known: int = 0
    """Events that said something in our words."""
    unknown: int = 0
    """Events for which we have no word."""
    dropped: int = 0
    """Events about more sources than are followed."""
    _until: dict[tuple[Word, str], float] = field(default_factory=dict)
    """Time until which each source of a word is active."""

    def feed(self, notice: CameraNotice, now_s: float) -> list[Change]:
        """Take one event; says what it changes."""
        before = self.active
        signals = signals_of(notice)
        self.known += bool(signals)
        self.unknown += not signals
        where = f"{notice.topic}|{notice.source}"
        for signal in signals:
            key = (signal.word, where)
            if signal.active is False:
                self._until.pop(key, None)
            elif key not in self._until and len(self._until) >= MAX_KEYS:
                self.dropped += 1
            else:
                lasts_s = MOMENT_S if signal.active is None else BELIEVED_S
                self._until[key] = max(self._until.get(key, 0.0), now_s + lasts_s)
        return self._changes(before)

    def expire(self, now_s: float) -> list[Change]:
        """Forget what is over by now; says what that changes."""
        before = self.active
        self._until = {key: until for key, until in self._until.items() if until > now_s}
        return self._changes(before)

    def clear(self) -> list[Change]:
        """The camera is gone: nothing counts as going on."""
        before = self.active
        self._until.clear()
        return self._changes(before)

    def next_s(self) -> float | None:
        """When the next one is over; None while nothing is active."""
        return min(self._until.values(), default=None)

    @property
    def active(self) -> frozenset[Word]:
        """What is going on."""
        return frozenset(word for word, _ in self._until)

    def _changes(self, before: frozenset[Word]) -> list[Change]:
        after = self.active
        begun = [Change(word=word, active=True) for word in Word if word in after - before]
        return begun + [Change(word=word, active=False) for word in Word if word in before - after]
