"""The settings of `vedette demo`: the bundled clip as a camera that never ends, from now on."""

from pathlib import Path

import vedette
from vedette.app.door import listen
from vedette.app.load import load_settings
from vedette.app.settings import Settings
from vedette.contracts.errors import InvalidConfig, SourceRefused


def example(name: str) -> Path:
    """A file of `examples/`: beside the sources, or inside an installed package.

    Raises:
        SourceRefused: it is in neither place.
    """
    package = Path(vedette.__file__).parent
    for folder in (package / "examples", package.parents[1] / "examples"):
        if (folder / name).is_file():
            return folder / name
    raise SourceRefused(f"the example {name} is missing from this installation; install it again")


def demo_settings(port: int | None = None) -> Settings:
    """Settings of `examples/demo.yaml`, with the clip's place and the present time filled in.

    Without a port, the usual one is taken, or any free one where that is busy.
    """
    settings = load_settings(example("demo.yaml"))
    clip = example("pedestrians.mp4")
    cameras = tuple(
        camera.model_copy(update={"source": {**camera.source, "path": str(clip), "start": "now"}})
        for camera in settings.cameras
    )
    api = settings.api
    api = api.model_copy(update={"port": free_port(api.host, api.port) if port is None else port})
    return settings.model_copy(update={"cameras": cameras, "api": api})


def free_port(host: str, wanted: int) -> int:
    """The port if it is free, else 0, which takes any."""
    try:
        listen(host, wanted).close()
    except InvalidConfig:
        return 0
    return wanted
