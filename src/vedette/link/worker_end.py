"""The worker's end of the link: threads that say, hear and prove that the process lives.

What must not be lost goes through the spool and is sent until it is acknowledged. Small facts wait
in a short queue, whose oldest is dropped when it is full. Beats have a thread of their own, so that
a slow disk does not look like a dead process.
"""

import logging
import socket
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vedette.contracts.errors import StorageFailed
from vedette.contracts.sink import EventChange, NewArtifact
from vedette.kit.clock import Clock
from vedette.link.files import WorkerFolders, digest, put_down
from vedette.link.messages import Durable, frame_of
from vedette.link.socket import connect
from vedette.link.spool import Spool
from vedette.link.wire import Decoder, Frame, LinkBroken, encode

log = logging.getLogger(__name__)

WINDOW = 64
"""Messages that may be under way without being acknowledged."""
MOST_FACTS = 1000
MOST_ANSWERS = 64
BEAT_S = 0.5
SYNC_S = 0.05
"""What is not acknowledged after this is brought to the disk."""
OPEN_S = 5.0
AGAIN_S = 0.2
GONE_S = 5.0
"""A control process that does not answer for this long is gone."""
PIECE = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkAddress:
    """Where the control process listens, and how it knows us."""

    socket: Path
    token: str
    name: str


