"""The cameras of a process: a thread each, opened one after another, stopped together."""

import random
import threading
from collections.abc import Mapping, Sequence

from vedette.contracts.facts import CameraState
from vedette.kit.clock import Clock
from vedette.kit.supervise import keep_thread_running
from vedette.pipeline.camera import CameraPipeline
from vedette.pipeline.keeper import keep_watching

STAGGER_S = 0.1
"""Between two opens, so that many cameras do not connect at the same moment."""


class Fleet:
    """Starts and stops the threads of cameras."""

    def __init__(self, pipelines: Sequence[CameraPipeline], clock: Clock) -> None:
        self.pipelines: Mapping[str, CameraPipeline] = {p.camera_id: p for p in pipelines}
        self._clock = clock
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(
                target=self._watch, args=(index, p), name=f"camera-{p.camera_id}", daemon=True
            )
            for index, p in enumerate(pipelines)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    @property
    def watching(self) -> int:
        """Number of cameras whose thread runs; one that ended for good does not."""
        return sum(thread.is_alive() for thread in self._threads)

    def stop(self, *, within_s: float = 20.0) -> list[str]:
        """Ask all cameras to finish their events and clips, and wait.

        Returns:
            Ids of cameras that did not finish in time; their events are closed at the next start.
        """
        self._stop.set()
        for pipeline in self.pipelines.values():
            pipeline.interrupt()
        until_s = self._clock.monotonic() + within_s
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, until_s - self._clock.monotonic()))
        return [
            pipeline.camera_id
            for pipeline, thread in zip(self.pipelines.values(), self._threads, strict=True)
            if thread.is_alive()
        ]

    def _watch(self, index: int, pipeline: CameraPipeline) -> None:
        if self._clock.wait(self._stop, index * STAGGER_S):
            return
        chance = random.Random(pipeline.camera_id)  # noqa: S311 - jitter, not a secret
        keep_thread_running(
            f"camera {pipeline.camera_id}",
            lambda: self._keep_watching(pipeline, chance),
            self._clock,
            self._stop,
            rng=chance,
        )

    def _keep_watching(self, pipeline: CameraPipeline, chance: random.Random) -> None:
        ended = False
        try:
            keep_watching(pipeline, self._stop, self._clock, chance)
            ended = True
        finally:
            if not ended:  # a defect; the supervisor logs it and begins again
                pipeline.stats.problem(f"{pipeline.camera_id}: stopped by a defect; see the log")
                pipeline.status(CameraState.LOST, "stopped by a defect; it begins again soon")
