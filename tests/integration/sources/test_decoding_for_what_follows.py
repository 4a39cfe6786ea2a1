"""A stream that decodes packets nobody looks at gives the same pictures for the others."""

from pathlib import Path

from vedette.contracts.frame import Frame
from vedette.kit.clock import SystemClock
from vedette.sources.file import FileConfig, FileSource
from vedette.sources.scene import Scene
from vedette.sources.scene_file import render_scene


def source(folder: Path) -> FileSource:
    path = folder / "scene.mp4"
    if not path.exists():
        scene = Scene(width=128, height=96, fps=10, duration_s=3.0, noise=4.0)
        render_scene(scene, path, codec="libx264", options={"preset": "ultrafast", "bf": "0"})
    return FileSource(FileConfig(path=path), camera_id="yard", clock=SystemClock())


def test_pictures_after_skipped_ones_are_the_same_and_keep_their_numbers(tmp_path: Path) -> None:
    whole, thin = source(tmp_path).open(), source(tmp_path).open()
    every = {frame.at_us: frame for packet in whole.packets() for frame in whole.decode(packet)}
    first_us = min(every)
    skipped = 0
    seen: list[Frame] = []
    for index, packet in enumerate(thin.packets()):
        if index % 3:
            skipped += thin.skip(packet)
        else:
            seen += thin.decode(packet)
    whole.close()
    thin.close()

    assert (len(every), skipped, len(seen)) == (30, 20, 10)
    offset_us = seen[0].at_us - first_us
    for frame in seen:
        known = every[frame.at_us - offset_us]
        assert frame.number == known.number
        assert (frame.y == known.y).all()
        assert (frame.u == known.u).all()
    assert thin.stats.frames == whole.stats.frames == 30
