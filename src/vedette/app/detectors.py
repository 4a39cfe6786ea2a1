"""The detectors of a process: one server for each distinct model, shared by its cameras."""

import logging
import os
import threading
import weakref
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import fields
from functools import partial
from types import TracebackType
from typing import Any, Self

from vedette.app.camera_settings import CameraSettings, DetectSettings, ModuleSettings
from vedette.app.settings import Settings
from vedette.contracts.errors import InvalidConfig, InvalidInput
from vedette.contracts.model import ModelExchange, ModelWish
from vedette.detect.counters import ServerCounters
from vedette.detect.limits import ServerLimits
from vedette.detect.port import Detector, close
from vedette.detect.pose import PoseStage
from vedette.detect.server import DetectorServer
from vedette.detect.several import CameraDetector
from vedette.kit.clock import Clock
from vedette.models.catalogue import Catalogue
from vedette.models.fetch import Progress, silent
from vedette.models.store import ModelStore
from vedette.plugins.registry import configure

log = logging.getLogger(__name__)

DEFAULT = "default"
"""The detector that a camera uses where its settings name no other."""
MOST_THREADS = 4
"""More threads on one picture gain little (docs/adr/0019)."""
OF_ONE_MODEL = ("score", "width", "height")
"""Settings that fit one model and not the next; they are dropped when a model is exchanged."""


