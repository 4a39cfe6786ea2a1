"""Videos as IP cameras make them, for tests: short groups of pictures, no B frames."""

from pathlib import Path

from vedette.sources.scene import Actor, Scene
from vedette.sources.scene_file import render_scene

WALKER = Actor(path=((0.0, 0.1, 0.6), (60.0, 0.9, 0.6)))


def camera_video(
    path: Path,
    *,
    codec: str = "libx264",
    fps: int = 30,
    duration_s: float = 2.0,
    gop_s: float = 0.4,
    size: tuple[int, int] = (320, 240),
    options: dict[str, str] | None = None,
) -> Path:
    """Write a video of somebody walking; the container follows from the extension."""
    scene = Scene(width=size[0], height=size[1], fps=fps, duration_s=duration_s, actors=(WALKER,))
    quick = {"libx264": {"preset": "ultrafast"}, "libx265": {"preset": "ultrafast"}}
    if codec == "libx265":
        quick["libx265"]["x265-params"] = "log-level=none:bframes=0"
    chosen = {**quick.get(codec, {}), **(options or {})}
    render_scene(scene, path, codec=codec, options=chosen, gop_s=gop_s)
    return path
