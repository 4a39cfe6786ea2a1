"""An event sink without a database: what `analyze` found, and its files in a plain folder."""

import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from vedette.blobs.names import NamesGiven
from vedette.contracts.errors import StorageFailed
from vedette.contracts.event import Event
from vedette.contracts.sink import EventChange, NewArtifact, TrackRecord
from vedette.contracts.verdict import Verdict
from vedette.explain.words import sentence
from vedette.kit.clock import from_us

log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Collected:
    """One event in its latest state, with its files."""

    event: Event
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Kind of artifact to what is known of it; a better revision replaces the one before."""


@dataclass(slots=True, kw_only=True)
class Collector:
    """Implements `EventSink` for one analysis; used by one thread."""

    folder: Path | None
    """Where files go, as `<event id>/<kind>.<extension>` (`clip-2` is a second part); None keeps
    no files."""
    names: NamesGiven | None = None
    """Names the files in that folder; None: as said there."""
    events: dict[UUID, Collected] = field(default_factory=dict)
    tracks: dict[str, TrackRecord] = field(default_factory=dict)
    """By their ids, in the order of their ends."""
    verdicts: dict[str, tuple[Verdict, ...]] = field(default_factory=dict)
    """What was said of each track, by its id."""

    def submit(self, change: EventChange) -> None:
        held = self.events.setdefault(change.event.id, Collected(event=change.event))
        held.event = change.event
        for artifact in change.artifacts:
            part = f"-{artifact.part}" if artifact.part > 1 else ""
            held.files[f"{artifact.kind}{part}"] = self._keep(change.event, artifact, part)

    def record(self, track: TrackRecord, verdicts: Sequence[Verdict]) -> None:
        self.tracks.pop(track.id, None)  # an earlier part of it
        self.tracks[track.id] = track
        self.verdicts[track.id] = (*self.verdicts.get(track.id, ()), *verdicts)
        if log.isEnabledFor(logging.DEBUG):
            for each in verdicts:
                at = f"{from_us(each.at_us):%Y-%m-%d %H:%M:%S.%f}"[:-3]
                log.debug("%s UTC, %s, %s: %s", at, track.id, each.stage, sentence(each))

    def in_order(self) -> list[Collected]:
        """By the time of opening, then by id: the same for equal input."""
        return sorted(self.events.values(), key=lambda c: (c.event.opened_at, str(c.event.id)))

    def lines(self) -> list[str]:
        """One event a line, as JSON with sorted keys."""
        return [
            json.dumps(
                {
                    **held.event.model_dump(mode="json"),
                    "artifacts": [held.files[kind] for kind in sorted(held.files)],
                },
                sort_keys=True,
                ensure_ascii=False,
            )
            for held in self.in_order()
        ]

    def _keep(self, event: Event, artifact: NewArtifact, part: str) -> dict[str, Any]:
        name = f"{event.id}/{artifact.kind}{part}{artifact.extension}"
        if self.names is not None:
            extension, number = artifact.extension, artifact.part
            name = self.names.give(event, artifact.kind, extension, part=number)
        data = artifact.data if artifact.file is None else artifact.file.read_bytes()
        if data is None:
            raise StorageFailed(f"artifact {name} came without bytes")
        if self.folder is not None:
            try:
                target = self.folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                half = target.with_name(target.name + ".part")
                half.write_bytes(data)
                os.replace(half, target)
            except OSError as error:
                raise StorageFailed(
                    f"cannot write {name} into {self.folder}: {error.strerror}"
                ) from error
        if artifact.file is not None:
            artifact.file.unlink(missing_ok=True)
        return {
            "kind": str(artifact.kind),
            "file": name,
            "media_type": artifact.media_type,
            "size_bytes": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
            "width": artifact.width,
            "height": artifact.height,
            "duration_s": artifact.duration_s,
        }


def demand_writable(path: Path) -> None:
    """Find out now, not after an hour of work, whether a result can be written.

    Raises:
        StorageFailed: it cannot; says why.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise StorageFailed(f"cannot write {path}: {error.strerror}") from error


def write_text(path: Path, text: str) -> None:
    """Write a result file whole or not at all.

    Raises:
        StorageFailed: it cannot be written; says why.
    """
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8", newline="\n")
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise StorageFailed(f"cannot write {path}: {error.strerror}") from error
