"""Notices that pictures of an H.264 stream never arrived, by the numbers of those that did. Pure.

libav conceals a picture that is lost as a whole by showing the one before, and says nothing; what
follows is built on it and smears. `frame_num` counts reference pictures (ITU-T H.264 7.4.3), so a
number that is left out is a lost one.
"""

from vedette.sources.nal import Numbering, first_slice, numbering, units

_SPS = 7


class LossWatch:
    """Looks at each packet of one H.264 stream over a transport that may lose some."""

    def __init__(self, extradata: bytes) -> None:
        self._how: Numbering | None = None
        self._last: int | None = None
        """`frame_num` of the latest reference picture."""
        for unit in units(extradata):
            self._read_sps(unit)

    def lost(self, data: bytes) -> bool:
        """True where a picture that this one may be built on is missing."""
        for unit in units(data):
            if not unit:
                continue
            self._read_sps(unit)
            if unit[0] & 0x1F in {1, 5}:
                return self._follows_gap(unit)
        return False

    def _read_sps(self, unit: bytes) -> None:
        if unit and unit[0] & 0x1F == _SPS:
            self._how = numbering(unit)

    def _follows_gap(self, unit: bytes) -> bool:
        how = self._how
        if how is None or how.gaps_allowed or (head := first_slice(unit, how)) is None:
            return False
        last, self._last = self._last, head.number if head.is_reference else self._last
        if head.is_idr or last is None:
            return False
        return head.number not in {last, (last + 1) % (1 << how.bits)}
