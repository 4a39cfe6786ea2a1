"""What the recorder needs of a container format: one file in the making."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from vedette.contracts.packet import Packet, StreamInfo
from vedette.contracts.recording import Written


class SegmentFile(Protocol):
    """Takes packets of one format, the first of which is a keyframe. Belongs to one thread."""

    path: Path
    extension: str
    """With the dot; follows from the codecs."""

    @property
    def start_us(self) -> int:
        """UTC of its first picture."""
        ...

    @property
    def end_us(self) -> int:
        """UTC of the end of its last picture so far."""
        ...

    def takes(self, info: StreamInfo) -> bool:
        """True where packets of this format can be added."""
        ...

    def add(self, info: StreamInfo, packet: Packet) -> None:
        """Append a packet.

        Raises:
            StorageFailed: it cannot be written; `close` saves what was.
        """
        ...

    def close(self) -> Written | None:
        """Complete the file and bring it to the disk; None where it holds no whole picture.

        What cannot be written at the end is left out. A file without a picture is removed.

        Raises:
            StorageFailed: nothing of it is sure to be on the disk; it stays for `mend`.
        """
        ...


NewFile = Callable[[Path, StreamInfo, int], SegmentFile]
"""`new_file(path, info, start_us)`: a file that is not there yet.

Raises StorageFailed where it cannot be made.
"""

Mend = Callable[[Path, int], Written | None]
"""`mend(part, start_us)`: cut a file that a crash left behind to what is whole, in place.

None where it holds no whole picture. Raises StorageFailed where it cannot be done now. Blocks.
"""
