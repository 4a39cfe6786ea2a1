"""A camera's own events as a trigger of its decode gate: one thread, one subscription, kept up."""

import asyncio
import logging
import random
import threading
from collections.abc import Callable
from contextlib import suppress

from vedette.contracts.errors import SourceLost, SourceRefused, VedetteError
from vedette.contracts.trigger import GateTrigger, TriggerStats
from vedette.kit.clock import Clock, to_us
from vedette.kit.supervise import backoff_s, keep_thread_running
from vedette.onvif.address import device_address
from vedette.onvif.board import Change, SignalBoard
from vedette.onvif.config import OnvifConfig
from vedette.onvif.device import find_services
from vedette.onvif.errors import Fault, LoginRefused
from vedette.onvif.events import PullPoint
from vedette.onvif.soap import SoapClient

log = logging.getLogger(__name__)

WAIT_S = 30.0
"""How long a camera is asked to hold an answer back until something happens."""
LEAST_S = 0.2
"""Between two questions: a camera that floods us is asked five times a second, or less:"""
BYTES_PER_S = 200_000
"""What a camera may make us read, on average; a larger answer makes the pause longer."""
REFUSED_S = 900.0
"""After a refused login: cameras lock users out, also from the video, after a few."""
REFUSED_CAP_S = 300.0
"""Longest wait after something that will hardly change: no event service, no ONVIF."""


class OnvifTrigger:
    """Tells `on_change` what a camera detects by itself, until stopped."""

    def __init__(
        self,
        config: OnvifConfig,
        *,
        camera_id: str,
        clock: Clock,
        on_change: GateTrigger,
        on_problem: Callable[[str], None] = lambda sentence: None,
    ) -> None:
        """Take what it needs; `start` begins.

        Args:
            on_problem: told in a sentence why the events were lost.
        """
        self.camera_id = camera_id
        self.stats = TriggerStats()
        self._address = device_address(config.url)
        self._verify_tls = config.verify_tls
        self._clock = clock
        self._on_change = on_change
        self._on_problem = on_problem
        self._board = SignalBoard()
        self._chance = random.Random(camera_id)  # noqa: S311 - jitter, not a secret
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, in a thread of its own; returns at once. After `stop` it may begin again."""
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(self._stop,), name=f"onvif-{self.camera_id}", daemon=True
        )
        self._thread.start()

    def stop(self, *, within_s: float = 5.0) -> bool:
        """End: unsubscribe, tell that everything is over, and wait.

        Returns:
            False where the thread did not end in time (it will, and it holds nothing).
        """
        self._stop.set()
        with self._lock:
            if self._loop is not None and self._task is not None:
                self._loop.call_soon_threadsafe(self._task.cancel)
        if self._thread is None:
            return True
        self._thread.join(within_s)
        return not self._thread.is_alive()

    def _run(self, stop: threading.Event) -> None:
        keep_thread_running(
            f"events of {self.camera_id}",
            lambda: self._attempt(stop),
            self._clock,
            stop,
            rng=self._chance,
        )

    def _attempt(self, stop: threading.Event) -> None:
        with suppress(asyncio.CancelledError):
            asyncio.run(self._until_stopped(stop))

    async def _until_stopped(self, stop: threading.Event) -> None:
        with self._lock:
            if stop.is_set():
                return
            self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        try:
            await self._keep_watching()
        finally:
            with self._lock:
                self._loop = self._task = None
            self._lost("stopped")

    async def _keep_watching(self) -> None:
        """One subscription after the other, without end."""
        failures = 0
        while True:
            before = self.stats.notices + self.stats.unknown
            error: VedetteError
            try:
                await self._watch()
                failures = 0
                continue
            except (SourceLost, SourceRefused) as failed:
                error = failed
            self._lost(str(error))
            heard = self.stats.notices + self.stats.unknown > before
            failures = 1 if heard else failures + 1
            pause_s = self._pause_s(error, failures)
            self.stats.reconnects += 1
            self._on_problem(f"its events: {error}")
            log.warning("%s: its events: %s; next try in %.1f s", self.camera_id, error, pause_s)
            await self._clock.sleep(pause_s)

    def _pause_s(self, error: VedetteError, failures: int) -> float:
        if isinstance(error, LoginRefused):
            return REFUSED_S * (1.0 + 0.2 * self._chance.random())
        lasting = isinstance(error, SourceRefused) and not isinstance(error, Fault)
        return backoff_s(failures, self._chance, **({"cap_s": REFUSED_CAP_S} if lasting else {}))

    async def _watch(self) -> None:
        """One subscription, until it has to be made anew.

        Raises:
            SourceLost, LoginRefused, SourceRefused: see `SoapClient.call`.
        """
        async with SoapClient(
            self._address, clock=self._clock, verify_tls=self._verify_tls
        ) as client:
            services = await find_services(client)
            if not services.events:
                raise SourceRefused(
                    f"{self._address} has no events; take `onvif` out of the camera's gate.triggers"
                )
            point = await PullPoint.subscribe(client, services.events, self._clock)
            self.stats.connected, self.stats.detail = True, "connected"
            try:
                while not point.old:
                    await self._pull(client, point)
                    await point.renew()
            finally:
                await point.unsubscribe()

    async def _pull(self, client: SoapClient, point: PullPoint) -> None:
        asked_s, read_before = self._clock.monotonic(), client.bytes_read
        pulled = await point.pull(self._wait_s(asked_s))
        now_s = self._clock.monotonic()
        for notice in pulled.notices:
            self._tell(self._board.feed(notice, now_s))
        self._tell(self._board.expire(now_s))
        self.stats.notices, self.stats.unknown = self._board.known, self._board.unknown
        self.stats.dropped += pulled.dropped
        least_s = max(LEAST_S, (client.bytes_read - read_before) / BYTES_PER_S)
        early_s = least_s - (now_s - asked_s)
        if early_s > 0:
            await self._clock.sleep(early_s)

    def _wait_s(self, now_s: float) -> float:
        """Whole seconds: until something is over, at most `WAIT_S`."""
        over_s = self._board.next_s()
        return WAIT_S if over_s is None else min(WAIT_S, max(1.0, round(over_s - now_s)))

    def _lost(self, why: str) -> None:
        self.stats.connected, self.stats.detail = False, why
        self._tell(self._board.clear())

    def _tell(self, changes: list[Change]) -> None:
        for change in changes:
            self.stats.changes += 1
            self._on_change(change.word.value, to_us(self._clock.now()), active=change.active)