class DetectorPool:
    """Loads a detector when a camera first needs it; two names with the same settings share one."""

    def __init__(
        self,
        named: Mapping[str, ModuleSettings],
        *,
        clock: Clock,
        progress: Progress = silent,
        workers: int = 1,
    ) -> None:
        """Take the settings; nothing is loaded yet.

        Args:
            named: settings by name; `default` is the one that cameras use by default.
            workers: how many processes like this one share the machine's cores.
        """
        self._settings = {name: dict(settings) for name, settings in named.items()}
        self._clock = clock
        self._progress = progress
        self._threads = threads_for(usable_cores(), workers)
        self._servers: dict[str, DetectorServer] = {}
        """By what the settings come to."""
        self._keys: dict[str, str] = {}
        """Of `_servers`, by name."""
        self._cameras: weakref.WeakSet[CameraDetector] = weakref.WeakSet()
        self._loading = threading.RLock()
        """Held while a model is fetched and loaded; not by those who only ask."""
        self._lock = threading.Lock()
        """Held while the tables above are read or changed."""

    def load(self, names: Iterable[str]) -> None:
        """Load these detectors now, pulling models that are not installed.

        Raises:
            ModelUnavailable: a model cannot be fetched or loaded.
            InvalidConfig: there is no detector of such a name, or its settings are wrong.
        """
        for name in names:
            self.server(name)

    def server(self, name: str) -> DetectorServer:
        """The server behind a name; loaded if it is not yet.

        Raises:
            ModelUnavailable, InvalidConfig: see `load`.
        """
        with self._loading:
            if name not in self._settings:
                raise InvalidConfig(
                    f"no detector is called {name!r}; there are: {', '.join(self._settings)}"
                )
            if name in self._keys:
                return self._servers[self._keys[name]]
            settings = self._settings[name]
            key = _key(settings)
            server = self._servers.get(key) or self._serve(settings)
            with self._lock:
                self._servers[key] = server
                self._keys[name] = key
            return server

    def for_camera(self, detect: DetectSettings) -> CameraDetector:
        """All that detects for one camera.

        Raises:
            InvalidConfig: it names no model that finds objects, or follows a class that none knows.
            ModelUnavailable: see `load`.
        """
        servers = list(dict.fromkeys(self.server(name) for name in detect.detectors))
        finders = [server for server in servers if task_of(server.detector) == "detect"]
        poses = [server for server in servers if task_of(server.detector) == "pose"]
        if not finders or len(poses) > 1:
            raise InvalidConfig(
                f"the detectors {', '.join(detect.detectors)} do not fit: at least one that finds "
                "objects is needed, and at most one for poses"
            )
        camera = CameraDetector(
            finders, pose=PoseStage(poses[0]) if poses else None, wanted=detect.labels
        )
        self._cameras.add(camera)
        return camera

    def exchange(self, wish: ModelWish) -> ModelExchange:
        """Let another model take over while the cameras go on; it is loaded beside the old one.

        Detectors in use with the same settings change with it.

        Raises:
            ModelUnavailable: it cannot be fetched or loaded; the old one goes on.
            InvalidInput: it does not fit; the old one goes on.
        """
        name = wish.detector
        with self._loading:
            if name not in self._keys:
                loaded = ", ".join(self._keys) or "none"
                raise InvalidInput(f"no detector {name!r} is in use; in use are: {loaded}")
            before = self._settings[name]
            if "model" not in configure("detector", before)[0].Config.model_fields:
                raise InvalidInput(f"the detector {name!r} is not one with a model to exchange")
            kept = {key: value for key, value in before.items() if key not in OF_ONE_MODEL}
            return self.replace({**kept, "model": wish.model}, name, anyway=wish.anyway)

    def replace(
        self, settings: ModuleSettings, name: str = DEFAULT, *, anyway: bool = False
    ) -> ModelExchange:
        """The same with all settings of a detector.

        Raises:
            ModelUnavailable, InvalidInput: see `exchange`.
        """
        with self._loading, ExitStack() as unless_done:
            server = self.server(name)
            detector = self._load(settings)
            unless_done.callback(close, detector)
            lost = self._lost(server, detector, anyway)
            done = server.exchange(detector, partial(self._load, settings))
            unless_done.pop_all()
            self._renamed(name, settings)
        log.info("The detector %s is exchanged; the gap was %.3f s", name, done.gap_s)
        return ModelExchange(
            detector=name,
            model=_model_of(detector, settings),
            engine=str(getattr(detector, "engine", "")),
            gap_s=done.gap_s,
            lost=lost,
        )

    def take(self, named: Mapping[str, ModuleSettings]) -> list[str]:
        """Other settings for all detectors while the cameras go on; names of those exchanged.

        One that is not in use yet is loaded when a camera needs it, and one that is not named any
        more is forgotten when none does.

        Raises:
            ModelUnavailable, InvalidInput: see `exchange`; those before it are exchanged already.
        """
        done: list[str] = []
        with self._loading:
            self._demand_alike(named)
            for name, settings in named.items():
                if name in self._keys and _key(self._settings[name]) != _key(settings):
                    self.replace(settings, name)
                    done.append(name)
                with self._lock:
                    self._settings[name] = dict(settings)
            for name in self._settings.keys() - named.keys() - self._keys.keys():
                with self._lock:
                    del self._settings[name]
        return done

    def _demand_alike(self, named: Mapping[str, ModuleSettings]) -> None:
        """Names that share a model can only change together.

        Raises:
            InvalidInput: two of them are to differ.
        """
        for key in self._servers:
            sharing = [name for name, other in self._keys.items() if other == key and name in named]
            if len({_key(named[name]) for name in sharing}) > 1:
                raise InvalidInput(
                    f"the detectors {' and '.join(sharing)} are one and the same at present; "
                    "change them alike, or start the product again"
                )

    @property
    def problem(self) -> str:
        """What is wrong with the detectors, as a sentence; empty where all is well."""
        with self._lock:
            ill = {
                name: self._servers[key].problem
                for name, key in self._keys.items()
                if self._servers[key].problem
            }
        return "; ".join(
            sentence if name == DEFAULT else f"{name}: {sentence}" for name, sentence in ill.items()
        )

    def wait_s(self) -> float:
        """The longest that frames wait for a detector now."""
        with self._lock:
            servers = list(self._servers.values())
        return max((server.wait_s() for server in servers), default=0.0)

    def models(self) -> dict[str, str]:
        """What each loaded detector computes, for people: `nanodet-640 on openvino bf16`."""
        with self._lock:
            return {
                name: _described(self._servers[key].detector, self._settings[name])
                for name, key in self._keys.items()
            }

    def counters(self) -> ServerCounters:
        """All servers together; waits and batch limits are those of the worst."""
        with self._lock:
            parts = [server.counters() for server in self._servers.values()]
        total = ServerCounters()
        for each in fields(ServerCounters):
            values = [getattr(part, each.name) for part in parts]
            worst = max if each.name in {"largest_batch", "wait_p50_s", "wait_p95_s"} else sum
            if each.name == "batch_limit":
                worst = min
            if values:
                setattr(total, each.name, worst(values))
        return total

    def close(self) -> None:
        """Close all servers. May be repeated."""
        with self._lock:
            servers = list(self._servers.values())
        for server in servers:
            server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _renamed(self, name: str, settings: ModuleSettings) -> None:
        """Note the new settings of a server, for all names that lead to it."""
        old, new = self._keys[name], _key(settings)
        while new in self._servers and new != old:
            new += " again"  # another server has the same model already; both go on
        with self._lock:
            self._servers[new] = self._servers.pop(old)
            for other in [each for each, key in self._keys.items() if key == old]:
                self._keys[other] = new
                self._settings[other] = dict(settings)

    def _serve(self, settings: ModuleSettings) -> DetectorServer:
        detector = self._load(settings)
        limits = ServerLimits(
            batch=getattr(detector, "batch", ServerLimits().batch),
            max_wait_s=getattr(detector, "max_wait_s", 0.0),
        )
        again = partial(self._load, settings)
        return DetectorServer(detector, clock=self._clock, limits=limits, rebuild=again)

    def _load(self, settings: ModuleSettings) -> Detector:
        """A detector, loaded and tried."""
        plugin, config = configure("detector", settings)
        if getattr(config, "threads", 1) is None:
            config = config.model_copy(update={"threads": self._threads})
        needs: dict[str, Any] = {}
        if hasattr(config, "model"):
            spec, store = Catalogue.load().get(config.model), ModelStore()
            path = store.pull(spec, self._progress)
            if getattr(config, "precision", "") == "int8":
                path = store.int8_path(spec)
            needs = {"spec": spec, "path": path}
        loaded: Detector = plugin(config, **needs)
        return loaded

    def _lost(self, server: DetectorServer, detector: Detector, anyway: bool) -> tuple[str, ...]:
        """Classes that cameras follow and that would not be known any more.

        Raises:
            InvalidInput: there are some; or the new one does something else than the old one.
        """
        if task_of(detector) != task_of(server.detector):
            raise InvalidInput(
                f"the new model is one to {task_of(detector)}, the old one to "
                f"{task_of(server.detector)}"
            )
        cameras = [camera for camera in self._cameras if server in camera.servers]
        lost = {label for each in cameras for label in each.missing(server, detector.labels)}
        if lost and not anyway:
            raise InvalidInput(
                f"cameras follow {', '.join(sorted(lost))}, which the new model does not know; it "
                f"knows: {', '.join(detector.labels)}"
            )
        return tuple(sorted(lost))


