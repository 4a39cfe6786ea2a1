"""The clip of one event, in as many parts as it needs: begun anew where one part cannot go on.

A part ends at its greatest length, where the format of the video changes, or where the disk is
full. Each is delivered as soon as it is complete, while the event may still last.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from uuid import UUID

from vedette.contracts.errors import StorageFailed
from vedette.contracts.event import Event
from vedette.contracts.packet import Packet, StreamInfo
from vedette.contracts.sink import EventChange
from vedette.media.clip import Clip, ClipWriter, repair
from vedette.media.playable import Lead
from vedette.media.ring import PacketRing

Work = Callable[[Callable[[], None]], None]
Deliver = Callable[[EventChange], None]
Footage = Callable[[int, int], Sequence[tuple[Path, int]]]
"""Recorded files with what was taken between two times, and the UTC of their first pictures."""

MOST_PARTS = 100
"""A camera that changes its format all the time fills no disk."""
RETRY_US = 5_000_000
"""After a failure to write, the next part is begun this much later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipPlan:
    """How clips are made, and where half-done files lie."""

    folder: Path
    max_s: float
    work: Work
    failed: Callable[[str], None]


@dataclass(slots=True, kw_only=True)
class ClipParts:
    """Belongs to the camera's thread, except for what `plan.work` runs."""

    plan: ClipPlan
    event_id: UUID
    ring: PacketRing
    from_us: int
    """Where the first part should begin."""
    footage: Footage | None = None
    """Where the ring does not reach back so far."""
    _writer: ClipWriter | None = None
    _number: int = 0
    _end_us: int | None = None
    """End of the part before."""
    _retry_us: int | None = None
    """Not before this is the next part begun; None where none has failed."""
    _over: bool = False
    _owed: list[tuple[int, Path]] = field(default_factory=list)
    """Parts that could not be completed, by number."""
    _mending: bool = False
    _lock: Lock = field(default_factory=Lock)

    def begin(self) -> None:
        """Start the first part with the pre-roll."""
        if self.ring.info is None:
            return
        self._open(self.ring.info, self.ring.cut(self.from_us))

    @property
    def taking(self) -> bool:
        """False where no packet will be taken any more."""
        return not self._over and (self._writer is not None or self._number == 0 or self._waits)

    @property
    def owes(self) -> bool:
        """True while a part that could not be completed waits to be mended."""
        return bool(self._owed)

    def packet(self, event: Event, info: StreamInfo, packet: Packet, deliver: Deliver) -> None:
        """Extend the part, or begin the next one."""
        if self._writer is None:
            self._begin_again(packet)
            return
        try:
            self._writer.add(info, packet)
        except StorageFailed as error:
            self._give_up(event, error, packet.at_us, deliver)
            return
        if self._writer.ended is not None:
            self._go_on(event, packet, deliver)

    def finish(self, event: Event, deliver: Deliver) -> None:
        """Complete the part that is being written; no more will come."""
        self._over = True
        self._complete(event, deliver)

    def mend(self, event: Event, deliver: Deliver) -> None:
        """Try again to complete what could not be; one try at a time."""
        with self._lock:
            if self._mending or not self._owed:
                return
            self._mending = True
        self.plan.work(lambda: self._mend(event, deliver))

    @property
    def _waits(self) -> bool:
        return self._retry_us is not None

    def _begin_again(self, packet: Packet) -> None:
        """After a failure: when it is time, and a keyframe is there."""
        if self._over or self._retry_us is None or packet.at_us < self._retry_us:
            return
        if packet.is_keyframe and self.ring.info is not None:
            self._open(self.ring.info, self._rest())

    def _rest(self) -> list[Packet]:
        """What the ring holds that no part has; from the keyframe before, so nothing is missing."""
        packets = self.ring.cut(self._end_us if self._end_us is not None else self.from_us)
        most_us = round(self.plan.max_s * 1e6)
        if packets and self._end_us is not None and packets[0].at_us + most_us <= self._end_us:
            return []  # such long groups of pictures would only repeat themselves
        return packets

    def _open(self, info: StreamInfo, packets: Sequence[Packet]) -> None:
        if self._number >= MOST_PARTS:
            self._over = True
            return
        self._number += 1
        self._retry_us = None
        try:
            self.plan.folder.mkdir(parents=True, exist_ok=True)
            self._writer = ClipWriter(self._name(".part"), info, max_s=self.plan.max_s)
            self._writer.extend(info, packets)
        except (StorageFailed, OSError) as error:
            number, writer = self._number, self._writer
            self._leave(error, packets[-1].at_us if packets else self.from_us)
            if writer is not None and writer.packets:
                self._end_us = writer.end_us
                self._owed.append((number, writer.part))

    def _go_on(self, event: Event, packet: Packet, deliver: Deliver) -> None:
        """The part takes no more: deliver it, and begin the next one."""
        self._complete(event, deliver)
        if not self._over and self.ring.info is not None:
            rest = self._rest()
            self._open(self.ring.info, rest or ([packet] if packet.is_keyframe else []))

    def _give_up(self, event: Event, error: Exception, at_us: int, deliver: Deliver) -> None:
        """The disk refused; what was written is completed now, or mended later."""
        writer = self._writer
        self._leave(error, at_us)
        if writer is not None:
            self._writer = writer
            self._complete(event, deliver)

    def _leave(self, error: Exception, at_us: int) -> None:
        if self._writer is not None and self._writer.start_us is None:
            self._number -= 1  # nothing was written: its number is free
        self._writer = None
        self._retry_us = at_us + RETRY_US
        self.plan.failed(f"a clip could not be written: {error}")

    def _complete(self, event: Event, deliver: Deliver) -> None:
        writer, self._writer = self._writer, None
        if writer is None:
            return
        self._end_us = writer.end_us if writer.end_us is not None else self._end_us
        number, target = self._number, self._name("")
        lead = self._lead(writer) if number == 1 else ()
        since_us = self.from_us if lead else None

        def job() -> None:
            try:
                clip = writer.finish(target, lead=lead, from_us=since_us)
            except StorageFailed as error:
                self.plan.failed(f"the clip of event {event.id} could not be completed: {error}")
                self._owed.append((number, writer.part))
                return
            self._hand_over(event, number, clip, deliver)

        self.plan.work(job)

    def _lead(self, writer: ClipWriter) -> Sequence[Lead]:
        """Recorded files with the pre-roll that the ring had no more."""
        start_us = writer.start_us
        if self.footage is None or start_us is None or start_us <= self.from_us:
            return ()
        found = self.footage(self.from_us, start_us)
        return [Lead(path=path, started_us=at_us) for path, at_us in found]

    def _mend(self, event: Event, deliver: Deliver) -> None:
        try:
            for owed in list(self._owed):
                number, part = owed
                try:
                    clip = repair(part, self._named(number, ""))
                except StorageFailed:
                    return
                self._owed.remove(owed)
                self._hand_over(event, number, clip, deliver)
        finally:
            self._mending = False

    def _hand_over(self, event: Event, number: int, clip: Clip | None, deliver: Deliver) -> None:
        if clip is not None:
            artifact = replace(clip.artifact(), revision=number, part=number)
            deliver(EventChange(event=event, artifacts=(artifact,)))

    def _name(self, extension: str) -> Path:
        return self._named(self._number, extension)

    def _named(self, number: int, extension: str) -> Path:
        return self.plan.folder / f"{self.event_id}.clip-{number}{extension}"
