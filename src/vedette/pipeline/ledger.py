"""The decision ledger of one camera: what each stage said of each track, bounded.

Also keeps the path of each track, quantised, until the track ends. What opened an event is told at
once, the rest when the track ends.
"""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from vedette.contracts.sample import QUANTUM, Samples, quantise
from vedette.contracts.sight import EndedTrack, Motion, Tracks
from vedette.contracts.sink import EventSink, TrackRecord
from vedette.contracts.verdict import Numbers, Verdict
from vedette.track.path import NO_PATH, Path, encode

MOST_VERDICTS = 200
"""Per track; what comes after is counted, and the count is kept as the last verdict."""
MOST_OFFSET_MS = 2**32 - 1
"""49 days; what is later counts as then."""
MOST_SAMPLES = 20_000
"""Per track; a longer path is thinned to every second sample."""


@dataclass(slots=True)
class _Story:
    """One track's verdicts and path so far."""

    verdicts: list[Verdict] = field(default_factory=list)
    parts: int = 0
    """How often it was told so far."""
    told: int = 0
    """Verdicts that were told with them."""
    dropped: int = 0
    times_us: "array[int]" = field(default_factory=lambda: array("q"))
    rows: "array[int]" = field(default_factory=lambda: array("H"))
    """Five numbers a sample: box, score."""
    zones: set[str] = field(default_factory=set)
    confirmed_us: int = 0

    def note(self, verdict: Verdict) -> None:
        if len(self.verdicts) < MOST_VERDICTS:
            self.verdicts.append(verdict)
        else:
            self.dropped += 1

    def sample(self, at_us: int, row: Sequence[int]) -> None:
        if len(self.times_us) >= MOST_SAMPLES:
            kept = np.array(self.rows, dtype=np.uint16).reshape(-1, 5)[::2]
            self.rows = array("H", kept.ravel().tolist())
            self.times_us = self.times_us[::2]
        self.times_us.append(at_us)
        self.rows.extend(row)

    def path(self) -> bytes:
        """The path, packed; times are milliseconds since the first sample."""
        rows = np.array(self.rows, dtype=np.uint16).reshape(-1, 5)
        times_us = np.array(self.times_us, dtype=np.int64)
        offsets_us = times_us - times_us[0] if len(times_us) else times_us
        return encode(
            Path(
                offsets_ms=np.minimum(offsets_us // 1000, MOST_OFFSET_MS).astype(np.uint32),
                boxes=rows[:, :4],
                scores=rows[:, 4],
            )
        )

    def untold(self) -> tuple[Verdict, ...]:
        """What was said since it was told last; from now on that is told."""
        fresh = tuple(self.verdicts[self.told :])
        self.told = len(self.verdicts)
        return fresh


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackStory:
    """A track, with what was said of it since it was told last."""

    record: TrackRecord
    verdicts: tuple[Verdict, ...]


def keep(sink: EventSink, story: TrackStory | None) -> None:
    """Have a story stored, where there is one."""
    if story is not None:
        sink.record(story.record, story.verdicts)


class Ledger:
    """Collects verdicts and paths; gives each track's story when it ends."""

    def __init__(self, camera_id: str, zone_ids: Sequence[str]) -> None:
        self._camera_id = camera_id
        self.zone_ids = tuple(zone_ids)
        """Names of the bits of `Samples.zones`."""
        self._stories: dict[int, _Story] = {}

    def follow(self, tracks: Tracks, motion: Motion) -> None:
        """Begin the story of each new track: what opened the gate, what the detector saw."""
        for row in np.flatnonzero(tracks.observed).tolist():
            track = int(tracks.ids[row])
            story = self._stories.get(track)
            if story is None:
                story = self._stories[track] = _Story()
                label = tracks.labels[int(tracks.classes[row])]
                gate: Numbers = {"fraction": round(motion.fraction, 5)}
                seen: Numbers = {"label": label, "score": round(float(tracks.scores[row]), 4)}
                self.add(track, "motion", tracks.at_us, motion.code, gate)
                self.add(track, "detect", tracks.at_us, "seen", seen)
            if tracks.confirmed[row] and not story.confirmed_us:
                story.confirmed_us = tracks.at_us
                after_s = (tracks.at_us - int(tracks.first_us[row])) / 1e6
                self.add(track, "track", tracks.at_us, "confirmed", {"after_s": after_s})

    def note(self, verdicts: Iterable[Verdict]) -> None:
        """Add what a stage said of tracks in view; what is said of others has no place here."""
        for verdict in verdicts:
            story = self._stories.get(verdict.track)
            if story is not None:
                story.note(verdict)

    def add(self, track: int, stage: str, at_us: int, code: str, numbers: Numbers) -> None:
        """The same for one verdict, in parts."""
        self.note(
            [
                Verdict(
                    camera_id=self._camera_id,
                    track=track,
                    stage=stage,
                    at_us=at_us,
                    code=code,
                    numbers=numbers,
                )
            ]
        )

    def sample(self, tracks: Tracks, samples: Samples) -> None:
        """Extend the paths of the tracks observed at this moment."""
        if not tracks.observed.any():
            return
        boxes = quantise(tracks.boxes)
        scores = quantise(tracks.scores)
        for row in np.flatnonzero(tracks.observed).tolist():
            story = self._stories.get(int(tracks.ids[row]))
            if story is not None:
                story.sample(tracks.at_us, [*boxes[row].tolist(), int(scores[row])])
        for track, bits in zip(samples.ids.tolist(), samples.zones.tolist(), strict=True):
            story = self._stories.get(track)
            if bits and story is not None:
                story.zones.update(z for i, z in enumerate(self.zone_ids) if bits >> i & 1)

    def so_far(self, tracks: Tracks, track: int, track_id: str) -> TrackStory | None:
        """The story of a track in view, so that a crash leaves no event without it; None where
        there is none. Without its path, which is not over."""
        story, rows = self._stories.get(track), np.flatnonzero(tracks.ids == track)
        if story is None or not len(rows) or not story.times_us:
            return None
        row = int(rows[0])
        scores = np.array(story.rows, dtype=np.uint16).reshape(-1, 5)[:, 4] / QUANTUM
        record = TrackRecord(
            id=track_id,
            camera_id=self._camera_id,
            label=tracks.labels[int(tracks.classes[row])],
            t0_us=int(tracks.first_us[row]),
            t1_us=story.times_us[-1],
            median_score=float(np.median(scores)),
            best_score=float(scores.max()),
            samples=0,
            path=NO_PATH,
            zones=self._visited(story),
            confirmed_us=story.confirmed_us,
            part=story.parts,
        )
        story.parts += 1
        return TrackStory(record=record, verdicts=story.untold())

    def end(self, track: EndedTrack, track_id: str, at_us: int) -> TrackStory:
        """The story of a track that was given up at a moment; it is forgotten here."""
        story = self._stories.pop(track.id, _Story())
        last = [
            self._verdict(
                track, "track", track.code, {"seen": track.seen, "best_score": track.best_score}
            )
        ]
        if story.dropped:
            last.append(self._verdict(track, "track", "truncated", {"dropped": story.dropped}))
        record = TrackRecord(
            id=track_id,
            camera_id=self._camera_id,
            label=track.label,
            t0_us=track.first_us,
            t1_us=track.last_us,
            median_score=track.median_score,
            best_score=track.best_score,
            samples=track.seen,
            path=story.path(),
            zones=self._visited(story),
            confirmed_us=story.confirmed_us,
            given_up_us=at_us,
            part=story.parts,
        )
        return TrackStory(record=record, verdicts=(*story.untold(), *last))

    def _visited(self, story: _Story) -> tuple[str, ...]:
        """Zones that a track was in, in order; those that are no more at the end."""
        gone = sorted(story.zones.difference(self.zone_ids))
        return (*(zone for zone in self.zone_ids if zone in story.zones), *gone)

    def _verdict(self, track: EndedTrack, stage: str, code: str, numbers: Numbers) -> Verdict:
        return Verdict(
            camera_id=self._camera_id,
            track=track.id,
            stage=stage,
            at_us=track.last_us,
            code=code,
            numbers=numbers,
        )
