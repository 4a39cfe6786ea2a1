"""A media worker process: `python -m vedette.app.worker`, started by the control process only.

It has cameras, a detector and a link; no store, no settings file, and no secrets but those of its
cameras. What it must know is handed over: where the link is through standard input, the rest over
the link. When the control process ends, standard input ends; the worker then finishes its events
into its spool and leaves.
"""

import ctypes
import faulthandler
import json
import logging
import os
import queue
import resource
import signal
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from vedette.app.build import import_plugins
from vedette.app.camera_settings import CameraSettings
from vedette.app.detectors import build_detectors, used_detectors
from vedette.app.rig import Outside, Rig
from vedette.app.taps import Shelves
from vedette.app.watchers import Watchers
from vedette.contracts.assignment import CameraAssignment, WorkerAssignment
from vedette.contracts.errors import InvalidInput, VedetteError
from vedette.contracts.model import ModelWish
from vedette.kit.clock import Clock, SystemClock
from vedette.kit.garbage import Sweeper, settle, share_heap
from vedette.kit.heap import heap
from vedette.kit.logs import set_up
from vedette.kit.redact import SECRETS
from vedette.kit.supervise import guarded
from vedette.link.box import BlackBox
from vedette.link.files import WorkerFolders
from vedette.link.lock import held
from vedette.link.messages import strings_of
from vedette.link.sink import LinkBus, LinkSink
from vedette.link.wire import Frame
from vedette.link.worker_end import LinkAddress, WorkerLink
from vedette.models.fetch import silent
from vedette.pipeline.stats import CameraStats
from vedette.pipeline.watch import Patience

log = logging.getLogger(__name__)

ORPHAN_S = 5.0
"""How long cameras may take to finish when the control process is gone."""
FIGURES = 4
"""Every so many beats (two seconds) have the figures of the cameras, which cost most of a beat."""
EAGER = 10
"""Beats after the beginning that all have the figures of the cameras."""
TELL_S = 1.0
"""At least so long the control process is told what is left."""
MOST_QUESTIONS = 64
GIVES_WAY = 5
"""Niceness: the control process needs little, but people wait for it."""
PR_SET_PDEATHSIG = 1

_STATM = Path("/proc/self/statm")

_STATS: TypeAdapter[CameraStats] = TypeAdapter(CameraStats)


