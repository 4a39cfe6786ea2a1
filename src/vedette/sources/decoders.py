"""The decoders of one stream: one, and another one for what follows a change of the codec."""

from collections import OrderedDict
from collections.abc import Callable

from av.video.codeccontext import VideoCodecContext

from vedette.contracts.frame import Frame
from vedette.contracts.packet import Packet
from vedette.sources.decode import FrameDecoder

_EVER = -(1 << 63)
_MOST_HOLES = 4096


class Decoders:
    """Told by the thread that reads what changes where; decodes in another one, later, or again."""

    def __init__(
        self, make: Callable[[VideoCodecContext], FrameDecoder], context: VideoCodecContext
    ) -> None:
        self._make = make
        self._using = make(context)
        self._known: tuple[tuple[int, FrameDecoder], ...] = ((_EVER, self._using),)
        """From which DTS on; replaced as a whole, so that both threads may look."""
        self._holes = OrderedDict[int, None]()

    def begin(self, context: VideoCodecContext, first_dts: int = _EVER) -> None:
        """Packets from this one on are for another decoder; absent: all that come now."""
        earlier = self._known[-1:] if first_dts > _EVER else ()
        self._known = (*earlier, (first_dts, self._make(context)))
        if not earlier:
            self._holes.clear()

    def note_hole(self, dts: int) -> None:
        """Something is missing before this packet."""
        self._holes[dts] = None
        while len(self._holes) > _MOST_HOLES:
            self._holes.popitem(last=False)

    def decode(self, packet: Packet) -> list[Frame]:
        """The frames that this packet completes, and before another codec those still held."""
        known, frames = self._known, list[Frame]()
        decoder = known[0][1] if len(known) == 1 else _fitting(known, packet.dts)
        if decoder is not self._using:
            frames += self._using.flush()
            self._using = decoder
        if packet.dts in self._holes:
            decoder.damaged()
        frames += decoder.decode(packet)
        return frames

    def skip(self, packet: Packet) -> int:
        """The same where nobody is going to look at them; how many there are."""
        known = self._known
        if len(known) > 1 or known[0][1] is not self._using or packet.dts in self._holes:
            return len(self.decode(packet))
        return self._using.skip(packet)

    def flush(self) -> list[Frame]:
        """The frames that are still inside."""
        return list(self._using.flush())


def _fitting(known: tuple[tuple[int, FrameDecoder], ...], dts: int) -> FrameDecoder:
    fitting = (each for first, each in reversed(known) if first <= dts)
    return next(fitting, known[0][1])
