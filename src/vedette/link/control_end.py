"""The control process's end of the link: one line per life of a worker, stored before acknowledged.

A worker is believed nothing: frames are bounded, messages are checked, files are only taken from
its own folders, and who breaks the rules is hung up on.
"""

import asyncio
import hmac
import itertools
import logging
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from vedette.contracts.errors import InvalidInput, StorageFailed, VedetteError
from vedette.contracts.payload import Payload
from vedette.kit.clock import Clock
from vedette.link.files import WorkerFolders
from vedette.link.messages import Durable, durable_of, fact_of
from vedette.link.socket import listen, peer_of
from vedette.link.wire import Decoder, Frame, LinkBroken, encode
from vedette.link.worker_end import WINDOW

log = logging.getLogger(__name__)

HELLO_S = 5.0
MOST_STRANGERS = 32
"""Connections at a time that have not said who they are."""
MOST_UNREAD = 8 * 1024 * 1024
"""Bytes that a worker may leave unread before it is hung up on."""
PART_S = 1.0
"""How long the end of a connection is waited for after its process has ended."""
TOGETHER = 16
"""Messages that are acknowledged at once, where more are under way."""
PIECE = 256 * 1024
DURABLE = frozenset({"event", "track", "segment", "gap"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ears:
    """Who is told what a worker says. Called in the loop."""

    keep: Callable[["Line", Durable], Awaitable[None]]
    """Returns when it is stored; raises InvalidInput where it never can be."""
    fact: Callable[[str, Payload], None]
    said: Callable[["Line", Frame], None]
    """Beats, `ready`, `failed`, `bye`."""


@dataclass(slots=True, kw_only=True, eq=False)
class Line:
    """One life of one worker process, connected or not."""

    name: str
    token: str = field(repr=False)
    folders: WorkerFolders
    pid: int = 0
    stored: int = 0
    """Number of its last message that is stored."""
    refused: int = 0
    """Messages that made no sense; they are acknowledged and forgotten."""
    connections: int = 0
    """Times that it connected."""
    breaks: int = 0
    """Times that it broke the rules of the link."""
    came: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when it connected for the first time."""
    unkept: asyncio.Queue[Frame | None] = field(
        default_factory=lambda: asyncio.Queue(maxsize=2 * WINDOW)
    )
    deaf: bool = False
    """Nothing more is taken."""
    parted: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while nobody is connected."""
    _writer: asyncio.StreamWriter | None = None
    _asked: dict[int, asyncio.Future[Frame | None]] = field(default_factory=dict)
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    @property
    def connected(self) -> bool:
        return self._writer is not None

    def send(self, frame: Frame) -> bool:
        """Send one frame; False where nobody is connected, or reads."""
        writer = self._writer
        if writer is None or writer.is_closing():
            return False
        if writer.transport.get_write_buffer_size() > MOST_UNREAD:
            log.warning("worker %s reads nothing; it is hung up on", self.name)
            self.hang_up()
            return False
        writer.write(encode(frame))
        return True

    async def ask(self, head: dict[str, Any], *, within_s: float) -> Frame | None:
        """Ask, and wait for the answer; None where none comes in time."""
        number = next(self._numbers)
        answer: asyncio.Future[Frame | None] = asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        try:
            if not self.send(Frame(kind="ask", head={**head, "id": number})):
                return None
            async with asyncio.timeout(within_s):
                return await answer
        except TimeoutError:
            return None
        finally:
            del self._asked[number]

    def answered(self, frame: Frame) -> None:
        """An answer came; one that nobody waits for any more is forgotten."""
        waiting = self._asked.get(frame.head.get("id", 0))
        if waiting is not None and not waiting.done():
            waiting.set_result(frame)

    def attach(self, writer: asyncio.StreamWriter) -> None:
        """It connected, perhaps again."""
        self.hang_up()
        while not self.unkept.empty():  # it will say these again
            self.unkept.get_nowait()
        self._writer = writer
        self.connections += 1
        self.parted.clear()
        self.send(Frame(kind="welcome", head={"stored": self.stored}))
        self.came.set()

    async def silence(self) -> None:
        """Hear no more; what it wrote before it died is still read."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PART_S):
                await self.parted.wait()
        self.deaf = True
        self.hang_up()
        with suppress(asyncio.QueueFull):  # whoever stores has not come to the end then
            self.unkept.put_nowait(None)

    def detach(self, writer: asyncio.StreamWriter) -> None:
        if self._writer is writer:
            self._part()

    def hang_up(self) -> None:
        writer = self._writer
        self._part()
        if writer is not None:
            writer.close()

    def _part(self) -> None:
        """Nobody is connected any more; who waits for an answer gets none."""
        self._writer = None
        self.parted.set()
        for answer in self._asked.values():
            if not answer.done():
                answer.set_result(None)


class _UnderWay(NamedTuple):
    """One message that is being stored."""

    seq: int
    keeping: asyncio.Task[VedetteError | None]


class _NotStored(Exception):
    """The store takes nothing now."""


class Hub:
    """Listens for workers that were announced with `expect`."""

    def __init__(self, path: Path, ears: Ears, clock: Clock) -> None:
        """Take what it needs; `run` listens."""
        self.path = path
        self._ears = ears
        self._clock = clock
        self._lines: dict[str, Line] = {}
        self._strangers = 0
        self.turned_away = 0
        """Connections that could not say who they are."""
        self.open = asyncio.Event()

    def expect(self, name: str, folders: WorkerFolders) -> Line:
        """A worker of this name will connect, with the token of the line."""
        line = Line(name=name, token=secrets.token_hex(32), folders=folders)
        self._lines[name] = line
        return line

    def forget(self, line: Line) -> None:
        """It will not be heard any more."""
        line.hang_up()
        if self._lines.get(line.name) is line:
            del self._lines[line.name]

    async def run(self) -> None:
        """Listen until cancelled.

        Raises:
            StorageFailed: the socket cannot be made.
        """
        listener = listen(self.path)
        server = await asyncio.start_unix_server(self._meet, sock=listener, limit=PIECE)
        self.open.set()
        try:
            await asyncio.get_running_loop().create_future()  # until cancelled
        finally:
            for line in self._lines.values():
                line.hang_up()
            server.close()
            with suppress(OSError):
                self.path.unlink(missing_ok=True)

    async def keep_of(self, line: Line) -> None:
        """Store what one worker says until it is silent, or until something is not stored.

        Each message is handed on as it comes, so that none waits for those before it to be stored.
        What comes after one that is not stored is said again, and stored once: by its keys.
        """
        under_way: asyncio.Queue[_UnderWay | None] = asyncio.Queue(maxsize=WINDOW)
        handed = line.stored
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._acknowledge(line, under_way))
                while not (line.deaf and line.unkept.empty()):
                    frame = await line.unkept.get()
                    if frame is not None and frame.seq > handed:
                        handed = frame.seq
                        keeping = tasks.create_task(self._keep_one(line, frame))
                        await under_way.put(_UnderWay(frame.seq, keeping))
                await under_way.put(None)
        except* _NotStored as group:  # it waits in its spool
            log.warning("a message of worker %s is not stored: %s", line.name, group.exceptions[0])
            line.hang_up()

    async def _acknowledge(self, line: Line, under_way: asyncio.Queue["_UnderWay | None"]) -> None:
        """Say what is stored, in the order in which it was said.

        Raises:
            _NotStored: something is not.
        """
        while (one := await under_way.get()) is not None:
            error = await one.keeping
            if isinstance(error, StorageFailed):
                raise _NotStored(str(error)) from error
            if error is not None:
                line.refused += 1
                log.error("a message of worker %s is refused: %s", line.name, error)
            line.stored = one.seq
            if under_way.empty() or one.seq % TOGETHER == 0:
                line.send(Frame(kind="ack", head={"stored": line.stored}))

    async def _keep_one(self, line: Line, frame: Frame) -> VedetteError | None:
        try:
            await self._ears.keep(line, durable_of(frame, line.folders))
        except VedetteError as error:
            return error
        return None

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line: Line | None = None
        decoder = Decoder()
        try:
            line, first = await self._introduced(reader, writer, decoder)
            line.attach(writer)
            for frame in first:
                self._take(line, frame)
            while piece := await reader.read(PIECE):
                for frame in decoder.feed(piece):
                    self._take(line, frame)
        except (LinkBroken, InvalidInput) as error:
            log.warning("worker %s: %s", line.name if line else "(unknown)", error)
            if line is None:
                self.turned_away += 1
            else:
                line.breaks += 1
        except OSError as error:
            log.info("worker %s hung up: %s", line.name if line else "(unknown)", error)
        finally:
            if line is not None:
                line.detach(writer)
            writer.close()

    async def _introduced(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, decoder: Decoder
    ) -> tuple[Line, list[Frame]]:
        """Who this is, and what else it said already.

        Raises:
            LinkBroken: nobody that we expect.
        """
        if self._strangers >= MOST_STRANGERS:
            raise LinkBroken("too many connections that do not say who they are")
        self._strangers += 1
        decoder.most_head, decoder.most_body = 4096, 0
        try:
            async with asyncio.timeout(HELLO_S):
                frames: list[Frame] = []
                while not frames:
                    piece = await reader.read(4096)
                    if not piece:
                        raise LinkBroken("it hung up without a word")
                    for frame in decoder.feed(piece):
                        frames.append(frame)
                        decoder.restore()
        except TimeoutError:
            raise LinkBroken("it did not say who it is") from None
        finally:
            self._strangers -= 1
        return self._known(frames[0], writer), frames[1:]

    def _known(self, hello: Frame, writer: asyncio.StreamWriter) -> Line:
        line = self._lines.get(str(hello.head.get("name")))
        line = None if line is None or line.deaf else line
        token = str(hello.head.get("token"))
        if hello.kind != "hello" or line is None or not hmac.compare_digest(line.token, token):
            raise LinkBroken("it is none of our workers")
        pid, _ = peer_of(writer.get_extra_info("socket"))
        if line.pid and pid != line.pid:
            raise LinkBroken(f"it says it is {line.name}, from another process")
        return line

    def _take(self, line: Line, frame: Frame) -> None:
        if line.deaf:
            return
        if frame.kind in DURABLE:
            if frame.seq == 0 or line.unkept.full():
                raise LinkBroken("it says more than may be under way")
            line.unkept.put_nowait(frame)
        elif frame.kind == "fact":
            self._ears.fact(*fact_of(frame))
        elif frame.kind == "answer":
            line.answered(frame)
        else:
            self._ears.said(line, frame)
