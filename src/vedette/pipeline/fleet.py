"""The cameras of a process: a thread each, opened one after another, stopped together."""

import random
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import cast

from vedette.contracts.errors import InvalidInput
from vedette.contracts.facts import CameraState
from vedette.kit.clock import Clock
from vedette.kit.supervise import keep_thread_running
from vedette.link.box import BlackBox, Doing
from vedette.pipeline.camera import CameraPipeline
from vedette.pipeline.keeper import keep_watching
from vedette.pipeline.watch import Patience, Progress, WatchedSource, stuck_for_s
from vedette.sources.port import Source

STAGGER_S = 0.1
"""Between two opens, so that many cameras do not connect at the same moment."""
SPREAD_S = 1.5
"""All cameras of a process are opened within this, however many they are."""
STOP_S = 20.0


@dataclass(slots=True, kw_only=True)
class _Held:
    """One camera with its thread."""

    pipeline: CameraPipeline
    progress: Progress
    stop: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None


class Fleet:
    """Starts and stops the threads of cameras."""

    def __init__(
        self,
        pipelines: Sequence[CameraPipeline],
        clock: Clock,
        *,
        patience: Patience | None = None,
        box: BlackBox | None = None,
    ) -> None:
        """Take the first cameras; `start` lets them watch.

        Args:
            box: told what each camera does, for whoever finds this process dead.
        """
        self._clock = clock
        self._patience = patience or Patience()
        self._box = box
        self._held: dict[str, _Held] = {}
        for pipeline in pipelines:
            self._take(pipeline)

    @property
    def pipelines(self) -> Mapping[str, CameraPipeline]:
        return {name: held.pipeline for name, held in self._held.items()}

    @property
    def watching(self) -> int:
        """Number of cameras whose thread runs; one that ended for good does not."""
        return sum(h.thread is not None and h.thread.is_alive() for h in self._held.values())

    def start(self) -> None:
        waiting = [held for held in self._held.values() if held.thread is None]
        pause_s = min(STAGGER_S, SPREAD_S / max(1, len(waiting)))
        for index, held in enumerate(waiting):
            self._begin(held, index * pause_s)

    def add(self, pipeline: CameraPipeline) -> None:
        """Let one more camera watch, at once.

        Raises:
            InvalidInput: it is here already.
        """
        if pipeline.camera_id in self._held:
            raise InvalidInput(f"camera {pipeline.camera_id!r} is here already")
        self._begin(self._take(pipeline), 0.0)

    def remove(self, camera_id: str, *, within_s: float = STOP_S) -> bool:
        """Let one camera finish its events and clips, and forget it; the others go on.

        Returns:
            True where it did so in time, and where there was no such camera.
        """
        held = self._held.get(camera_id)
        if held is None:
            return True
        held.stop.set()
        held.pipeline.interrupt()
        if held.thread is not None:
            held.thread.join(within_s)
            if held.thread.is_alive():
                return False
        self.abandon(camera_id)
        return True

    def abandon(self, camera_id: str) -> None:
        """Forget a camera, also one that did not end in time."""
        self._held = {name: each for name, each in self._held.items() if name != camera_id}
        if self._box is not None:
            self._box.leave(camera_id)

    def stop(self, *, within_s: float = STOP_S) -> list[str]:
        """Ask all cameras to finish their events and clips, and wait.

        Returns:
            Ids of cameras that did not finish in time; their events are closed at the next start.
        """
        for held in self._held.values():
            held.stop.set()
        for held in self._held.values():
            held.pipeline.interrupt()
        until_s = self._clock.monotonic() + within_s
        late: list[str] = []
        for name, held in self._held.items():
            if held.thread is None:
                continue
            held.thread.join(max(0.0, until_s - self._clock.monotonic()))
            if held.thread.is_alive():
                late.append(name)
        return late

    def stuck(self) -> dict[str, float]:
        """Cameras whose loop does not go on, and for how many seconds."""
        found = {name: stuck_for_s(h.progress, self._patience) for name, h in self._held.items()}
        return {name: spent_s for name, spent_s in found.items() if spent_s > 0.0}

    def _take(self, pipeline: CameraPipeline) -> _Held:
        name = pipeline.camera_id
        stats = pipeline.stats
        progress = Progress(clock=self._clock, looking_s=lambda: stats.progress_s)
        if self._box is not None:
            self._box.enter(name)
            progress.note = partial(self._box.note, name)
            progress.note_side = partial(self._box.note_side, name)
        pipeline.source = cast(Source, WatchedSource(pipeline.source, progress))
        pipeline.look.detect = progress.detecting(pipeline.look.detect)
        held = _Held(pipeline=pipeline, progress=progress)
        self._held = {**self._held, name: held}  # read without a lock, so never changed in place
        return held

    def _begin(self, held: _Held, after_s: float) -> None:
        held.thread = threading.Thread(
            target=self._watch,
            args=(held, after_s),
            name=f"camera-{held.pipeline.camera_id}",
            daemon=True,
        )
        held.thread.start()

    def _watch(self, held: _Held, after_s: float) -> None:
        pipeline = held.pipeline
        if self._clock.wait(held.stop, after_s):
            return
        chance = random.Random(pipeline.camera_id)  # noqa: S311 - jitter, not a secret
        keep_thread_running(
            f"camera {pipeline.camera_id}",
            lambda: self._keep_watching(held, chance),
            self._clock,
            held.stop,
            rng=chance,
        )
        held.progress.now(Doing.NOTHING)

    def _keep_watching(self, held: _Held, chance: random.Random) -> None:
        pipeline = held.pipeline
        ended = False
        try:
            keep_watching(pipeline, held.stop, self._clock, chance)
            ended = True
        finally:
            if not ended:  # a defect; the supervisor logs it and begins again
                pipeline.stats.problem(f"{pipeline.camera_id}: stopped by a defect; see the log")
                pipeline.status(CameraState.LOST, "stopped by a defect; it begins again soon")
