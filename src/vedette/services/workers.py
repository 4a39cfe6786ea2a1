"""Supervises the media workers: starts them, sees that they live, replaces them within seconds.

A seat is one worker with its cameras; it outlives its processes. A spare process waits with
everything imported, so that a replacement has only its model to load and its cameras to open.
"""

import asyncio
import itertools
import logging
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vedette.contracts.assignment import CameraAssignment, WorkerAssignment
from vedette.contracts.errors import InvalidInput, VedetteError
from vedette.contracts.payload import Payload
from vedette.kit.clock import Clock
from vedette.kit.supervise import backoff_s, guarded
from vedette.link.control_end import Ears, Hub, Line
from vedette.link.files import WorkerFolders
from vedette.link.messages import Durable
from vedette.link.wire import Frame
from vedette.services.spread import set_apart
from vedette.services.worker_life import Life, WorkerLimits
from vedette.services.worker_process import WorkerProcess

log = logging.getLogger(__name__)

TICK_S = 0.1
LOOK_S = 1.0
"""How often the spare and the list of listeners are looked after."""


@dataclass(slots=True, kw_only=True, eq=False)
class Seat:
    """One worker as people see it."""

    name: str
    cameras: list[str]
    life: Life | None = None
    state: str = "starting"
    """`starting`, `running`, or `waiting` (to be started again)."""
    detail: str = ""
    """Why it was replaced last."""
    restarts: int = 0
    failures: int = 0
    """Quick deaths in a row."""
    suspects: list[str] | None = None
    """Cameras that were at work at every one of these."""
    was_ready: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What the supervisor needs of the product."""

    assign: Callable[[str], CameraAssignment]
    """The settings of a camera, as they are now."""
    keep: Callable[[Durable], Awaitable[None]]
    """Stores one message; returns when it is stored."""
    left: Callable[[Life], Awaitable[None]]
    """Takes what a dead process left: its spool, its clips, its open events."""
    fact: Callable[[str, Payload], None]
    topics: Callable[[], Sequence[str]]
    """Patterns that somebody listens to."""
    folders: Callable[[str], WorkerFolders]
    """Folders of a life, by its name."""
    figures: Callable[[Seat, Mapping[str, Any]], None]
    """Told of every beat with figures."""
    gone: Callable[[Seat, str], None]
    """Told that the cameras of a seat have no process, and why."""


class Workers:
    """`run` until `close`."""

    def __init__(
        self,
        seats: Sequence[Sequence[str]],
        *,
        template: WorkerAssignment,
        hub: Callable[[Ears], Hub],
        around: Around,
        clock: Clock,
        limits: WorkerLimits,
    ) -> None:
        """Take what it needs.

        Args:
            seats: cameras of each worker.
            template: an assignment without name and cameras.
            hub: makes the listening end of the link.
        """
        self.seats = [Seat(name=f"w{n}", cameras=list(c)) for n, c in enumerate(seats, start=1)]
        self.limits = limits
        self.template = template
        self._around = around
        self._clock = clock
        self._numbers = itertools.count(1)
        self._hub = hub(Ears(keep=self._keep, fact=around.fact, said=self._said))
        self._lives: dict[str, Life] = {}
        self.spare: Life | None = None
        """A process with everything imported, or on its way there."""
        self._closing = asyncio.Event()
        self._over = asyncio.Event()
        self._takings: set[asyncio.Timeout] = set()
        """Of what dead workers left."""
        self._leave_at: float | None = None
        """By the loop's clock; None as long as nobody ends the product."""
        self._chance = random.Random()  # noqa: S311 - jitter, not a secret
        self._tasks = asyncio.TaskGroup()

    def seat_of(self, camera_id: str) -> Seat | None:
        """Who has this camera."""
        return next((seat for seat in self.seats if camera_id in seat.cameras), None)

    def silent_s(self, seat: Seat) -> float:
        """Age of the last sign of life."""
        life = seat.life
        return 0.0 if life is None else max(0.0, self._clock.monotonic() - life.beat_s)

    async def ask(self, camera_id: str, head: dict[str, Any], *, within_s: float) -> Frame | None:
        """Ask the worker of a camera; None where it does not answer in time."""
        seat = self.seat_of(camera_id)
        if seat is None or seat.life is None:
            return None
        return await seat.life.line.ask({**head, "camera": camera_id}, within_s=within_s)

    def put(self, camera_id: str) -> None:
        """Add a camera, or let it begin anew with its new settings; the others go on."""
        seat = self.seat_of(camera_id)
        if seat is None:
            seat = min(self.seats, key=lambda each: len(each.cameras))
            seat.cameras.append(camera_id)
        if seat.life is not None and seat.life.ready:
            seat.life.cameras.add(camera_id)
            given = self._around.assign(camera_id)
            seat.life.line.send(Frame(kind="put", head=given.model_dump(mode="json")))

    def drop(self, camera_id: str) -> None:
        """Let a camera finish, and forget it; the others go on.

        Raises:
            InvalidInput: no worker has it.
        """
        seat = self.seat_of(camera_id)
        if seat is None:
            raise InvalidInput(f"no worker has a camera {camera_id!r}")
        seat.cameras.remove(camera_id)
        if seat.life is not None:
            seat.life.line.send(Frame(kind="drop", head={"camera": camera_id}))

    async def run(self) -> None:
        """Keep every seat taken until `close`.

        Raises:
            VedetteError: the settings are such that a worker can never begin.
        """
        try:
            async with self._tasks as tasks:
                listening = tasks.create_task(self._hub.run())
                await self._hub.open.wait()
                looking = tasks.create_task(self._look_after())
                for seat in self.seats:
                    tasks.create_task(self._keep_taken(seat))
                await self._closing.wait()
                looking.cancel()
                while any(seat.state != "ended" for seat in self.seats) or self._lives:
                    await self._retire_spare()
                    await self._clock.sleep(TICK_S)
                listening.cancel()
        finally:
            for life in self._lives.values():  # none, unless something failed
                life.process.kill()
                life.process.release()
            self._over.set()

    async def close(self) -> None:
        """Let every worker finish; returns when all are gone, and what they left is taken.

        A store that cannot be written keeps nobody here: what is not taken in time stays on the
        disk, and is taken at the next start.
        """
        if self._leave_at is None:
            self._leave_at = asyncio.get_running_loop().time() + self.limits.leave_s
        for limit in self._takings:
            limit.reschedule(self._leave_at)
        self._closing.set()
        await self._over.wait()

    # A seat.

    async def _keep_taken(self, seat: Seat) -> None:
        while not self._closing.is_set():
            life = await self._born()
            if life is None:
                await self._pause(seat, backoff_s(1, self._chance))
                continue
            seat.life, seat.state = life, "starting"
            cause = await self._live(seat, life)
            seat.life = None
            if self._closing.is_set():
                await self._bury(life)
                break
            seat.detail, seat.restarts = cause, seat.restarts + 1
            log.error("worker %s is replaced: %s", seat.name, cause)
            self._around.gone(seat, cause)
            pause_s = self._judge(seat, life)
            self._tasks.create_task(self._bury(life))
            await self._pause(seat, pause_s)
        seat.state = "ended"

    async def _live(self, seat: Seat, life: Life) -> str:
        """Give a process its cameras, and watch it until it has to go; says why."""
        if not await self._came(life):
            return "it did not start"
        self._give(seat, life)
        while not (cause := life.trouble(self._clock.monotonic())):
            if life.ready and seat.state != "running":
                seat.state, seat.was_ready = "running", True
            if life.failure is not None:
                cause = str(life.failure)
                break
            if self._closing.is_set() or life.too_large:
                cause = "" if self._closing.is_set() else "it uses too much memory"
                await self._ask_to_stop(life)
                break
            await self._tick(life)
        return cause

    def _give(self, seat: Seat, life: Life) -> None:
        life.cameras.update(seat.cameras)
        given = self.template.model_copy(
            update={
                "worker": seat.name,
                "cameras": tuple(self._around.assign(each) for each in seat.cameras),
                "topics": tuple(self._around.topics()),
            }
        )
        life.began_s = life.beat_s = self._clock.monotonic()
        life.line.send(Frame(kind="assign", head=given.model_dump(mode="json")))

    def _judge(self, seat: Seat, life: Life) -> float:
        """How long to wait before the seat is taken again; a seat that fails is taken apart."""
        if life.failure is not None and not seat.was_ready:
            raise life.failure
        lasted_s = self._clock.monotonic() - life.began_s
        suspects = life.suspects()
        if lasted_s > self.limits.quick_s or life.process.orderly:
            seat.failures, seat.suspects = 0, None
        seat.failures += 1
        before = seat.suspects
        seat.suspects = suspects if before is None else [n for n in before if n in suspects]
        if seat.failures < 2:
            return 0.0
        if len(seat.cameras) > 1 and len(self.seats) < self.limits.most_seats:
            self._take_apart(seat)
            return 0.0
        return backoff_s(seat.failures - 1, self._chance)

    def _take_apart(self, seat: Seat) -> None:
        """One of these cameras kills its worker: let some of them have one of their own."""
        apart = set_apart(seat.cameras, seat.suspects or [])
        seat.cameras = [name for name in seat.cameras if name not in apart]
        seat.failures, seat.suspects = 0, None
        new = Seat(name=f"w{len(self.seats) + 1}", cameras=apart)
        new.detail, new.was_ready = f"set apart from {seat.name}, which kept dying", seat.was_ready
        self.seats.append(new)
        log.error("worker %s keeps dying; a new worker takes %s", seat.name, ", ".join(apart))
        self._tasks.create_task(self._keep_taken(new))

    async def _pause(self, seat: Seat, seconds: float) -> None:
        seat.state = "waiting"
        until_s = self._clock.monotonic() + seconds
        while not self._closing.is_set() and (left_s := until_s - self._clock.monotonic()) > 0:
            await self._clock.sleep(min(TICK_S, left_s))

    # A process.

    async def _born(self) -> Life | None:
        """The spare, or a new process; None where the system has none for us."""
        if self.spare is not None and not self.spare.process.ended:
            spare, self.spare = self.spare, None
            return spare
        name = f"life-{next(self._numbers)}"
        line = self._hub.expect(name, self._around.folders(name))
        try:
            process = WorkerProcess(line, self._hub.path)
        except VedetteError as error:
            log.error("%s", error)
            self._hub.forget(line)
            return None
        now_s = self._clock.monotonic()
        life = Life(
            line=line,
            process=process,
            limits=self.limits,
            keeping=self._tasks.create_task(self._hub.keep_of(line)),
            began_s=now_s,
            beat_s=now_s,
            stuck_after_s=self.template.stuck_after_s,
        )
        self._lives[name] = life
        return life

    async def _came(self, life: Life) -> bool:
        """Wait until it has connected; False where it does not."""
        until_s = self._clock.monotonic() + self.limits.start_s
        while not life.line.connected:
            late = self._clock.monotonic() > until_s
            if late or life.process.ended or self._closing.is_set():
                return False
            await self._clock.sleep(TICK_S / 2)
        return True

    async def _tick(self, life: Life) -> None:
        """Let time pass; what this process itself slept through is not the worker's fault."""
        before_s = self._clock.monotonic()
        await self._clock.sleep(TICK_S)
        late_s = self._clock.monotonic() - before_s - TICK_S
        if late_s > 3 * TICK_S:
            life.beat_s += late_s

    async def _ask_to_stop(self, life: Life) -> None:
        life.line.send(Frame(kind="stop"))
        until_s = self._clock.monotonic() + self.limits.stop_s
        while not life.process.ended and self._clock.monotonic() < until_s:
            await self._clock.sleep(TICK_S / 2)

    async def _bury(self, life: Life) -> None:
        """End the process if it has not ended, and take what it left."""
        if not life.process.ended:
            life.process.show_where()
            until_s = self._clock.monotonic() + self.limits.abort_s
            while not life.process.ended and self._clock.monotonic() < until_s:
                await self._clock.sleep(TICK_S / 2)
            life.process.kill()
        while not life.process.ended:
            await self._clock.sleep(TICK_S / 2)
        life.process.release()
        await life.line.silence()
        await self._take_over(life)
        self._hub.forget(life.line)
        del self._lives[life.line.name]

    async def _take_over(self, life: Life) -> None:
        """Store the rest of what it said, and take what it left; at the end only until then."""
        limit = asyncio.timeout_at(self._leave_at)
        self._takings.add(limit)
        try:
            async with limit:
                await asyncio.wait([life.keeping])
                with guarded(f"taking what {life.line.name} left"):
                    await self._around.left(life)
        except TimeoutError:
            life.keeping.cancel()
            log.warning("what %s left is taken at the next start", life.line.name)
        finally:
            self._takings.discard(limit)

    async def _retire_spare(self) -> None:
        spare, self.spare = self.spare, None
        if spare is not None:
            spare.line.send(Frame(kind="stop"))
            spare.process.kill()
            await self._bury(spare)

    async def _look_after(self) -> None:
        """Have a spare, and tell the workers who listens."""
        told = tuple(self._around.topics())
        while True:
            await self._clock.sleep(LOOK_S)
            topics = tuple(self._around.topics())
            if topics != told:
                told = topics
                for life in self._lives.values():
                    life.line.send(Frame(kind="topics", head={"topics": list(topics)}))
            if self.spare is not None and self.spare.process.ended:
                spare, self.spare = self.spare, None
                await self._bury(spare)
            calm = all(seat.state == "running" for seat in self.seats)
            if self.limits.spare and self.spare is None and calm:
                self.spare = await self._born()

    # The link.

    async def _keep(self, line: Line, said: Durable) -> None:
        await self._lives[line.name].keep(said, self._around.keep)

    def _said(self, line: Line, frame: Frame) -> None:
        life = self._lives.get(line.name)
        if life is not None and life.heard(frame, self._clock.monotonic()):
            seat = next((each for each in self.seats if each.life is life), None)
            if seat is not None:
                self._around.figures(seat, frame.head)
