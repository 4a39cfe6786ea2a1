"""Row 1, an active camera: motion, tracking and a rule five times a second, detections known.

    python -m benchmarks.active_camera [--quick]

A minute of real people in 720p; all contestants get the same answers of the same detector for
free. Figures are milliseconds of CPU time per second of video. The peers: FFmpeg that only
decodes (the floor), OpenCV with MOG2 and ByteTrack, and Frigate's shape (FFmpeg in a process of
its own, raw video through a pipe, Frigate's motion detection, norfair).
"""

import json
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import av

from benchmarks.bench import NORFAIR_PYTHON, Bench, alone
from benchmarks.cell import Cell, Question, compared
from benchmarks.contest import Run, cpu_s, in_turns, ours, run
from benchmarks.media import street
from benchmarks.product import WATCH, Answers, Kept, answers_of, build
from vedette.app.camera_settings import CameraSettings
from vedette.kit.clock import SystemClock

FLOOR, CV2, FRIGATE, LEAN = "ffmpeg -f null", "cv2+MOG2+ByteTrack", "Frigate-shaped", "lean PyAV"
TARGETS = {FLOOR: "<= 1.05x", CV2: "<= 0.55x", FRIGATE: "", LEAN: ""}
WHY = {
    FLOOR: "Decoding is nearly all that this target leaves; below, the time is told by stage.",
    CV2: "Decoding alone takes about half of what the peer takes.",
}


def measure(bench: Bench) -> list[Cell]:
    """All of them in turns."""
    video = street(bench)
    answers = answers_of(bench, video)
    contestants: dict[str, Callable[[], Run]] = {
        "ours": lambda: run(ours("active_camera", "--contestant", video, answers)),
        LEAN: lambda: run(ours("active_camera", "--lean", video)),
    }
    if bench.ffmpeg:
        floor = [bench.ffmpeg, "-nostdin", "-loglevel", "error", "-threads", "1"]
        floor += ["-i", str(video), "-f", "null", "-"]
        contestants[FLOOR] = lambda: run(floor)
    for name, command in (
        (CV2, bench.peer("cv2_pipeline.py", video, answers)),
        (FRIGATE, bench.peer("frigate_shape.py", video, answers, python=NORFAIR_PYTHON)),
    ):
        if command is not None and (name == CV2 or bench.ffmpeg):
            contestants[name] = lambda command=command: run(command)  # type: ignore[misc]
    runs = in_turns(contestants, bench.rounds, bench.say)
    seconds = _check(runs)
    times = {name: [one.cpu_s * 1e3 / seconds for one in each] for name, each in runs.items()}
    return [
        compared(
            Question(
                row=1,
                metric="active camera",
                workload="720p25, 5 samples a second",
                unit="ms CPU a second",
                peer_name=peer,
                target=target,
                why=WHY.get(peer, ""),
            ),
            times["ours"],
            times.get(peer, []),
        )
        for peer, target in TARGETS.items()
    ]


def _check(runs: dict[str, list[Run]]) -> float:
    """Everybody did the whole job, less what no later picture needs; the length in seconds."""
    mine = runs["ours"][0].said
    for name, each in runs.items():
        if name == FLOOR:
            continue
        said = each[0].said
        assert said["frames"] == mine["frames"], f"{name} decoded {said['frames']} frames"
        if name == LEAN:
            continue
        assert abs(said["analysed"] - mine["analysed"]) <= 2, f"{name}: {said}"
        assert said["looked"] >= 0.8 * mine["analysed"], f"{name} hardly looked: {said}"
        assert min(said["events"], said["tracks"]) >= 5, f"{name} found nothing: {said}"
    return float(mine["frames"]) / 25


def contest(video: Path, answers: Path) -> None:
    """Ours: the product's own pipeline on a file."""
    settings = CameraSettings.model_validate({"id": "street", "source": str(video), **WATCH})
    sink = Kept()
    known = Answers.read(answers)
    pipeline, server = build(settings, lambda frame: known.at(frame.at_us), SystemClock(), sink)
    began = cpu_s()
    pipeline.watch(threading.Event())
    pipeline.finish("source_ended")
    spent = cpu_s() - began
    server.close()
    stats = pipeline.stats
    said = {
        "cpu_s": spent,
        "frames": stats.frames + stats.skipped["unsampled"],  # before a keyframe, for nobody
        "analysed": stats.analysed,
        "looked": stats.looked,
        "tracks": sink.tracks,
        "events": len(sink.events),
    }
    print(json.dumps(said))


def lean(video: Path) -> None:
    """PyAV that decodes and does nothing: what Python alone cannot go below."""
    began = cpu_s()
    with av.open(f"file:{video}") as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        frames = sum(1 for _ in container.decode(stream))
    print(json.dumps({"cpu_s": cpu_s() - began, "frames": frames}))


if __name__ == "__main__":
    if "--contestant" in sys.argv:
        contest(Path(sys.argv[2]), Path(sys.argv[3]))
    elif "--lean" in sys.argv:
        lean(Path(sys.argv[2]))
    else:
        alone(measure, __doc__)