class Worker:
    """One life. `run` returns when told to stop, or when the control process is gone."""

    def __init__(self, start: dict[str, Any], clock: Clock) -> None:
        self._clock = clock
        self._folders = WorkerFolders(spool=Path(start["spool"]), parts=Path(start["parts"]))
        self._folders.make()
        self._box = BlackBox(self._folders.spool)
        self._todo: queue.SimpleQueue[Frame | None] = queue.SimpleQueue()  # signals may put
        self._questions: queue.Queue[Frame] = queue.Queue(maxsize=MOST_QUESTIONS)
        self._rig: Rig | None = None
        self._watchers = Watchers(clock)
        self._beats = 0
        self._eager_until = 0
        self._orphaned = False
        self._stop_s = ORPHAN_S
        address = LinkAddress(
            socket=Path(start["socket"]), token=start["token"], name=start["name"]
        )
        self._link = WorkerLink(
            address,
            self._folders,
            clock,
            heard=self._hear,
            beat=self._beat,
            gone=self.orphan,
        )
        self._bus = LinkBus(self._link.tell)
        self._sink = LinkSink(self._link.say)

    def run(self) -> None:
        """Do what is said over the link, until the end."""
        self._link.start()
        threading.Thread(target=self._answer_all, name="answers", daemon=True).start()
        while (frame := self._todo.get()) is not None:
            try:
                self._do(frame)
            except VedetteError as error:
                log.error("%s", error)
                head = {
                    "what": frame.kind,
                    "camera": frame.head.get("camera", ""),
                    "error": type(error).__name__,
                    "sentence": str(error),
                }
                self._link.answer(Frame(kind="failed", head=head))
                if frame.kind == "assign":
                    break
        self._end()

    def stop(self) -> None:
        """End in order; from any thread."""
        self._todo.put(None)

    def orphan(self) -> None:
        """The control process is gone; from any thread."""
        self._orphaned = True
        self._todo.put(None)

    def _hear(self, frame: Frame) -> None:
        """In the thread that reads: nothing may wait here."""
        if frame.kind == "ask":
            try:
                self._questions.put_nowait(frame)
            except queue.Full:
                log.warning("too many questions at a time; one is not answered")
        elif frame.kind == "stop":
            self.stop()
        elif frame.kind == "topics":
            self._bus.listen_for(strings_of(frame.head.get("topics")))
        else:
            self._todo.put(frame)

    def _do(self, frame: Frame) -> None:
        match frame.kind:
            case "assign":
                self._begin(WorkerAssignment.model_validate(frame.head))
            case "put" if self._rig is not None:
                given = CameraAssignment.model_validate(frame.head)
                SECRETS.hide(*given.secrets)
                self._rig.put(CameraSettings.model_validate(given.settings))
                self._link.answer(Frame(kind="ready", head={"camera": given.camera_id}))
            case "drop" if self._rig is not None:
                camera_id = str(frame.head.get("camera"))
                self._rig.drop(camera_id)
                self._link.answer(Frame(kind="dropped", head={"camera": camera_id}))

    def _begin(self, given: WorkerAssignment) -> None:
        set_up(logging.getLogger().level, component=given.worker)
        self._stop_s = given.stop_within_s
        self._bus.listen_for(given.topics)
        for each in given.cameras:
            SECRETS.hide(*each.secrets)
        cameras = [CameraSettings.model_validate(each.settings) for each in given.cameras]
        detector = build_detectors(
            given.detectors,
            self._clock,
            silent,
            used=used_detectors(cameras),
            workers=given.workers,
        )
        outside = Outside(
            sink=self._sink,
            bus=self._bus,
            detector=detector,
            parts=self._folders.parts,
            clock=self._clock,
            shelves=self._shelves(given.recordings),
            box=self._box,
            component=given.worker,
            patience=Patience(working_s=given.stuck_after_s),
        )
        import_plugins(cameras)
        settle()
        self._rig = Rig(cameras, outside)
        self._rig.start()
        Sweeper(self._clock).start()
        self._eager_until = self._beats + EAGER
        self._link.answer(Frame(kind="ready"))

    def _shelves(self, folder: str) -> Shelves | None:
        if not folder:
            return None
        return Shelves(folder=Path(folder), sink=self._sink, run=self._folders.spool.name)

    def _end(self) -> None:
        until_s = self._clock.monotonic() + (ORPHAN_S if self._orphaned else self._stop_s)
        if self._rig is not None:
            late = self._rig.stop(within_s=until_s - self._clock.monotonic())
            if late:
                log.warning("%s did not finish in time", ", ".join(late))
            self._link.answer(Frame(kind="bye", head={"late": late}))
        left_s = 0.0 if self._orphaned else until_s - self._clock.monotonic()
        if not self._link.close(within_s=max(TELL_S, left_s)):
            log.warning("%d messages wait in the spool", self._link.waiting)

    def _beat(self) -> dict[str, Any]:
        """How everything is; twice a second, and sometimes with the cameras' figures."""
        self._beats += 1
        head: dict[str, Any] = {
            "rss": _rss_bytes(),
            "waiting": self._link.waiting,
            "dropped": self._link.dropped,
        }
        rig = self._rig
        if rig is None:
            return head
        head["stuck"] = {} if self._link.blocked else rig.stuck()
        if self._beats % FIGURES and self._beats > self._eager_until:
            return head
        head["cameras"] = {
            name: _STATS.dump_python(stats, mode="json") for name, stats in rig.stats().items()
        }
        head["detector"] = asdict(rig.detector.counters())
        head["problem"] = rig.detector.problem
        head["figures"] = rig.figures()
        head["gauges"] = rig.gauges()
        head["heap"] = asdict(heap())
        head["stages"] = {name: took.plain() for name, took in rig.stages().items()}
        return head

    def _answer_all(self) -> None:
        while True:
            question = self._questions.get()
            if question.head.get("what") == "exchange":
                threading.Thread(
                    target=self._exchange, args=(question,), name="exchange", daemon=True
                ).start()
                continue
            answer = self._video if question.head.get("what") == "live" else self._picture
            with guarded("an answer"):
                self._link.answer(answer(question))

    def _exchange(self, question: Frame) -> None:
        """Let other models detect; in a thread of its own, because one may have to be fetched."""
        head: dict[str, Any] = {"id": question.head.get("id")}
        with guarded("an exchange of the model") as outcome:
            try:
                if self._rig is None:
                    raise InvalidInput("the cameras have not begun yet")
                if "named" in question.head:
                    head["done"] = self._rig.detector.take(question.head["named"])
                else:
                    wish = ModelWish.model_validate(question.head["wish"])
                    head["done"] = self._rig.detector.exchange(wish).model_dump(mode="json")
            except VedetteError as error:
                head |= {"error": type(error).__name__, "sentence": str(error)}
        if outcome.error is not None:
            head |= {"error": type(outcome.error).__name__, "sentence": str(outcome.error)}
        self._link.answer(Frame(kind="answer", head=head))

    def _video(self, question: Frame) -> Frame:
        """What has come of a camera's live video since this viewer asked last."""
        streams = self._rig.taps.streams if self._rig else {}
        camera_id, viewer = str(question.head.get("camera")), str(question.head.get("viewer"))
        head, data = self._watchers.answer(streams, camera_id, viewer)
        return Frame(kind="answer", head={"id": question.head.get("id"), **head}, body=data)

    def _picture(self, question: Frame) -> Frame:
        """The live picture of a camera, when it is newer than the one that is known."""
        rig = self._rig
        pipeline = rig.pipelines.get(str(question.head.get("camera"))) if rig else None
        number, known_us = question.head.get("id"), question.head.get("after_us", 0)
        jpeg: bytes | None = None
        at_us = 0
        if pipeline is not None and pipeline.live.at_us != known_us:
            at_us = pipeline.live.at_us
            jpeg = pipeline.live.jpeg()
        return Frame(kind="answer", head={"id": number, "at_us": at_us}, body=jpeg or b"")


