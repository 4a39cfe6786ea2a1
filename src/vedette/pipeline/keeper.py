"""Keeps a camera going: opens it again after a loss, waiting longer after each quick failure."""

import logging
import random
import threading

from vedette.contracts.errors import SourceLost, SourceRefused
from vedette.contracts.facts import CameraState
from vedette.kit.clock import Clock
from vedette.kit.supervise import backoff_s
from vedette.pipeline.camera import CameraPipeline
from vedette.pipeline.standing import LOST

log = logging.getLogger(__name__)

STEADY_S = 30.0
"""A connection that delivered for this long makes the next wait short again."""


ASK_S = 1.0
"""Rules about the camera itself are asked so often while it gives no pictures."""


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
            why = f"{pipeline.source} ended its stream"
        except SourceLost as lost:
            why = str(lost)  # the error itself would keep the stream and its pictures
        except SourceRefused as refused:
            if not pipeline.source.live:
                _fail(pipeline, str(refused))
                return
            why = str(refused)
        if stop.is_set():
            break
        lasted_s = clock.monotonic() - started if pipeline.stats.packets > packets else 0.0
        failures = 1 if lasted_s > STEADY_S else failures + 1
        _wait(pipeline, why, failures, stop, clock, chance)
    pipeline.finish(code)


def _wait(
    pipeline: CameraPipeline,
    why: str,
    failures: int,
    stop: threading.Event,
    clock: Clock,
    chance: random.Random,
) -> None:
    pause_s = backoff_s(failures, chance)
    pipeline.stats.reconnects += 1
    pipeline.stats.problem(why)
    pipeline.status(CameraState.LOST, why)
    if pipeline.main is None:
        pipeline.lost(why)
    if failures > 1:
        pipeline.forget(LOST)
    log.warning("%s: %s; next try in %.1f s", pipeline.camera_id, why, pause_s)
    pipeline.status(CameraState.RETRYING, why, pause_s)
    _pause(pipeline, why, pause_s, stop, clock)


def _pause(
    pipeline: CameraPipeline, why: str, pause_s: float, stop: threading.Event, clock: Clock
) -> None:
    """Wait; meanwhile rules about the camera itself are asked, so that they can count the time."""
    if not any(rule.blind for rule in pipeline.rules):
        clock.wait(stop, pause_s)
        return
    left_s = pause_s
    while left_s > 0.0 and not stop.is_set():
        pipeline.away(why)
        clock.wait(stop, min(left_s, ASK_S))
        left_s -= ASK_S


def _fail(pipeline: CameraPipeline, why: str) -> None:
    log.error("%s: %s", pipeline.camera_id, why)
    pipeline.finish("source_refused")
    pipeline.stats.problem(why)
    pipeline.status(CameraState.FAILED, why)