def named_detectors(settings: Settings) -> dict[str, ModuleSettings]:
    """The settings of all detectors by name."""
    return {DEFAULT: settings.detector, **settings.detectors}


def used_detectors(cameras: Iterable[CameraSettings]) -> list[str]:
    """Names of the detectors that these cameras use, each once."""
    names = (
        name for camera in cameras if camera.detect.enabled for name in camera.detect.detectors
    )
    return list(dict.fromkeys(names))


def build_detectors(
    named: Mapping[str, ModuleSettings],
    clock: Clock,
    progress: Progress,
    *,
    used: Iterable[str] = (DEFAULT,),
    workers: int = 1,
) -> DetectorPool:
    """A pool with the detectors that are used, loaded.

    Raises:
        ModelUnavailable: a model cannot be fetched or loaded.
        InvalidConfig: settings are wrong.
    """
    with ExitStack() as unless_done:
        pool = unless_done.enter_context(
            DetectorPool(named, clock=clock, progress=progress, workers=workers)
        )
        pool.load(used)
        unless_done.pop_all()
    return pool


def build_detector(settings: ModuleSettings, clock: Clock, progress: Progress) -> DetectorPool:
    """A pool of one detector, loaded.

    Raises:
        ModelUnavailable, InvalidConfig: see `build_detectors`.
    """
    return build_detectors({DEFAULT: settings}, clock, progress)


def task_of(detector: Detector) -> str:
    """`detect`, or `pose`: a second stage."""
    return str(getattr(detector, "task", "detect"))


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


def threads_for(cores: int, workers: int) -> int:
    """Threads within one picture: the cores are shared among the processes with detectors."""
    return max(1, min(cores // max(workers, 1), MOST_THREADS))


def _key(settings: ModuleSettings) -> str:
    """Equal where two settings lead to the same detector."""
    _, config = configure("detector", settings)
    return f"{settings.get('type')} {config.model_dump_json()}"


def _model_of(detector: Detector, settings: ModuleSettings) -> str:
    spec = getattr(detector, "spec", None)
    return str(getattr(spec, "name", settings.get("type")))


def _described(detector: Detector, settings: ModuleSettings) -> str:
    engine = getattr(detector, "engine", "")
    return _model_of(detector, settings) + (f" on {engine}" if engine else "")
