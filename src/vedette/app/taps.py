"""Who else takes the packets of cameras: the recorder, and viewers of live video."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vedette.app.camera_settings import CameraSettings
from vedette.blobs.local import LocalBlobs
from vedette.contracts.packet import PacketTap
from vedette.contracts.sink import SegmentSink
from vedette.kit.clock import Clock
from vedette.media.live import LiveStream
from vedette.media.segment import SegmentWriter
from vedette.pipeline.clip_parts import Footage
from vedette.recording.recorder import Recorder, RecordingDesk
from vedette.recording.reel import RecordPlan, Reel


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelves:
    """Where a process records, and who keeps the rows."""

    folder: Path
    sink: SegmentSink
    run: str = "main"
    """Name of this process, or of its life."""


class Taps:
    """The taps of the cameras of one process."""

    def __init__(self, shelves: Shelves | None, clock: Clock) -> None:
        """Take what it needs.

        Args:
            shelves: None where nothing is recorded, whatever the settings say.
        """
        self._shelves = shelves
        self._clock = clock
        self._desk = RecordingDesk(clock)
        self._recorders: dict[str, Recorder] = {}
        self._retired: list[Recorder] = []
        """Of cameras that have been replaced, and may still be finishing."""
        self._streams: dict[str, LiveStream] = {}

    def of(self, camera: CameraSettings, live: bool) -> tuple[PacketTap, ...]:
        """The taps of a camera.

        Args:
            live: its time is the wall clock's.
        """
        old = self._recorders.pop(camera.id, None)
        self._retired += [old] if old else []
        stream = LiveStream(camera.id)
        if before := self._streams.get(camera.id):
            before.lost("the camera begins anew")
        self._streams[camera.id] = stream
        if camera.record.mode == "off" or self._shelves is None:
            return (stream,)
        plan = RecordPlan(
            site_id=camera.site,
            camera_id=camera.id,
            segment_us=round(camera.record.segment_s * 1e6),
            live=live,
            run=self._shelves.run,
        )
        recorder = self._desk.add(
            Reel(
                plan=plan,
                blobs=LocalBlobs(self._shelves.folder),
                new_file=SegmentWriter,
                sink=self._shelves.sink,
                clock=self._clock,
            )
        )
        self._recorders[camera.id] = recorder
        return (stream, recorder)

    def retire(self, camera_id: str) -> None:
        """A camera that was replaced has ended: complete what it recorded."""
        for recorder in [each for each in self._retired if each.camera_id == camera_id]:
            self._retired.remove(recorder)
            self._desk.remove(recorder)

    def drop(self, camera_id: str) -> None:
        """A camera has ended for good."""
        if stream := self._streams.pop(camera_id, None):
            stream.lost("the camera is gone")
        if recorder := self._recorders.pop(camera_id, None):
            self._desk.remove(recorder)

    @property
    def streams(self) -> Mapping[str, LiveStream]:
        """Live video, by camera."""
        return self._streams

    def footage(self, camera_id: str) -> Footage | None:
        """Where clips of a camera find what its packet ring holds no more."""
        recorder = self._recorders.get(camera_id)
        return None if recorder is None else recorder.footage

    def start(self) -> None:
        """Begin to write."""
        self._desk.start()

    def close(self) -> None:
        """Complete every recording, and end all live video; the cameras have ended."""
        for stream in list(self._streams.values()):
            stream.lost("the product stops")
        self._desk.close()

    def figures(self) -> dict[str, float]:
        """Counters, by metric name without `vedette_` and `_total`."""
        counts = [recorder.counts for recorder in self._recorders.values()]
        return {
            "recording_segments": sum(each.segments for each in counts),
            "recording_bytes": sum(each.bytes for each in counts),
            "recording_gaps": sum(each.gaps for each in counts),
            "recording_failures": sum(each.failures for each in counts),
            "recording_packets_dropped": sum(each.dropped for each in counts),
        }

    def gauges(self) -> dict[str, float]:
        """Present values, by metric name without `vedette_`."""
        return {
            "recording_waiting_bytes": sum(r.waiting_bytes for r in self._recorders.values()),
            "live_viewers": sum(stream.viewers for stream in self._streams.values()),
        }
