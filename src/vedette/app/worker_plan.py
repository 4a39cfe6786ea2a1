"""How many workers there are, which cameras each gets, and what it may use."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from vedette.app.camera_settings import CameraSettings
from vedette.app.settings import Settings
from vedette.config.secrets import reveal
from vedette.contracts.assignment import CameraAssignment
from vedette.kit.redact import SECRETS
from vedette.models.catalogue import Catalogue
from vedette.models.fetch import Progress
from vedette.models.store import ModelStore
from vedette.plugins.registry import configure
from vedette.services.spread import spread

_ANYTHING: TypeAdapter[Any] = TypeAdapter(Any)

BASE_MB = 700
"""Of a worker with a model, before its cameras; far above what it needs (docs/adr/0028)."""
CAMERA_MB = 100
"""Of one camera besides its packet ring: decoder, previews, events."""
MOST_PART = 0.85
"""Of the machine's memory, for all workers together."""


def worker_count(settings: Settings) -> int:
    """Worker processes that these settings ask for; 0: the cameras run in the main process."""
    wanted = settings.workers
    cores = len(os.sched_getaffinity(0))
    return min(cores if wanted == "auto" else wanted, len(settings.cameras))


def seats_for(settings: Settings) -> list[list[str]]:
    """The cameras of each worker."""
    weights = {camera.id: weight(camera) for camera in settings.cameras}
    return spread(weights, worker_count(settings))


def weight(camera: CameraSettings) -> float:
    """A camera's share of work: reading and decoding, and looking as often as it is asked to."""
    looking = camera.detect.fps / 5.0 if camera.detect.enabled else 0.0
    always = 1.0 if camera.gate.mode == "always" else 0.0
    return 1.0 + looking + always


def memory_limit(settings: Settings, seats: int) -> int:
    """Bytes that a worker may use before it is replaced: a guard against leaks, not a budget."""
    rings_mb = max((camera.events.ring_mb for camera in settings.cameras), default=0.0)
    share = -(-len(settings.cameras) // max(1, seats))
    wanted = round((BASE_MB + share * (CAMERA_MB + rings_mb)) * 2**20)
    least = BASE_MB * 2**20
    return max(least, min(wanted, round(_machine_bytes() * MOST_PART / max(1, seats))))


def assignment(camera: CameraSettings, version: int) -> CameraAssignment:
    """The settings of a camera as its worker gets them: plain values, secrets filled in."""
    plain = _ANYTHING.dump_python(reveal(camera.model_dump(mode="python")), mode="json")
    secrets = SECRETS.within("\n".join(_texts(plain)))
    return CameraAssignment(camera_id=camera.id, version=version, settings=plain, secrets=secrets)


def _texts(value: Any) -> Iterator[str]:
    """Every text within nested settings."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _machine_bytes() -> int:
    """Memory of this machine, or of this container where it has a limit."""
    found = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        text = Path("/sys/fs/cgroup/memory.max").read_text("ascii").strip()
    except OSError:
        return found
    return min(found, int(text)) if text.isdigit() else found


def fetch_models(settings: Settings, progress: Progress) -> None:
    """Install the models that the detectors need, so that no worker has to.

    Raises:
        ModelUnavailable: one cannot be fetched.
    """
    used = {name for camera in settings.cameras for name in camera.detect.detectors}
    for name, detector in {**settings.detectors, "default": settings.detector}.items():
        _, config = configure("detector", detector)
        if name in used and hasattr(config, "model"):
            ModelStore().pull(Catalogue.load().get(config.model), progress)
