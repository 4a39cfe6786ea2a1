"""Decodes late what nobody looks at: together with the next picture that somebody does look at.

A few pictures a second are analysed; those between are decoded only because later ones refer to
them. So they wait, and what still waits when a keyframe comes that refers to nothing before it is
never decoded. What is decoded together costs less, too: caches stay warm.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from vedette.contracts.packet import Packet, StreamInfo
from vedette.motion.slices import starts_anew
from vedette.pipeline.gate_plan import Order, Task

Chosen = Callable[[int, int], bool]
"""Whether a moment after the first time and up to the second (us) is going to be analysed."""

MOST_PX = 8_400_000
"""So many pixels wait at most (four pictures of 1080p, 10 to 20 ms of decoding), so that the one
that is looked at does not come late because of them."""


@dataclass(slots=True, kw_only=True)
class Deferred:
    """Between the gate and the decoder of one opening. Belongs to the thread that reads."""

    chosen: Chosen
    unsampled: int = 0
    """Packets that nothing needed, and were not decoded."""
    void: int = 0
    """Packets that waited when the gate ordered something else."""
    _waiting: list[Packet] = field(default_factory=list)
    _epoch: int = -1
    _fresh: bool = False
    """The first one that waits needs an empty decoder."""
    _last_us: int = -1

    def take(self, order: Order, packet: Packet, info: StreamInfo) -> Order | None:
        """What is to be decoded now; None while it may wait.

        Args:
            packet: the latest, which the order is about, as it is to be decoded.
        """
        before_us, self._last_us = self._last_us, packet.at_us
        if order.task is not Task.GO_ON or len(order.packets) > 1 or order.epoch != self._epoch:
            self.void += len(self._waiting)
            self._waiting, self._epoch = [], order.epoch
        if order.task is not Task.GO_ON or len(order.packets) > 1:
            return order
        waiting, fresh = self._waiting, order.fresh
        if waiting and packet.is_keyframe and starts_anew(info.codec, packet.data):
            self.unsampled += len(waiting)
            waiting.clear()
            fresh = fresh or self._fresh
        if not waiting:
            self._fresh = fresh
        waiting.append(packet)
        full = (len(waiting) + 1) * info.width * info.height > MOST_PX
        return self.rest() if full or self.chosen(before_us, packet.at_us) else None

    def rest(self) -> Order | None:
        """All that waits, if anything does."""
        if not self._waiting:
            return None
        packets, self._waiting = tuple(self._waiting), []
        return Order(task=Task.GO_ON, packets=packets, epoch=self._epoch, fresh=self._fresh)
