"""Compares the installed models and engines on this machine: speed, memory, and agreement.

Each one runs in a process of its own, so that its memory is its own, and so that one that crashes
is a line in the table.
"""

import multiprocessing
import resource
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from vedette.app.detectors import threads_for, usable_cores
from vedette.contracts.errors import ModelUnavailable, SourceRefused, VedetteError
from vedette.contracts.frame import Frame
from vedette.contracts.model import ModelSpec
from vedette.contracts.sight import Detections
from vedette.detect.agree import Agreement, agreement, consensus
from vedette.detect.engines.choose import installed
from vedette.kit.clock import Clock, SystemClock
from vedette.kit.pixels import planes_from_bgr
from vedette.models.catalogue import Catalogue
from vedette.models.store import ModelStore
from vedette.plugins.registry import build, configure
from vedette.sources.port import Source

PICTURES = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}
FRAMES = 40
MOST_DECODED = 2000
MOST_BYTES = 256 * 2**20
"""Of the frames that are kept; larger pictures are fewer."""
WARM_UP = 2
GOOD = 0.9
"""A model that agrees this well with the best one is as good for people's purposes."""
CAMERA_FPS = 5.0

Done = Callable[[int, int, str], None]
"""Told of progress: comparisons so far, in all, and what is measured now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One model on one engine."""

    model: str
    engine: str
    threads: int
    int8: bool = False

    def settings(self) -> dict[str, Any]:
        """Of the detector."""
        given = {"type": "onnx", "model": self.model, "engine": self.engine}
        return {**given, "threads": self.threads, "precision": "int8" if self.int8 else "auto"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What came of one candidate."""

    model: str
    engine: str
    threads: int
    median_ms: float = 0.0
    """Of a frame, from its planes to its boxes."""
    p95_ms: float = 0.0
    cpu_ms: float = 0.0
    """Time of all cores for a frame."""
    load_s: float = 0.0
    memory_mb: float = 0.0
    """What the process grew by, engine included."""
    boxes: int = 0
    agrees: Agreement = field(default_factory=Agreement)
    """With the best one."""
    best: bool = False
    """The one with which all others agree most; they are compared with it."""
    problem: str = ""

    @property
    def fps(self) -> float:
        return 1000.0 / self.median_ms if self.median_ms else 0.0


def candidates() -> list[Candidate]:
    """Every installed model that detects, on every installed engine."""
    store = ModelStore()
    threads = threads_for(usable_cores(), 1)
    return [
        Candidate(model=spec.name, engine=engine, threads=threads, int8=int8)
        for spec in Catalogue.load()
        if spec.task == "detect" and store.info(spec).problem is None
        for engine in installed()
        for int8 in (False, True)
        if not int8 or _has_int8(store, spec)
    ]


def _has_int8(store: ModelStore, spec: ModelSpec) -> bool:
    try:
        store.int8_path(spec)
    except ModelUnavailable:
        return False
    return True


def compare(
    chosen: Sequence[Candidate], video: Path, clock: Clock, done: Done, *, frames: int = FRAMES
) -> list[Measured]:
    """Measure them one after the other, on the same frames; fastest first.

    Raises:
        SourceRefused: it is no video and no picture.
    """
    with tempfile.TemporaryDirectory(prefix="vedette-") as scratch:
        shown = Path(scratch)
        _write(sample(video, frames, clock), shown)
        rows: list[Measured] = []
        answers: dict[str, Sequence[Detections]] = {}
        for number, candidate in enumerate(chosen):
            done(number, len(chosen), f"{candidate.model} on {candidate.engine}")
            row, found = _apart(candidate, shown)
            rows.append(row)
            if not row.problem:
                answers[f"{row.model} {row.engine}"] = found
        done(len(chosen), len(chosen), "")
    return _judged(rows, answers)


def _judged(rows: Sequence[Measured], answers: dict[str, Sequence[Detections]]) -> list[Measured]:
    """With each one's agreement with the best, fastest first."""
    if not answers:
        return list(rows)
    catalogue = Catalogue.load()
    networks = {
        f"{row.model} {row.engine}": catalogue.get(row.model).graph or row.model for row in rows
    }
    best = consensus(answers, networks)
    judged = [
        row
        if row.problem
        else replace(
            row,
            agrees=agreement(answers[f"{row.model} {row.engine}"], answers[best]),
            best=f"{row.model} {row.engine}" == best,
        )
        for row in rows
    ]
    return sorted(judged, key=lambda row: (bool(row.problem), row.median_ms))


def recommended(rows: Sequence[Measured]) -> Measured | None:
    """The fastest one that sees what the best one sees; None where none could be measured."""
    good = [row for row in rows if not row.problem and row.agrees.f1 >= GOOD]
    return min(good, key=lambda row: row.median_ms, default=None)


def sample(video: Path, count: int, clock: Clock) -> list[Frame]:
    """Frames spread evenly over a video's first part; one where it is a picture.

    Raises:
        SourceRefused: it is no video and no picture, or not a single frame can be read.
    """
    if video.suffix.lower() in PICTURES:
        return [_picture(video)]
    source: Source = build(
        "source", {"type": "file", "path": str(video)}, camera_id="bench", clock=clock
    )
    stream = source.open()
    try:
        in_all = stream.info.frames or count
    finally:
        stream.close()
    step = max(1, min(in_all, MOST_DECODED) // count)
    kept: list[Frame] = []
    taken = 0
    for number, frame in enumerate(_decoded(source)):
        taken += frame.y.nbytes * 3 // 2 if number % step == 0 else 0
        if number >= MOST_DECODED or taken > MOST_BYTES or len(kept) >= count:
            break
        if number % step == 0 and (not kept or frame.y.shape == kept[0].y.shape):
            kept.append(frame)
    if not kept:
        raise SourceRefused(f"{video}: not a single frame can be read")
    return kept


def _decoded(source: Source) -> Iterator[Frame]:
    stream = source.open()
    try:
        for packet in stream.packets():
            yield from stream.decode(packet)
        yield from stream.flush()
    finally:
        stream.close()


def _picture(file: Path) -> Frame:
    bgr = cv2.imread(str(file)) if file.is_file() else None
    if bgr is None:
        raise SourceRefused(f"{file} is no picture that can be read")
    even = np.asarray(bgr[: bgr.shape[0] // 2 * 2, : bgr.shape[1] // 2 * 2], dtype=np.uint8)
    y, u, v = planes_from_bgr(np.ascontiguousarray(even))
    return Frame(camera_id="bench", number=1, at_us=0, y=y, u=u, v=v)


def _write(frames: Sequence[Frame], folder: Path) -> None:
    for plane in ("y", "u", "v"):
        np.save(folder / f"{plane}.npy", np.stack([getattr(frame, plane) for frame in frames]))


def _read(folder: Path) -> list[Frame]:
    planes = [np.load(folder / f"{plane}.npy") for plane in ("y", "u", "v")]
    return [
        Frame(camera_id="bench", number=number, at_us=number, y=y, u=u, v=v)
        for number, (y, u, v) in enumerate(zip(*planes, strict=True), start=1)
    ]


def _apart(candidate: Candidate, folder: Path) -> tuple[Measured, Sequence[Detections]]:
    """Measure it in a process of its own."""
    plain = Measured(model=candidate.model, engine=candidate.engine, threads=candidate.threads)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=context) as processes:
        try:
            return processes.submit(measure, candidate, folder).result()
        except BrokenProcessPool:
            return replace(plain, problem="its process crashed"), ()
        except VedetteError as error:
            return replace(plain, problem=str(error)), ()


def measure(candidate: Candidate, folder: Path) -> tuple[Measured, list[Detections]]:
    """Load one and time it, frame by frame; the process has nothing else to do.

    Raises:
        ModelUnavailable: it cannot be loaded, or failed on a frame.
    """
    clock = SystemClock()
    frames = _read(folder)
    before_mb = _memory_mb()
    began_s = clock.monotonic()
    plugin, config = configure("detector", candidate.settings())
    spec = Catalogue.load().get(candidate.model)
    store = ModelStore()
    path = store.int8_path(spec) if candidate.int8 else store.path(spec)
    detector = plugin(config, spec=spec, path=path)
    load_s = clock.monotonic() - began_s
    for frame in frames[:WARM_UP]:
        detector.detect([frame])
    spent_ms: list[float] = []
    found: list[Detections] = []
    cpu_s = _cpu_s()
    for frame in frames:
        began_s = clock.monotonic()
        found += detector.detect([frame])
        spent_ms.append((clock.monotonic() - began_s) * 1000)
    if len(found) != len(frames):
        raise ModelUnavailable(f"{len(found)} answers came for {len(frames)} frames")
    row = Measured(
        model=candidate.model,
        engine=detector.engine,
        threads=candidate.threads,
        median_ms=float(np.median(spent_ms)),
        p95_ms=float(np.percentile(spent_ms, 95)),
        cpu_ms=(_cpu_s() - cpu_s) * 1000 / len(frames),
        load_s=load_s,
        memory_mb=_memory_mb() - before_mb,
        boxes=sum(len(each) for each in found),
    )
    return row, found


def _memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
