"""Keeps a camera going: opens it again after a loss, waiting longer after each quick failure."""

import logging
import random
import threading

from vedette.contracts.errors import SourceLost, SourceRefused, VedetteError
from vedette.contracts.facts import CameraState
from vedette.kit.clock import Clock
from vedette.kit.supervise import backoff_s
from vedette.pipeline.camera import CameraPipeline

log = logging.getLogger(__name__)

STEADY_S = 30.0
"""A connection that delivered for this long makes the next wait short again."""


def keep_watching(
    pipeline: CameraPipeline, stop: threading.Event, clock: Clock, chance: random.Random
) -> None:
    """Watch until `stop` is set, or a source that is not live ends or is refused."""
    main = () if pipeline.main is None else (pipeline.main,)
    for each in (*pipeline.beside, *main):
        each.start()
    try:
        _keep(pipeline, stop, clock, chance)
    finally:
        for each in (*pipeline.beside, *main):
            each.stop()


def _keep(
    pipeline: CameraPipeline, stop: threading.Event, clock: Clock, chance: random.Random
) -> None:
    code = "stopped"
    failures = 0
    while not stop.is_set():
        started, packets = clock.monotonic(), pipeline.stats.packets
        try:
            pipeline.watch(stop)
            if not pipeline.source.live:
                code = "stopped" if stop.is_set() else "source_ended"
                break
            error: VedetteError = SourceLost(f"{pipeline.source} ended its stream")
        except SourceLost as lost:
            error = lost
        except SourceRefused as refused:
            if not pipeline.source.live:
                _fail(pipeline, refused)
                return
            error = refused
        if stop.is_set():
            break
        lasted_s = clock.monotonic() - started if pipeline.stats.packets > packets else 0.0
        failures = 1 if lasted_s > STEADY_S else failures + 1
        _wait(pipeline, error, failures, stop, clock, chance)
    pipeline.finish(code)


def _wait(
    pipeline: CameraPipeline,
    error: VedetteError,
    failures: int,
    stop: threading.Event,
    clock: Clock,
    chance: random.Random,
) -> None:
    pause_s = backoff_s(failures, chance)
    pipeline.stats.reconnects += 1
    pipeline.stats.problem(str(error))
    pipeline.status(CameraState.LOST, str(error))
    if pipeline.main is None:
        pipeline.lost(str(error))
    if failures > 1:
        pipeline.forget("camera_lost")
    log.warning("%s: %s; next try in %.1f s", pipeline.camera_id, error, pause_s)
    pipeline.status(CameraState.RETRYING, str(error), pause_s)
    clock.wait(stop, pause_s)


def _fail(pipeline: CameraPipeline, error: VedetteError) -> None:
    log.error("%s: %s", pipeline.camera_id, error)
    pipeline.finish("source_refused")
    pipeline.stats.problem(str(error))
    pipeline.status(CameraState.FAILED, str(error))
