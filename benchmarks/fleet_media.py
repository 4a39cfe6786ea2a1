"""The base streams of the simulated fleet: eight places, each once at a variable and once at a
constant rate, and the camera streams that are spliced from them.

    python -m benchmarks.fleet_media [--build FOLDER]

A base stream is made of whole groups of pictures that begin and end in the same quiet place, so
that they can be put together in any order: quiet ones, six people who walk by, and a storm (the
light of the whole picture changes and comes back).
"""

import argparse
import json
import mmap
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import av
import numpy as np

from benchmarks.bench import BUILD, Bench
from benchmarks.contest import cores
from benchmarks.media import FPS, GOP, Encoder, Rate, vtest
from benchmarks.scenes import Seen, Stage, Walk, Weather, cut_out, variant

PLACES = 8
CRF = 27
"""Quality of the streams of variable rate: about 0.3 Mb/s when quiet, 1.5 when somebody walks."""
GOP_S = GOP / FPS
QUIET_GOPS, WALK_GOPS, PAUSE_GOPS, STORM_GOPS = 15, 4, 1, 4
WALKS = 6
FRAME_US = 1_000_000 // FPS


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Where what is in a base stream, in groups of pictures."""

    quiet: tuple[int, ...]
    walks: tuple[int, ...]
    """The first group of each walk; it lasts `WALK_GOPS`."""
    storm: int
    """The first group of the storm; it lasts `STORM_GOPS`."""
    gops: int


def plan() -> Plan:
    """The same for every base stream."""
    step = WALK_GOPS + PAUSE_GOPS
    walks = tuple(QUIET_GOPS + step * number for number in range(WALKS))
    storm = QUIET_GOPS + step * WALKS
    pauses = [first + WALK_GOPS for first in walks]
    return Plan(
        quiet=(*range(1, QUIET_GOPS), *pauses),  # the first one is larger: the encoder learns
        walks=walks,
        storm=storm,
        gops=storm + STORM_GOPS + PAUSE_GOPS,
    )


def stage_of(source: Path, number: int) -> Stage:
    """The place of a base stream, with its walkers and its storm."""
    place, people = cut_out(source)
    rng = np.random.default_rng(number)
    whole = plan()
    walks = [
        Walk(
            person=int(rng.integers(len(people))),
            start_s=first * GOP_S + 0.4 + 0.4 * rng.random(),
            duration_s=5.0 + 1.5 * rng.random(),
            height=0.18 + 0.22 * rng.random(),
            foot=0.55 + 0.4 * rng.random(),
            turns=bool(rng.random() < 0.25),
            to_left=bool(rng.random() < 0.5),
        )
        for first in whole.walks
    ]
    storm_s = whole.storm * GOP_S
    return Stage(
        place=variant(place, number),
        weather=Weather(noise=1.5 + 1.5 * rng.random(), light=partial(_storm, storm_s)),
        walks=tuple(walks),
        people=people,
        seed=number,
    )


def _storm(begins_s: float, t_s: float) -> float:
    """Darker by a quarter within a second, for four seconds."""
    return 1.0 - 0.25 * float(np.interp(t_s - begins_s, (0.8, 1.8, 5.8, 6.8), (0.0, 1.0, 1.0, 0.0)))


def render(build: Path, number: int) -> None:
    """Draw and encode a base stream, at both rates."""
    stage = stage_of(vtest(build), number)
    truth: list[list[list[float]]] = []
    with (
        Encoder(_video(build, number, "vbr"), "vbr", crf=CRF) as vbr,
        Encoder(_video(build, number, "cbr"), "cbr") as cbr,
    ):
        for picture in range(plan().gops * GOP):
            frame, seen = stage.draw(picture / FPS)
            vbr.add(frame)
            cbr.add(frame)
            truth.append([_row(one) for one in seen])
    _truth(build, number).write_text(json.dumps(truth), encoding="utf-8")


def prepare(bench: Bench) -> int:
    """Make what is missing, two at a time; the number of base streams."""
    count = 2 if bench.quick else PLACES
    missing = [n for n in range(count) if not _truth(bench.build, n).exists()]
    if missing:
        bench.say(f"rendering {len(missing)} places, about {40 * len(missing)} s of CPU time each")
        vtest(bench.build)
        with ProcessPoolExecutor(max_workers=cores()) as pool:
            for number, _ in zip(
                missing, pool.map(partial(render, bench.build), missing), strict=True
            ):
                bench.say(f"place {number} is ready")
    return count


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """One base stream in memory that all its cameras share."""

    number: int
    rate: Rate
    data: mmap.mmap
    """All packets, one after the other, as MP4 has them."""
    offsets: tuple[int, ...]
    """Of each packet, and the end."""
    extradata: bytes
    """Of the decoder, as MP4 has it."""
    truth: tuple[tuple[Seen, ...], ...]
    """Who is in each picture."""

    def packet(self, picture: int) -> bytes:
        """The packet of a picture."""
        return self.data[self.offsets[picture] : self.offsets[picture + 1]]


def load(build: Path, number: int, rate: Rate) -> Base:
    """Open a base stream."""
    pack = _video(build, number, rate).with_suffix(".pack")
    offsets, extradata = [0], b""
    chunks = []
    with av.open(f"file:{_video(build, number, rate)}") as container:
        stream = container.streams.video[0]
        extradata = bytes(stream.codec_context.extradata or b"")
        for packet in container.demux(stream):
            if packet.size:
                chunks.append(bytes(packet))
                offsets.append(offsets[-1] + packet.size)
    if not pack.exists():  # others may be making it, too
        part = pack.with_name(f"{pack.name}.{os.getpid()}")
        part.write_bytes(b"".join(chunks))
        part.rename(pack)
    with pack.open("rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    rows = json.loads(_truth(build, number).read_text(encoding="utf-8"))
    return Base(
        number=number,
        rate=rate,
        data=data,
        offsets=tuple(offsets),
        extradata=extradata,
        truth=tuple(tuple(_seen(row) for row in picture) for picture in rows),
    )


def _row(one: Seen) -> list[float]:
    return [one.walk, *one.box, one.visible]


def _seen(row: Sequence[float]) -> Seen:
    walk, left, top, right, bottom, visible = row
    return Seen(walk=int(walk), box=(left, top, right, bottom), visible=visible)


def _video(build: Path, number: int, rate: Rate) -> Path:
    return build / f"place-{number}-{rate}.mp4"


def _truth(build: Path, number: int) -> Path:
    return build / f"place-{number}.json"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=BUILD)
    prepare(Bench(build=parser.parse_args().build))
