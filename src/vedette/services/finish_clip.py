"""Turns a clip, finished or left behind by a crash, into an artifact to be kept."""

from pathlib import Path

from vedette.contracts.sink import NewArtifact
from vedette.media import clip as clips


def finish_part(part: Path, target: Path) -> NewArtifact | None:
    """Finish what a crash left (see `services.repair.FinishClip`).

    Raises:
        StorageFailed: the clip cannot be written; the part stays.
    """
    clip = clips.repair(part, target)
    return None if clip is None else clip.artifact()
