"""How good are detection and tracking on the labelled scenes? Pixels, video, motion, model, tracks.

Each scene is drawn, encoded as a camera does, and analysed by the real pipeline: once with every
frame looked at, once as a camera is watched, with its gates.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from vedette.app.analyze import Analysis, Findings, analyze
from vedette.app.camera_settings import CameraSettings, ModuleSettings
from vedette.app.collect import Collected
from vedette.evaluation.score import Scores, evaluate
from vedette.kit.clock import Clock
from vedette.models.fetch import Progress, silent
from vedette.sources.scene import Scene, mot_rows
from vedette.sources.scene_file import render_scene
from vedette.sources.scene_set import MOTION, SAME_PERSON, SCENES

JUDGED_FROM = 1 / 3
"""Somebody of whom less is visible is not judged, as in the hand-made truth."""
RULE = {"id": "seen", "type": "presence", "for_s": 0.5, "end_after_s": 2}
"""What counts as an event: somebody is in the picture."""
SLACK_S = 2.0
"""An event of the one run is found again in the other if they overlap, or nearly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A scene, analysed in one way."""

    scores: Scores
    looked: int
    """Moments that the detector looked at."""
    closer_looks: int
    events: tuple[Collected, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneScore:
    """A scene, analysed in both ways."""

    name: str
    every_frame: Watched
    gated: Watched

    @property
    def event_recall(self) -> float:
        """Part of the events of the first way that the second way found, too."""
        wanted = self.every_frame.events
        if not wanted:
            return 1.0
        return sum(_found(event, self.gated.events) for event in wanted) / len(wanted)


def film(scene: Scene, folder: Path, name: str, codec: str = "libvpx-vp9") -> tuple[Path, Path]:
    """Write a scene's video, and its truth; their paths."""
    stem = name.replace(" ", "-")
    video = folder / f"{stem}.{'webm' if codec == 'libvpx-vp9' else 'mp4'}"
    truth = folder / f"{stem}.csv"
    render_scene(scene, video, codec=codec)
    rows = mot_rows(scene, judged_from=JUDGED_FROM)
    truth.write_text("".join(_renamed(row, name) for row in rows), encoding="utf-8")
    return video, truth


def watch(
    video: Path,
    truth: Path,
    detector: ModuleSettings,
    clock: Clock,
    *,
    every_frame: bool,
    motion: ModuleSettings | None = None,
    progress: Progress = silent,
) -> Watched:
    """Analyse a video and compare with its truth.

    With its gates, a camera is judged in the moments at which its detector looked; that nobody
    looked while somebody was there, the events tell.
    """
    camera = CameraSettings.model_validate(
        {
            "id": "scene",
            "source": str(video),
            "detect": {"labels": ["person"]},
            "rules": [RULE],
            "motion": motion or {"type": "luma"},
        }
    )
    with tempfile.TemporaryDirectory(prefix="vedette-") as scratch:
        tracks = Path(scratch) / "tracks.csv"
        analysis = Analysis(
            camera=camera, detector=detector, every_frame=every_frame, tracks=tracks
        )
        found = analyze(analysis, clock, seen=lambda frames, in_all: None, progress=progress)
        scores = evaluate(tracks, truth, label="person", frames=found.looked_at)
    return _watched(found, scores)


def score_scenes(
    detector: ModuleSettings,
    clock: Clock,
    *,
    names: Sequence[str] = (),
    codec: str = "libvpx-vp9",
    progress: Progress = silent,
    begins: Callable[[str], None] = lambda name: None,
) -> Iterator[SceneScore]:
    """All scenes, or those named, one after the other.

    Raises:
        ModelUnavailable, InvalidConfig: the detector cannot be used.
    """
    for name in names or SCENES:
        begins(name)
        with tempfile.TemporaryDirectory(prefix="vedette-") as scratch:
            video, truth = film(SCENES[name], Path(scratch), name, codec)
            motion = dict(MOTION.get(name, {})) or None
            every, gated = (
                watch(
                    video,
                    truth,
                    detector,
                    clock,
                    every_frame=each,
                    motion=motion,
                    progress=progress,
                )
                for each in (True, False)
            )
        yield SceneScore(name=name, every_frame=every, gated=gated)


def _watched(found: Findings, scores: Scores) -> Watched:
    return Watched(
        scores=scores,
        looked=found.stats.looked,
        closer_looks=found.stats.closer_looks,
        events=tuple(found.events),
    )


def _found(wanted: Collected, events: Sequence[Collected]) -> bool:
    return any(_overlap(wanted, other) for other in events)


def _overlap(one: Collected, other: Collected) -> bool:
    begin = max(one.event.started_at, other.event.started_at).timestamp()
    ends = [event.ended_at or event.opened_at for event in (one.event, other.event)]
    return begin <= min(ends).timestamp() + SLACK_S


def _renamed(row: str, name: str) -> str:
    """A row of truth in which who came back has the number that they had."""
    same = SAME_PERSON.get(name, {})
    cells = row.split(",")
    if cells[1].isdigit() and int(cells[1]) in same:
        cells[1] = str(same[int(cells[1])])
    return ",".join(cells) + "\n"
