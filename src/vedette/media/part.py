"""A file in the making that survives a crash: fragmented MP4, or Matroska where MP4 refuses.

Used for clips and for segments of recordings. Packets are copied; what was written so far can be
read at any moment, up to the last fragment.
"""

from pathlib import Path

from vedette.contracts.packet import Packet, StreamInfo
from vedette.media.mux import Muxer, Output, wrap_for
from vedette.media.timing import US, Timing

EXACT_TIMES = "+empty_moov+default_base_moof+frag_discont"
KEEP_TIMES = {"use_editlist": "1"}
"""Together they keep the muxer from moving the first sample of the sound to the first picture."""


def part_options(fragment_us: int) -> dict[str, dict[str, str]]:
    """Of the muxers, by format: a fragment at each keyframe, and after `fragment_us`."""
    mp4 = {
        "movflags": f"+frag_keyframe{EXACT_TIMES}+skip_trailer",
        **KEEP_TIMES,
        "frag_duration": str(fragment_us),
        "flush_packets": "1",
    }
    mkv = {"cluster_time_limit": str(fragment_us // 1000), "flush_packets": "1"}
    return {"mp4": mp4, "mov": mp4, "matroska": mkv}


class Part:
    """Writes packets, the first of which is a keyframe. Belongs to one thread."""

    def __init__(
        self, out: Path | Output, info: StreamInfo, *, start_us: int, fragment_us: int
    ) -> None:
        """Create the file.

        Args:
            start_us: UTC of the first picture.
            fragment_us: how much a crash may cost.
        Raises:
            StorageFailed: it cannot be made.
        """
        self.info = info
        self.wrap = wrap_for(info)
        self.start_us = start_us
        self.end_us = start_us
        """End of the last picture."""
        self.packets = 0
        """Of video."""
        self.sound = 0
        """Packets of sound."""
        self._timing = Timing(start_us)
        self._per_tick = info.time_base.numerator * US
        self._per_second = info.time_base.denominator
        self._nominal = nominal_ticks(info)
        self._muxer = Muxer(
            out,
            info,
            self.wrap,
            options=part_options(fragment_us)[self.wrap.format],
            note=f"start_us={start_us}",
        )

    def add(self, info: StreamInfo, packet: Packet) -> None:
        """Append a packet; what is shown before the first picture is left out.

        Raises:
            StorageFailed: it cannot be written; what was written stays readable.
        """
        if packet.at_us < self.start_us or (packet.is_audio and not self._muxer.sound):
            return
        pts, dts = self._timing.place(info, packet)
        if packet.is_audio:
            self._muxer.write(packet, pts=pts, dts=dts)
            self.sound += 1
            return
        duration = packet.duration or self._nominal  # a picture shown for no time is not shown
        self._muxer.write(packet, pts=pts, dts=dts, duration=duration)
        self.packets += 1
        length_us = -(-duration * self._per_tick // self._per_second)
        self.end_us = max(self.end_us, packet.at_us + length_us)

    def close(self) -> None:
        """Write what the muxer still holds.

        Raises:
            StorageFailed
        """
        self._muxer.close()


def nominal_ticks(info: StreamInfo) -> int:
    """Ticks that a picture is shown, where its packet does not say."""
    rate = info.frame_rate if info.frame_rate > 0 else 25.0
    return max(1, round(1 / (rate * info.time_base)))
