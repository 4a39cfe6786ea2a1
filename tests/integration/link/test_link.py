"""Both ends of the link over a real socket: cuts, strangers, floods; nothing lost or doubled."""

import asyncio
import os
import socket
import stat
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from vedette.contracts.artifact import ArtifactKind
from vedette.contracts.errors import InvalidInput, StorageFailed
from vedette.contracts.event import Event
from vedette.contracts.facts import CameraState, CameraStatus
from vedette.contracts.payload import Payload
from vedette.contracts.sink import EventChange, NewArtifact
from vedette.kit.clock import SystemClock
from vedette.link.control_end import Ears, Hub, Line
from vedette.link.files import WorkerFolders
from vedette.link.messages import Durable
from vedette.link.sink import LinkBus, LinkSink
from vedette.link.wire import Frame, encode
from vedette.link.worker_end import WINDOW, LinkAddress, WorkerLink
from vedette.testing.fakes import until
from vedette.testing.store_samples import NOON, make_event


@dataclass
class Office:
    """A control process without a store: it notes what it is told."""

    root: Path
    kept: list[Durable] = field(default_factory=list)
    facts: list[tuple[str, Payload]] = field(default_factory=list)
    said: list[Frame] = field(default_factory=list)
    slow: asyncio.Event = field(default_factory=asyncio.Event)
    errors: list[Exception] = field(default_factory=list)
    begun: int = 0

    def __post_init__(self) -> None:
        self.slow.set()
        self.hub = self.new_hub()
        self.folders = WorkerFolders(spool=self.root / "spool" / "w", parts=self.root / "parts")

    def new_hub(self) -> Hub:
        ears = Ears(keep=self._keep, fact=self._fact, said=self._said)
        return Hub(self.root / "run" / "link.sock", ears, SystemClock())

    async def _keep(self, line: Line, said: Durable) -> None:
        self.begun += 1
        await self.slow.wait()
        if self.errors:
            raise self.errors.pop(0)
        self.kept.append(said)

    def _fact(self, topic: str, fact: Payload) -> None:
        self.facts.append((topic, fact))

    def _said(self, line: Line, frame: Frame) -> None:
        self.said.append(frame)

    def ids(self) -> list[Any]:
        return [each.event.id for each in self.kept if isinstance(each, EventChange)]

    @asynccontextmanager
    async def open(self, name: str = "w") -> AsyncIterator[Line]:
        """Listen, and store what one worker says."""
        line = self.hub.expect(name, self.folders)
        listening = asyncio.ensure_future(self.hub.run())
        keeping = asyncio.ensure_future(self.hub.keep_of(line))
        await self.hub.open.wait()
        try:
            yield line
        finally:
            for task in (listening, keeping):
                task.cancel()
            await asyncio.wait([listening, keeping])

    def worker(
        self, line: Line, *, token: str | None = None, heard: Callable[[Frame], None] | None = None
    ) -> WorkerLink:
        address = LinkAddress(socket=self.hub.path, token=token or line.token, name=line.name)
        return WorkerLink(
            address,
            self.folders,
            SystemClock(),
            heard=heard or (lambda frame: None),
            beat=lambda: {"rss": 1},
            gone=lambda: None,
        )


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def change(number: int, *pictures: bytes) -> EventChange:
    artifacts = tuple(
        NewArtifact(
            kind=ArtifactKind.SNAPSHOT,
            revision=index,
            extension=".jpg",
            media_type="image/jpeg",
            started_us=1,
            data=data,
        )
        for index, data in enumerate(pictures, start=1)
    )
    return EventChange(event=make_event(number), artifacts=artifacts)


def events(count: int) -> list[Event]:
    return [make_event(number) for number in range(count)]


async def test_what_is_said_is_stored_in_order_and_then_forgotten(office: Office) -> None:
    async with office.open() as line:
        link = office.worker(line)
        sink, bus = LinkSink(link.say), LinkBus(link.tell)
        link.start()
        for number in range(30):
            sink.submit(change(number, b"picture"))
        bus.publish("camera.yard.status", status())
        bus.listen_for(["camera.*.status"])
        bus.publish("camera.yard.status", status())
        await until(lambda: len(office.kept) == 30 and link.waiting == 0)
        await until(lambda: bool(office.facts))
        await until(lambda: any(frame.kind == "beat" for frame in office.said))
        assert await asyncio.to_thread(link.close, within_s=5.0)

    assert office.ids() == [event.id for event in events(30)]
    assert office.facts == [("camera.yard.status", status())]
    assert not bus.wanted("process.detected")


def status() -> CameraStatus:
    return CameraStatus(camera_id="yard", state=CameraState.ONLINE, at=NOON)