def main() -> None:
    """Read where the link is, and work."""
    share_heap()
    faulthandler.enable()  # SIGABRT shows where every thread is, also one that holds the GIL
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # the memory holds secrets of cameras
    _die_with_parent()
    os.nice(GIVES_WAY)
    start = _told()
    set_up(int(start.get("level", logging.WARNING)), component=str(start["name"]))
    clock = SystemClock()
    worker = Worker(start, clock)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the control process decides
    signal.signal(signal.SIGTERM, lambda number, stack: worker.stop())
    threading.Thread(target=_wait_for_end, args=(worker,), name="lifeline", daemon=True).start()
    with held(Path(start["spool"])):
        worker.run()
    logging.shutdown()
    os._exit(0)  # a thread that hangs in native code must not keep the process


def _told() -> dict[str, Any]:
    """Where the link is, and how the control process knows us.

    Raises:
        InvalidInput: nobody says so.
    """
    try:
        start = json.loads(sys.stdin.buffer.readline(65536))
        if {"name", "token", "socket", "spool", "parts"} <= start.keys():
            found: dict[str, Any] = start
            return found
    except (ValueError, AttributeError):
        pass
    raise InvalidInput("a worker is started by `vedette up`, which tells it where to connect")


def _wait_for_end(worker: Worker) -> None:
    """Standard input ends with the control process. Read without a lock that a fork would copy."""
    while os.read(0, 4096):
        pass
    worker.orphan()


def _die_with_parent() -> None:
    """Be told (SIGTERM) when the control process dies, where the system can tell."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _rss_bytes() -> int:
    return int(_STATM.read_text().split()[1]) * resource.getpagesize()


if __name__ == "__main__":
    main()
