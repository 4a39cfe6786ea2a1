"""The rhythm of a stream's keyframes: how far apart, whether there are others, whether any come."""

from collections import deque
from dataclasses import dataclass, field

from vedette.contracts.packet import Packet

LONGEST_S = 10.0
"""Keyframes further apart than this make the gate useless: everything is decoded."""
INTRA = 5
"""So many keyframes in a row: the codec has nothing else (MJPEG)."""


@dataclass(slots=True, kw_only=True)
class Rhythm:
    """Told of every packet."""

    gop_s: float = 0.0
    """Longest of the latest distances, and of the present one where that is too long; 0.0 while
    unknown."""
    blind: bool = False
    """No keyframe came for so long that none will."""
    _in_a_row: int = 0
    _gaps_s: deque[float] = field(default_factory=lambda: deque(maxlen=3))
    _key_us: int | None = None
    _first_us: int | None = None

    @property
    def intra(self) -> bool:
        """Every packet is a keyframe."""
        return self._in_a_row >= INTRA

    @property
    def too_long(self) -> bool:
        return self.gop_s > LONGEST_S

    def add(self, packet: Packet) -> None:
        """One more packet."""
        if packet.is_keyframe:
            self._key(packet.at_us)
            return
        self._in_a_row = 0
        if self._first_us is None:
            self._first_us = packet.at_us
        since_us = self._first_us if self._key_us is None else self._key_us
        waited_s = (packet.at_us - since_us) / 1e6
        if waited_s > LONGEST_S:
            self.blind = self._key_us is None
            self.gop_s = 0.0 if self.blind else max(self.gop_s, waited_s)

    def _key(self, at_us: int) -> None:
        self._in_a_row += 1
        self.blind = False
        if self._key_us is not None and at_us > self._key_us:
            self._gaps_s.append((at_us - self._key_us) / 1e6)
            self.gop_s = max(self._gaps_s)
        self._key_us = at_us