async def test_a_connection_cut_in_the_middle_of_a_frame_loses_and_doubles_nothing(
    office: Office,
) -> None:
    async with office.open() as line:
        link = office.worker(line)
        link.start()
        for number in range(200):
            await asyncio.to_thread(link.say, change(number))
            if number % 40 == 20:
                await until(lambda: line.connected)
                cut(link)
        await until(lambda: link.waiting == 0)
        await asyncio.to_thread(link.close, within_s=5.0)

    assert office.ids() == [event.id for event in events(200)]
    assert line.breaks == 0


async def again(link: WorkerLink, line: Line) -> None:
    """Cut the connection, and wait for the next one."""
    before = line.connections
    await until(lambda: line.connected and link._socket is not None)
    cut(link)
    await until(lambda: line.connections > before and line.connected)


def cut(link: WorkerLink) -> None:
    """Send half a frame, then hang up, as a dying machine would."""
    found = link._socket
    if found is not None:
        with link._sending:
            found.send(encode(Frame(kind="fact", head={"topic": "x" * 1000}))[:500])
            found.shutdown(socket.SHUT_RDWR)


async def test_what_was_not_stored_is_said_again_by_the_next_process(office: Office) -> None:
    office.slow.clear()
    async with office.open() as line:
        link = office.worker(line)
        link.start()
        for number in range(5):
            link.say(change(number, b"picture"))
        await until(lambda: office.begun + line.unkept.qsize() == 5)
        assert not await asyncio.to_thread(link.close, within_s=0.1)
    assert office.kept == []

    office.slow.set()
    office.hub = office.new_hub()
    async with office.open() as line:
        again = office.worker(line)
        again.start()
        again.say(change(5))
        await until(lambda: again.waiting == 0)
        await asyncio.to_thread(again.close, within_s=5.0)
    assert office.ids() == [event.id for event in events(6)]


async def test_a_message_that_is_being_stored_when_the_link_breaks_is_stored_once(
    office: Office,
) -> None:
    office.slow.clear()
    async with office.open() as line:
        link = office.worker(line)
        link.start()
        link.say(change(0))
        await until(lambda: office.begun == 1)
        for _ in range(2):
            await again(link, line)
        office.slow.set()
        await until(lambda: link.waiting == 0)
        await asyncio.to_thread(link.close, within_s=5.0)

    assert office.ids() == [make_event(0).id]


async def test_no_more_is_under_way_than_may_be_however_often_the_link_breaks(
    office: Office,
) -> None:
    office.slow.clear()
    async with office.open() as line:
        link = office.worker(line)
        link.start()
        for number in range(300):
            link.say(change(number))
        for _ in range(5):
            await until(lambda: line.connected and office.begun == WINDOW)
            await again(link, line)
            await until(lambda: line.connected and line.unkept.empty())
            assert office.begun == WINDOW, "what is being stored was begun again"
        office.slow.set()
        await until(lambda: link.waiting == 0, within_s=30)
        await asyncio.to_thread(link.close, within_s=5.0)

    assert line.breaks == 0
    assert office.ids() == [event.id for event in events(300)]


async def test_a_message_waits_for_none_of_those_before_it_to_be_stored(office: Office) -> None:
    office.slow.clear()
    async with office.open() as line:
        link = office.worker(line)
        link.start()
        link.say(change(0))
        await until(lambda: office.begun == 1)
        link.say(change(1))
        await until(lambda: office.begun == 2)
        assert line.stored == 0
        office.slow.set()
        await until(lambda: link.waiting == 0)
        await asyncio.to_thread(link.close, within_s=5.0)

    assert office.ids() == [event.id for event in events(2)]


async def test_a_message_that_can_never_be_stored_does_not_hold_up_the_others(
    office: Office,
) -> None:
    office.errors = [InvalidInput("there is no such camera")]
    async with office.open() as line:
        link = office.worker(line)
        link.start()
        link.say(change(0))
        link.say(change(1))
        await until(lambda: link.waiting == 0)
        await asyncio.to_thread(link.close, within_s=5.0)

    assert office.ids() == [make_event(1).id]
    assert line.refused == 1


async def test_a_message_that_cannot_be_stored_now_stays_in_the_spool(office: Office) -> None:
    office.errors = [StorageFailed("the product is stopping")]
    async with office.open() as line:
        link = office.worker(line)
        link.start()
        link.say(change(0))
        await until(lambda: not office.errors)
        assert not await asyncio.to_thread(link.close, within_s=0.2)
    assert link.waiting == 1


async def test_a_full_spool_holds_the_camera_and_says_so(office: Office) -> None:
    office.slow.clear()
    async with office.open() as line:
        link = office.worker(line)
        link._spool._most_waiting = 3
        link.start()

        def speak() -> None:
            for number in range(5):
                link.say(change(number))

        speaker = threading.Thread(target=speak)
        speaker.start()
        await until(lambda: link.blocked and link.waiting == 3)
        office.slow.set()
        await until(lambda: link.waiting == 0 and len(office.kept) == 5)
        assert not link.blocked
        await asyncio.to_thread(speaker.join)
        await asyncio.to_thread(link.close, within_s=5.0)


