"""Where video comes from."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from vedette.contracts.frame import Frame
from vedette.contracts.packet import Packet, StreamInfo
from vedette.sources.stats import SourceStats


class Stream(Protocol):
    """One opening of a source. `packets` belongs to one thread, `decode` and `flush` to one, which
    may be another; `close` may come from any.

    A stream may also have `skip(packet) -> int`: `decode` for the sake of what follows, where
    nobody looks at the frames; how many there are. Absent, they are decoded and left out.
    """

    info: StreamInfo
    """A new object when the format changes within the stream."""
    stats: SourceStats

    def packets(self) -> Iterator[Packet]:
        """Every packet in decoding order, sound among them where it is wanted; ends at the end of a
        file. `info` is that of the packet just given, from the first one of a new format on.

        Raises:
            SourceLost: the camera stopped sending.
            SourceRefused: the data is not video that can be read.
        """
        ...

    def decode(self, packet: Packet) -> Sequence[Frame]:
        """The frames that this packet completes, none for sound; damaged ones are counted and left
        out."""
        ...

    def flush(self) -> Sequence[Frame]:
        """The frames that the decoder still holds at the end."""
        ...

    def close(self) -> None:
        """Give the connection back; may be called from another thread to end `packets`."""
        ...


class Source(Protocol):
    """One camera, by address. The pipeline opens it again after a loss.

    Built with `(config, *, camera_id, clock, audio)`; `audio`: its sound is wanted.

    A source may also have `realtime: bool`: packets come at the pace of a camera although it is a
    recording, so that reading must not wait for the pictures. Absent, it is as `live`.
    """

    live: bool
    """True where frames come when they come, and an end is a loss; False for a recording, which
    may end. A source that learns it by opening says True before."""

    def open(self) -> Stream:
        """Connect and read far enough to know the format.

        Raises:
            SourceLost: cannot be reached now.
            SourceRefused: missing file, no video in it, unknown format.
        """
        ...

    def __str__(self) -> str:
        """The address for logs and messages, without credentials."""
        ...
