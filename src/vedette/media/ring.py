"""The last seconds of a camera, as packets: where clips get their pre-roll. Bounded."""

from collections import deque
from dataclasses import dataclass, field

from vedette.contracts.packet import Packet, StreamInfo

MOST_PACKETS = 100_000
"""Each takes 240 bytes besides its data: many small ones must not cost more than `max_bytes`."""


@dataclass(slots=True)
class _Group:
    """A group of pictures: a keyframe and what depends on it."""

    packets: list[Packet]
    bytes: int = 0


@dataclass(slots=True, kw_only=True)
class PacketRing:
    """Whole groups of pictures, oldest dropped first. Belongs to the camera's thread.

    Dropped are groups that are older than `max_s`, and, whatever their age, those beyond
    `max_bytes` or `MOST_PACKETS`; a group that alone is larger is dropped whole. What is not
    preceded by a keyframe is not kept, because it cannot be decoded.
    """

    max_s: float = 10.0
    max_bytes: int = 64 * 1024 * 1024
    dropped_bytes: int = 0
    """Counted only where the size, not age, was the reason."""
    _info: StreamInfo | None = None
    _groups: deque[_Group] = field(default_factory=deque)
    _bytes: int = 0
    _count: int = 0

    @property
    def info(self) -> StreamInfo | None:
        """Format of the packets; None before the first."""
        return self._info

    @property
    def bytes(self) -> int:
        """Size of what is kept."""
        return self._bytes

    @property
    def seconds(self) -> float:
        """Length of what is kept."""
        if not self._groups:
            return 0.0
        return (self._groups[-1].packets[-1].at_us - self._groups[0].packets[0].at_us) / 1e6

    def __len__(self) -> int:
        return self._count

    def add(self, info: StreamInfo, packet: Packet) -> None:
        """Keep one more packet; another stream (a new `info`) begins from nothing."""
        if info is not self._info:
            self.clear()
            self._info = info
        if packet.is_keyframe:
            self._groups.append(_Group(packets=[]))
        elif not self._groups:
            return
        group = self._groups[-1]
        group.packets.append(packet.bare())
        group.bytes += len(packet.data)
        self._bytes += len(packet.data)
        self._count += 1
        self._trim(packet.at_us)

    def cut(self, from_us: int) -> list[Packet]:
        """The packets from the last keyframe at or before `from_us`, else from the oldest one."""
        first = 0
        for index, group in enumerate(self._groups):
            if group.packets[0].at_us > from_us:
                break
            first = index
        return [packet for group in list(self._groups)[first:] for packet in group.packets]

    def clear(self) -> None:
        """Forget everything."""
        self._groups.clear()
        self._bytes = self._count = 0

    def _trim(self, now_us: int) -> None:
        oldest_us = now_us - round(self.max_s * 1e6)
        while len(self._groups) > 1 and self._groups[1].packets[0].at_us <= oldest_us:
            self._drop()
        while self._groups and (self._bytes > self.max_bytes or self._count > MOST_PACKETS):
            self.dropped_bytes += self._groups[0].bytes
            self._drop()

    def _drop(self) -> None:
        group = self._groups.popleft()
        self._bytes -= group.bytes
        self._count -= len(group.packets)