async def test_facts_that_come_too_fast_are_dropped_and_counted(office: Office) -> None:
    async with office.open() as line:
        link = office.worker(line)
        bus = LinkBus(link.tell)
        bus.listen_for(["camera.*"])
        for _ in range(1500):
            bus.publish("camera.yard.status", status())
        assert link.dropped == 500
        link.start()
        await until(lambda: len(office.facts) == 1000)
        await asyncio.to_thread(link.close, within_s=5.0)


async def test_only_this_user_reaches_the_socket_however_long_its_path(tmp_path: Path) -> None:
    office = Office(tmp_path / ("a" * 60) / ("b" * 60))
    async with office.open() as line:
        found = office.hub.path.stat()
        assert stat.S_IMODE(found.st_mode) == 0o600
        assert stat.S_IMODE(office.hub.path.parent.stat().st_mode) == 0o700
        link = office.worker(line)
        link.start()
        await until(lambda: line.connected)
        await asyncio.to_thread(link.close, within_s=5.0)
    assert not office.hub.path.exists()


@pytest.mark.parametrize(
    "raw",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        encode(Frame(kind="hello", head={"name": "w", "token": "guessed"})),
        encode(Frame(kind="hello", head={"name": "nobody", "token": "guessed"})),
        encode(Frame(kind="event", seq=1, head={"event": {}})),
        encode(Frame(kind="hello", head={"name": "w", "token": "x" * 5000})),
        encode(Frame(kind="hello", head={"name": "w"}, body=b"x")),
    ],
)
async def test_a_stranger_is_turned_away(office: Office, raw: bytes) -> None:
    async with office.open() as line:
        reader, writer = await asyncio.open_unix_connection(office.hub.path)
        writer.write(raw)
        assert await reader.read() == b""
        writer.close()
        await until(lambda: office.hub.turned_away == 1)
        assert not line.connected


async def test_another_process_cannot_be_a_worker_even_with_its_token(office: Office) -> None:
    async with office.open() as line:
        line.pid = os.getpid() + 1
        reader, writer = await asyncio.open_unix_connection(office.hub.path)
        head = {"name": line.name, "token": line.token}
        writer.write(encode(Frame(kind="hello", head=head)))
        assert await reader.read() == b""
        writer.close()


async def test_who_is_not_introduced_yet_may_not_say_much(office: Office) -> None:
    async with office.open() as line:
        reader, writer = await asyncio.open_unix_connection(office.hub.path)
        head = {"name": line.name, "token": line.token, "more": "x" * 5000}
        writer.write(encode(Frame(kind="hello", head=head)))
        assert await reader.read() == b""
        writer.close()
        assert not line.connected


@pytest.mark.parametrize(
    "raw",
    [
        b"nonsense",
        encode(Frame(kind="event", seq=0)),
        b"".join(encode(Frame(kind="event", seq=n)) for n in range(1, 400)),
        encode(Frame(kind="fact", head={"topic": "event.opened", "fact": {}})),
        encode(Frame(kind="fact", head={"topic": "camera.yard.status", "fact": {"at": 1}})),
    ],
)
async def test_a_worker_that_breaks_the_rules_is_hung_up_on(office: Office, raw: bytes) -> None:
    office.slow.clear()
    async with office.open() as line:
        _, writer = await asyncio.open_unix_connection(office.hub.path)
        head = {"name": line.name, "token": line.token}
        writer.write(encode(Frame(kind="hello", head=head)))
        await until(lambda: line.connected)
        writer.write(raw)
        await until(lambda: line.breaks == 1)
        writer.close()
        assert not line.connected
        assert office.kept == []
        assert line.unkept.qsize() <= line.unkept.maxsize
        office.slow.set()


async def test_a_question_is_answered_and_one_that_is_not_is_given_up(office: Office) -> None:
    async with office.open() as line:
        links: list[WorkerLink] = []

        def heard(frame: Frame) -> None:
            if frame.head.get("camera") == "yard":
                links[0].answer(Frame(kind="answer", head={"id": frame.head["id"]}, body=b"jpeg"))

        links.append(office.worker(line, heard=heard))
        links[0].start()
        await until(lambda: line.connected)
        answer = await line.ask({"camera": "yard"}, within_s=5.0)
        assert answer is not None
        assert answer.body == b"jpeg"
        assert await line.ask({"camera": "door"}, within_s=0.05) is None
        await asyncio.to_thread(links[0].close, within_s=5.0)
        assert await line.ask({"camera": "yard"}, within_s=5.0) is None


async def test_a_worker_whose_control_process_never_comes_gives_up(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vedette.link.worker_end.GONE_S", 0.3)
    gone = threading.Event()
    line = office.hub.expect("w", office.folders)
    link = office.worker(line)
    link._gone = gone.set
    link.start()
    link.say(change(0))
    assert await asyncio.to_thread(gone.wait, 5.0)
    assert not link.close(within_s=5.0)
    assert link.waiting == 1
