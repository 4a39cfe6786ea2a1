"""Row 7: a clip of 20 s of 720p by packet copy, and 50 of them at once, beside FFmpeg's copy.

    python -m benchmarks.clip [--quick]

Ours goes the product's way: packets in a ring, a part file that survives a crash, a playable file
whose index stands first, on the disk. FFmpeg copies the same 20 s out of the film into MP4 (its
time includes its start, which is most of it: that is what a product pays that starts it per clip).
The packets of our clips are compared with the camera's, byte for byte.
"""

import resource
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import av

from benchmarks.bench import Bench, alone
from benchmarks.cell import Cell, Question, compared
from benchmarks.contest import Failed, Run, in_turns, run
from benchmarks.media import street
from vedette.contracts.packet import Packet, StreamInfo
from vedette.kit.clock import SystemClock
from vedette.media.clip import ClipWriter
from vedette.media.ring import PacketRing
from vedette.plugins.registry import build

PRE_S, LENGTH_S = 5.0, 20.0
AT_ONCE = 50
CAMERA_PACKETS = 1500


def measure(bench: Bench) -> list[Cell]:
    """The cells of row 7."""
    film = street(bench)
    info, packets = _recorded(film)
    with tempfile.TemporaryDirectory(prefix="vedette-clip-") as scratch:
        folder = Path(scratch)
        many = 5 if bench.quick else AT_ONCE
        contestants: dict[str, Callable[[], Run]] = {
            "one": partial(_clips, info, packets, folder, 1),
            "many": partial(_clips, info, packets, folder, many),
        }
        if bench.ffmpeg:
            contestants["copy"] = partial(_ffmpeg, bench.ffmpeg, film, folder, "copy")
            if not bench.quick:
                contestants["x264"] = partial(_ffmpeg, bench.ffmpeg, film, folder, "libx264")
        runs = in_turns(contestants, bench.rounds, bench.say)
        exact = _bit_exact(info, packets, folder)
    return _cells(runs, many, exact)


def _cells(runs: dict[str, list[Run]], many: int, exact: float) -> list[Cell]:
    cpu_ms = {name: [one.cpu_s * 1000 for one in those] for name, those in runs.items()}
    each = [ms / many for ms in cpu_ms["many"]]
    one = Question(
        row=7,
        metric="CPU of a clip",
        workload="20 s of 720p25 H.264",
        unit="ms",
        peer_name="ffmpeg -c copy",
        target="<= 0.2x",
    )
    at_once = Question(
        row=7,
        metric="CPU of a clip",
        workload=f"{many} at once",
        unit="ms",
        peer_name="ffmpeg -c copy",
        target="<= 0.2x",
    )
    cells = [
        compared(one, cpu_ms["one"], cpu_ms.get("copy", ())),
        compared(at_once, each, cpu_ms.get("copy", ())),
        compared(
            Question(
                row=7,
                metric="packets as the camera sent them",
                workload="20 s of 720p25 H.264",
                unit="share",
                target=">= 1.0",
            ),
            [exact],
        ),
    ]
    if "x264" in cpu_ms:
        encoded = Question(
            row=7,
            metric="CPU of a clip",
            workload="20 s of 720p25 H.264",
            unit="ms",
            peer_name="ffmpeg, x264 veryfast",
            why="What encoding would cost; no target.",
        )
        cells.append(compared(encoded, cpu_ms["one"], cpu_ms["x264"]))
    return cells


def _recorded(film: Path) -> tuple[StreamInfo, Sequence[Packet]]:
    """The film as a camera's packets, demuxed beforehand: the camera's thread does that anyway."""
    settings = {"type": "file", "path": str(film)}
    stream = build("source", settings, camera_id="street", clock=SystemClock()).open()
    packets = []
    for packet in stream.packets():
        packets.append(packet.bare())
        if len(packets) == CAMERA_PACKETS:
            break
    stream.close()
    return stream.info, packets


def _clips(info: StreamInfo, packets: Sequence[Packet], folder: Path, count: int) -> Run:
    """So many events at the same moment, each with a clip of its own."""
    rings = [PacketRing(max_s=PRE_S + 2.0) for _ in range(count)]
    begin_us = packets[0].at_us + 10_000_000
    before = [p for p in packets if p.at_us < begin_us + round(PRE_S * 1e6)]
    after = [p for p in packets if p.at_us >= begin_us + round(PRE_S * 1e6)]
    for ring in rings:
        for packet in before:
            ring.add(info, packet)
    began_s = _own_cpu_s()
    writers = [ClipWriter(folder / f"{n}.part", info) for n in range(count)]
    for writer, ring in zip(writers, rings, strict=True):
        writer.extend(info, ring.cut(begin_us))
    until_us = (writers[0].start_us or 0) + round(LENGTH_S * 1e6)
    for packet in after:
        if packet.at_us >= until_us:
            break
        for writer in writers:
            writer.add(info, packet)
    clips = [writer.finish(folder / f"{n}") for n, writer in enumerate(writers)]
    spent_s = _own_cpu_s() - began_s
    for clip in clips:
        if clip is None or abs(clip.duration_s - LENGTH_S) > 0.1:
            raise Failed("a clip has the wrong length")
        clip.path.unlink()
    return Run(cpu_s=spent_s, said={})


def _bit_exact(info: StreamInfo, packets: Sequence[Packet], folder: Path) -> float:
    """Share of the packets of a clip that are the camera's, byte for byte."""
    writer = ClipWriter(folder / "exact.part", info)
    writer.extend(info, packets[:500])
    clip = writer.finish(folder / "exact")
    if clip is None:
        raise Failed("there is no clip")
    with av.open(str(clip.path)) as container:
        found = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    same = sum(a == b.data for a, b in zip(found, packets[:500], strict=False))
    return same / 500


def _ffmpeg(program: str, film: Path, folder: Path, codec: str) -> Run:
    out = folder / "peer.mp4"
    command: list[str | Path] = [program, "-v", "error", "-y", "-ss", "10", "-i", film]
    command += ["-t", str(LENGTH_S), "-an", "-c:v", codec]
    command += ["-preset", "veryfast"] if codec == "libx264" else []
    found = run([*command, "-movflags", "+faststart", out])
    with av.open(str(out)) as container:
        seconds = (container.duration or 0) / 1e6
    if abs(seconds - LENGTH_S) > 2.1:  # a copy begins at the keyframe before
        raise Failed(f"the peer's clip has {seconds:.1f} s")
    out.unlink()
    return found


def _own_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    alone(measure, __doc__)
