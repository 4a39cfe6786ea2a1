"""Turns a clip, finished or left behind by a crash, into an artifact to be kept."""

from pathlib import Path

from vedette.contracts.artifact import ArtifactKind
from vedette.contracts.sink import NewArtifact
from vedette.media import clip as clips


def clip_artifact(clip: clips.Clip) -> NewArtifact:
    """The artifact of a clip; its file is moved when it is kept."""
    return NewArtifact(
        kind=ArtifactKind.CLIP,
        revision=1,
        extension=clip.extension,
        media_type=clip.media_type,
        started_us=clip.start_us,
        duration_s=clip.duration_s,
        width=clip.width,
        height=clip.height,
        file=clip.path,
    )


def finish_part(part: Path, target: Path) -> NewArtifact | None:
    """Finish what a crash left (see `services.repair.FinishClip`).

    Raises:
        StorageFailed: the clip cannot be written; the part stays.
    """
    clip = clips.repair(part, target)
    return None if clip is None else clip_artifact(clip)
