"""The packets that may have to be decoded after all: from the last frame seen on. Bounded."""

from collections import deque
from dataclasses import dataclass, field

from vedette.contracts.packet import Packet

MOST_S = 30.0
PACKET_BYTES = 240
"""What a packet takes besides its data: many small ones are bounded, too."""


@dataclass(slots=True)
class _Group:
    """A keyframe and what depends on it."""

    packets: list[Packet]
    bytes: int = 0

    @property
    def at_us(self) -> int:
        return self.packets[0].at_us


@dataclass(slots=True, kw_only=True)
class HeldPackets:
    """Whole groups of pictures; their data is that of the packet ring, not a copy."""

    max_bytes: int
    bytes: int = 0
    """Of the data, and of the packets around it."""
    _groups: deque[_Group] = field(default_factory=deque)

    def add(self, packet: Packet) -> None:
        """One more; what comes before the first keyframe, or after a group was too large, is not
        kept."""
        if packet.is_keyframe:
            self._groups.append(_Group(packets=[]))
        elif not self._groups:
            return
        group = self._groups[-1]
        group.packets.append(packet.bare())
        taken = len(packet.data) + PACKET_BYTES
        group.bytes += taken
        self.bytes += taken
        while self._groups and self.bytes > self.max_bytes:
            self._drop()

    def keep_from(self, at_us: int | None, now_us: int) -> None:
        """Let go what comes before the last keyframe at or before `at_us`.

        None: nothing was seen so far, so that only age counts.
        """
        groups = self._groups
        while len(groups) > 1 and at_us is not None and groups[1].at_us <= at_us:
            self._drop()
        while len(groups) > 1 and now_us - groups[0].at_us > MOST_S * 1e6:
            self._drop()

    def after(self, at_us: int | None, *, latest: bool = False) -> list[Packet]:
        """From the last keyframe at or before `at_us` (or the last of all) to the newest packet;
        where there is none, from the oldest keyframe."""
        start = 0
        for index, group in enumerate(self._groups):
            if latest or (at_us is not None and group.at_us <= at_us):
                start = index
        return [p for group in list(self._groups)[start:] for p in group.packets]

    def clear(self) -> None:
        """Forget everything."""
        self._groups.clear()
        self.bytes = 0

    def _drop(self) -> None:
        self.bytes -= self._groups.popleft().bytes
