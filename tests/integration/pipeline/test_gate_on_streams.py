"""The decode gate on video as cameras send it: the same frames and events as without, for less."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.scenes import BLOB, walker
from tests.surroundings import around
from vedette.app.build import build_camera
from vedette.app.camera_settings import CameraSettings
from vedette.app.detectors import build_detector
from vedette.contracts.frame import Frame
from vedette.kit.clock import SystemClock, to_us
from vedette.models.fetch import silent
from vedette.pipeline.camera import CameraPipeline
from vedette.sources.scene import Scene
from vedette.sources.scene_file import render_scene
from vedette.testing.scripted import RecordingSink

FAST = {"preset": "veryfast", "sc_threshold": "0"}
CODECS: dict[str, tuple[str, str, dict[str, str]]] = {
    "h264-vbr": ("libx264", ".mp4", {**FAST, "crf": "26"}),
    "h264-cbr": ("libx264", ".mp4", {**FAST, "b": "300k", "maxrate": "300k", "bufsize": "300k"}),
    "h264-b-frames": ("libx264", ".mkv", {**FAST, "bf": "2", "b-adapt": "0", "crf": "26"}),
    "hevc": (
        "libx265",
        ".mp4",
        {"preset": "ultrafast", "x265-params": "bframes=0:scenecut=0:log-level=none"},
    ),
    "vp9": ("libvpx-vp9", ".webm", {}),
    "mpeg4": ("mpeg4", ".mp4", {"b": "1M"}),
}
ACTORS = (
    walker((14.3, -0.05, 0.5), (19.0, 1.05, 0.5)),
    walker((33.1, 1.05, 0.6), (35.0, 0.5, 0.6), (50.0, 0.5, 0.6), (52.5, -0.05, 0.6)),
)
"""One crosses; another comes, stands for 15 s, and goes."""


@dataclass(slots=True, kw_only=True)
class Seen:
    """What went through the stages."""

    sink: RecordingSink = field(default_factory=RecordingSink)
    pictures: dict[int, str] = field(default_factory=dict)
    """Fingerprint of each frame that was analysed, by time."""
    times_us: list[int] = field(default_factory=list)
    stats: Any = None
    gate: Any = None

    @property
    def events(self) -> list[tuple[float, float | None]]:
        return [
            (to_us(e.opened_at) / 1e6, to_us(e.ended_at) / 1e6 if e.ended_at else None)
            for e in self.sink.events
        ]


@contextmanager
def camera(video: Path, seen: Seen, **settings: Any) -> Iterator[CameraPipeline]:
    clock = SystemClock()
    chosen = CameraSettings.model_validate(
        {
            "id": "yard",
            "source": str(video),
            "detect": {"fps": 5},
            "rules": [{"id": "seen", "type": "presence", "for_s": 0, "end_after_s": 2}],
            **settings,
        }
    )
    with build_detector(BLOB, clock, silent) as detector:
        built = build_camera(
            chosen,
            around(seen.sink, detector, clock),
        )
        look = built.motion.look

        def noted(frame: Frame) -> Any:
            seen.pictures[frame.at_us] = sha256(frame.y.tobytes() + frame.u.tobytes()).hexdigest()
            seen.times_us.append(frame.at_us)
            return look(frame)

        built.motion.look = noted  # type: ignore[method-assign]
        seen.stats, seen.gate = built.stats, built.gate
        yield built


def watched(video: Path, mode: str, **settings: Any) -> Seen:
    seen = Seen()
    with camera(video, seen, gate={"mode": mode, "close_after_s": 5}, **settings) as built:
        built.watch(threading.Event())
        built.finish("source_ended")
    return seen


@pytest.fixture(scope="module", params=CODECS)
def video(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    codec, extension, options = CODECS[request.param]
    path = tmp_path_factory.mktemp("gate") / f"{request.param}{extension}"
    scene = Scene(width=320, height=180, fps=10, duration_s=62.0, actors=ACTORS, noise=2.0)
    render_scene(scene, path, codec=codec, options=options)
    return path


def test_it_sees_the_same_events_in_the_same_pictures_for_a_part_of_the_work(video: Path) -> None:
    whole, gated = watched(video, "always"), watched(video, "keyframe")

    assert len(whole.events) == 2
    assert gated.events == whole.events, "not even later: what led to a keyframe is looked at"
    assert {t: whole.pictures.get(t) for t in gated.pictures} == gated.pictures
    assert gated.times_us == sorted(set(gated.times_us))
    assert gated.stats.frames < 0.75 * whole.stats.frames
    assert gated.stats.stale == whole.stats.stale
    assert gated.stats.source.decode_errors == gated.stats.source.damaged_frames == 0


def test_who_stood_still_while_it_was_closed_is_the_same_person(video: Path) -> None:
    gated = watched(video, "adaptive")

    closed = [b - a for a, b in zip(gated.times_us, gated.times_us[1:], strict=False)]
    assert max(closed) >= 1_900_000, "it was closed in between"
    [_, stayed] = gated.sink.events
    assert stayed.ended_at is not None
    assert (stayed.ended_at - stayed.opened_at).total_seconds() > 15
    assert len(gated.sink.stories) == 2


def test_motion_jpeg_is_decoded_as_often_as_it_is_looked_at(tmp_path: Path) -> None:
    scene = Scene(width=320, height=180, fps=20, duration_s=40.0, actors=(ACTORS[0],), noise=2.0)
    path = tmp_path / "mjpeg.mkv"
    render_scene(scene, path, codec="mjpeg", options={"strict": "unofficial"})
    whole, gated = watched(path, "always"), watched(path, "adaptive")

    assert np.array(gated.events) == pytest.approx(np.array(whole.events), abs=0.25)
    assert whole.stats.frames == 800
    assert gated.stats.frames < 1.2 * gated.stats.analysed < 200


def test_a_change_of_size_while_it_is_closed_is_taken_in_its_stride(tmp_path: Path) -> None:
    small = Scene(width=160, height=90, fps=25, duration_s=20.0, noise=2.0)
    large = small.model_copy(
        update={
            "width": 320,
            "height": 180,
            "actors": (walker((10.3, 0.0, 0.5), (15.0, 1.0, 0.5)),),
        }
    )
    both = tmp_path / "both.h264"
    parts = []
    for name, scene in (("small", small), ("large", large)):
        path = tmp_path / f"{name}.h264"
        render_scene(scene, path, codec="libx264", options=FAST)
        parts.append(path.read_bytes())
    both.write_bytes(b"".join(parts))
    whole, gated = watched(both, "always"), watched(both, "keyframe")

    assert len(whole.events) == 1
    assert gated.events == whole.events
    assert gated.stats.frames < 0.75 * whole.stats.frames


def test_a_picture_of_the_large_stream_is_found_by_its_time(tmp_path: Path) -> None:
    scene = Scene(
        width=640, height=360, fps=10, duration_s=5.0, actors=(walker((0, 0, 0.5), (5, 1, 0.5)),)
    )
    video = tmp_path / "large.mp4"
    render_scene(scene, video, codec="libx264", options=FAST)
    whole = watched(video, "always", detect={"fps": 10})
    seen = Seen()
    with camera(video, seen, detect_source=str(video)) as built:
        main = built.main
        assert main is not None
        stream = main.source.open()
        main._stream = stream
        for packet in stream.packets():
            built.keep(stream.info, packet)
        for at_us, fingerprint in list(whole.pictures.items())[::7]:
            found = built.picture(at_us + 20_000)
            assert found is not None
            assert (found.at_us, found.width) == (at_us, 640)
            assert sha256(found.y.tobytes() + found.u.tobytes()).hexdigest() == fingerprint
        assert built.picture(-1) is None
        stream.close()