class WorkerLink:
    """Safe from any thread. `start` once, `close` at the end."""

    def __init__(
        self,
        address: LinkAddress,
        folders: WorkerFolders,
        clock: Clock,
        *,
        heard: Callable[[Frame], None],
        beat: Callable[[], dict[str, Any]],
        gone: Callable[[], None],
    ) -> None:
        """Take what it needs.

        Args:
            heard: told of every frame but acknowledgements, in the thread that reads.
            beat: what a beat says; called twice a second.
            gone: called once, when the control process does not come back.
        """
        self._address = address
        self._folders = folders
        self._clock = clock
        self._heard = heard
        self._beat = beat
        self._gone = gone
        folders.make()
        self._spool = Spool(folders.spool)
        self._facts: deque[Frame] = deque(maxlen=MOST_FACTS)
        self._answers: deque[Frame] = deque(maxlen=MOST_ANSWERS)
        self._something = threading.Condition()
        self._sending = threading.Lock()
        self._socket: socket.socket | None = None
        self._sent = 0
        self._files = 0
        self._closing = threading.Event()
        self._lost = threading.Event()
        self._waiting_for_room = 0
        self.dropped = 0
        """Facts that were given up because they came too fast."""
        self._threads = [
            threading.Thread(target=target, name=name, daemon=True)
            for name, target in (("link-out", self._keep_connected), ("link-beat", self._live))
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    @property
    def waiting(self) -> int:
        """Messages that are not acknowledged."""
        return len(self._spool)

    @property
    def blocked(self) -> bool:
        """True while somebody waits because the control process takes nothing."""
        return self._waiting_for_room > 0

    def say(self, said: Durable) -> None:
        """Keep a message until the control process has stored it. Waits while the spool is full.

        Raises:
            StorageFailed: the link is closed.
        """
        hashes: dict[str, str] = {}
        if isinstance(said, EventChange) and said.artifacts:
            said, hashes = self._with_files(said)
        with self._something:
            self._waiting_for_room += 1
        try:
            self._spool.append(lambda seq: encode(frame_of(said, seq, hashes, self._folders)))
        finally:
            with self._something:
                self._waiting_for_room -= 1
                self._something.notify_all()

    def tell(self, fact: Frame) -> None:
        """Send a fact soon, or never."""
        with self._something:
            self.dropped += len(self._facts) == MOST_FACTS
            self._facts.append(fact)
            self._something.notify_all()

    def answer(self, frame: Frame) -> None:
        """Send an answer soon."""
        with self._something:
            self._answers.append(frame)
            self._something.notify_all()

    def close(self, *, within_s: float) -> bool:
        """Tell what is left, and end; True where everything was acknowledged.

        What was not stays in the spool, on the disk, and so does what is said meanwhile.
        """
        until_s = self._clock.monotonic() + within_s
        with self._something:
            while (len(self._spool) or self._answers) and not self._lost.is_set():
                left_s = until_s - self._clock.monotonic()
                if left_s <= 0.0:
                    break
                self._something.wait(min(left_s, 0.2))
        self._closing.set()
        self._spool.close()
        self._spool.sync()
        self._hang_up()
        with self._something:
            self._something.notify_all()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(2.0)
        return len(self._spool) == 0

    def _with_files(self, change: EventChange) -> tuple[EventChange, dict[str, str]]:
        """Bytes become files; what the disk does not take is left out and said in the log."""
        kept: list[NewArtifact] = []
        hashes: dict[str, str] = {}
        for new in change.artifacts:
            self._files += 1
            try:
                put = put_down(new, change.event, self._files, self._folders)
            except StorageFailed as error:
                log.error("event %s: its %s is lost: %s", change.event.id, new.kind.value, error)
                continue
            if new.data is not None and put.file is not None:
                hashes[put.file.name] = digest(new.data)
            kept.append(put)
        return EventChange(event=change.event, artifacts=tuple(kept)), hashes

    def _keep_connected(self) -> None:
        lost_at_s = self._clock.monotonic()
        while not self._closing.is_set():
            try:
                stream, decoder = self._open()
            except LinkBroken as error:
                if self._clock.monotonic() - lost_at_s > GONE_S:
                    log.error("the control process is gone: %s", error)
                    self._lost.set()
                    self._gone()
                    return
                self._clock.wait(self._closing, AGAIN_S)
                continue
            reader = threading.Thread(
                target=self._hear, args=(stream, decoder), name="link-in", daemon=True
            )
            reader.start()
            self._send_all(stream)
            self._hang_up()
            reader.join()
            lost_at_s = self._clock.monotonic()

    def _open(self) -> tuple[socket.socket, Decoder]:
        """Connect, say who we are, and hear what is stored already.

        Raises:
            LinkBroken: it does not answer, or not as it should.
        """
        stream = connect(self._address.socket, within_s=OPEN_S)
        decoder = Decoder()
        head = {"token": self._address.token, "name": self._address.name}
        try:
            stream.sendall(encode(Frame(kind="hello", head=head)))
            first: list[Frame] = []
            while not first:
                piece = stream.recv(PIECE)
                if not piece:
                    raise LinkBroken("the control process hung up")
                first.extend(decoder.feed(piece))
        except OSError as error:
            stream.close()
            raise LinkBroken(f"the control process does not answer: {error}") from error
        except LinkBroken:
            stream.close()
            raise
        welcome = first.pop(0)
        stored = welcome.head.get("stored")
        if welcome.kind != "welcome" or not isinstance(stored, int):
            stream.close()
            raise LinkBroken("the control process did not welcome us")
        self._spool.ack(stored)
        self._sent = stored
        stream.settimeout(None)
        with self._something:
            self._socket = stream
        for frame in first:
            self._take(frame)
        return stream, decoder

    def _hear(self, stream: socket.socket, decoder: Decoder) -> None:
        try:
            while piece := stream.recv(PIECE):
                for frame in decoder.feed(piece):
                    self._take(frame)
        except (OSError, LinkBroken) as error:
            if not self._closing.is_set():
                log.warning("the link broke: %s", error)
        self._hang_up()

    def _take(self, frame: Frame) -> None:
        if frame.kind != "ack":
            self._heard(frame)
            return
        stored = frame.head.get("stored")
        if isinstance(stored, int):
            self._spool.ack(stored)
            with self._something:
                self._something.notify_all()

    def _send_all(self, stream: socket.socket) -> None:
        """Send what there is, until the connection or the process ends."""
        spoken_s = self._clock.monotonic()
        synced = True
        while not self._closing.is_set():
            with self._something:
                frames = self._next()
                if not frames:
                    if self._socket is not stream:
                        return
                    self._something.wait(BEAT_S if synced else SYNC_S)
            if frames:
                if not self._send(stream, frames):
                    return
                spoken_s, synced = self._clock.monotonic(), False
            elif not synced and self._clock.monotonic() - spoken_s >= SYNC_S:
                self._spool.sync()
                synced = True

    def _next(self) -> list[bytes]:
        """What is to be sent now; the lock is held."""
        frames = [encode(frame) for frame in self._answers]
        self._answers.clear()
        for seq, payload in self._spool.after(self._sent, window=WINDOW):
            frames.append(payload)
            self._sent = seq
        while self._facts and len(frames) < WINDOW:
            frames.append(encode(self._facts.popleft()))
        return frames

    def _send(self, stream: socket.socket, frames: list[bytes]) -> bool:
        try:
            with self._sending:
                stream.sendall(b"".join(frames))
        except OSError as error:
            if not self._closing.is_set():
                log.warning("the link broke: %s", error)
            return False
        return True

    def _live(self) -> None:
        """Beat, as long as this process can."""
        while not self._clock.wait(self._closing, BEAT_S):
            stream = self._socket
            if stream is not None:
                self._send(stream, [encode(Frame(kind="beat", head=self._beat()))])

    def _hang_up(self) -> None:
        with self._something:
            stream, self._socket = self._socket, None
            self._something.notify_all()
        if stream is not None:
            with suppress(OSError):  # it is down already
                stream.shutdown(socket.SHUT_RDWR)
            stream.close()
