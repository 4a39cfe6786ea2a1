"""A lasting connection to an MQTT broker, in a thread of its own: states, messages, a last will.

Nobody waits for it. States (`keep`) are remembered and said again at each connection; of what
merely happened (`tell`) a bounded number waits while the broker is away, and the oldest goes.
"""

import logging
import math
import random
import select
import socket
import ssl
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from vedette.contracts.health import Health, HealthLevel
from vedette.kit.clock import Clock
from vedette.kit.supervise import backoff_s
from vedette.notify.broker import BrokerSettings
from vedette.notify.mqtt_session import Refused, check, client_of

log = logging.getLogger(__name__)

ONLINE, OFFLINE = b"online", b"offline"

MOST_WAITING = 1000
MOST_WAITING_BYTES = 16_000_000
LONGEST_PAUSE_S = 30.0
"""Between two tries to connect."""
LOOK_S = 1.0
"""Between two looks whether the connection still lives, where nothing is to be done."""
KEEPALIVE_S = 15
"""A broker that says nothing for half as long again is asked; one that does not answer is gone."""
END_S = 2.0
"""At the end, what waits may take so long."""

Heard = Callable[[str, bytes, bool], None]
"""Told topic, payload, and whether it was kept by the broker from before."""


class MqttLink:
    """`keep`, `tell` and `again` may be called from any thread, and never wait."""

    def __init__(
        self,
        broker: BrokerSettings,
        *,
        will: str,
        listen: Sequence[str] = (),
        clock: Clock,
        rng: random.Random,
    ) -> None:
        """Prepare it; `run` connects.

        Args:
            will: topic that says `online`, and `offline` once we are gone, however that was.
            listen: topics, also with wildcards, of which `heard` is told.
        """
        self._broker = broker
        self._will = will
        self._listen = tuple(listen)
        self.heard: Heard = lambda topic, payload, kept: None
        """Called in the link's thread."""
        self._clock = clock
        self._rng = rng
        self._lock = threading.Lock()
        self._states: dict[str, bytes] = {}
        self._due: OrderedDict[str, bytes] = OrderedDict()
        """States that are to be said; empty ones take away what the broker keeps."""
        self._waiting: deque[tuple[str, bytes, bool]] = deque()
        self._waiting_bytes = 0
        self._stop = threading.Event()
        self._bell: socket.socket | None = None
        self._reason: ReasonCode | None = None
        self.connected = False
        self.problem = ""
        """Why there is no connection; empty before the first try."""
        self.dropped = 0
        self.connections = 0
        host, port = broker.address
        self.who = f"the MQTT broker {host}:{port}"

    def keep(self, topic: str, payload: bytes) -> None:
        """Say how something is, now and at each connection; empty: it is no more."""
        with self._lock:
            if payload and self._states.get(topic) == payload:
                return
            if payload:
                self._states[topic] = payload
            else:
                self._states.pop(topic, None)
            self._due.pop(topic, None)
            self._due[topic] = payload
        self._ring()

    def tell(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Say once what happened; with `retain`, the broker keeps it for who comes later."""
        with self._lock:
            self._waiting.append((topic, payload, retain))
            self._waiting_bytes += len(payload)
            while len(self._waiting) > MOST_WAITING or self._waiting_bytes > MOST_WAITING_BYTES:
                self._waiting_bytes -= len(self._waiting.popleft()[1])
                self.dropped += 1
        self._ring()

    def again(self) -> None:
        """Say all states again: somebody has come who does not know them."""
        with self._lock:
            self._due = OrderedDict({**self._due, **self._states})
        self._ring()

    def close(self) -> None:
        """Say what waits, then `offline`, and end `run`."""
        self._stop.set()
        self._ring()

    @property
    def closed(self) -> bool:
        """It was told to end."""
        return self._stop.is_set()

    def pause(self, seconds: float) -> None:
        """Wait so long, or until `close`; blocks its thread."""
        self._clock.wait(self._stop, seconds)

    @property
    def waiting(self) -> int:
        """Messages and states that are not said yet."""
        with self._lock:
            return len(self._waiting) + len(self._due)

    def health(self) -> Health:
        """Degraded while the broker is away: the rest of the product works without it."""
        figures = {"waiting": float(self.waiting), "dropped": float(self.dropped)}
        if self.connected:
            return Health(detail=f"connected to {self.who}", figures=figures)
        detail = self.problem or f"{self.who} is being called"
        return Health(level=HealthLevel.DEGRADED, detail=detail, figures=figures)

    def run(self) -> None:
        """Connect, and again whenever that ends, until `close`; blocks its thread."""
        failures = 0
        while not self._stop.is_set():
            began_s = self._clock.monotonic()
            try:
                self._live()
                return
            except Refused as error:
                self._complain(f"{self.who} refused the connection: {error}")
            except ssl.SSLCertVerificationError as error:
                self._complain(f"{self.who} cannot be trusted: {error.verify_message}")
            except (OSError, UnicodeError) as error:
                self._complain(f"{self.who} cannot be used: {error}")
            finally:
                self.connected = False
            lasted_s = self._clock.monotonic() - began_s
            failures = 1 if lasted_s > LONGEST_PAUSE_S else failures + 1
            self.pause(backoff_s(failures, self._rng, cap_s=LONGEST_PAUSE_S))

    def _live(self) -> None:
        """One connection, until `close`.

        Raises:
            OSError: it was lost, or could not be had.
            Refused: the broker does not want us.
        """
        broker = self._broker
        here, there = socket.socketpair()
        with closing(here), closing(there):
            for end in (here, there):
                end.setblocking(False)
            client = client_of(
                broker.client_id or "",
                login=broker.login,
                tls=broker.trust(),
                timeout_s=broker.timeout_s,
            )
            client.will_set(self._will, OFFLINE, qos=1, retain=True)
            client.on_connect = self._on_connect
            client.on_message = self._on_message
            self._reason = None
            try:
                if not self._connect(client):
                    return
                self._bell = there
                self._greet(client)
                while not self._stop.is_set():
                    self._feed(client)
                    _turn(client, LOOK_S, here)
                self._leave(client)
            finally:
                self._bell = None
                _hang_up(client)

    def _connect(self, client: Client) -> bool:
        """False where it was told to end meanwhile.

        Raises:
            OSError, Refused: as `_live`.
        """
        broker = self._broker
        # paho bounds the handshake of TLS by the keepalive
        client.connect(*broker.address, keepalive=max(KEEPALIVE_S, math.ceil(broker.timeout_s)))
        until_s = self._clock.monotonic() + broker.timeout_s
        while self._reason is None and not self._stop.is_set():
            if self._clock.monotonic() > until_s:
                raise OSError(f"it did not answer within {broker.timeout_s:g} s")
            try:
                _turn(client, 0.1)
            except OSError:
                if self._reason is None:
                    raise
        if self._reason is not None and self._reason.is_failure:
            raise Refused(self._reason)
        return self._reason is not None

    def _greet(self, client: Client) -> None:
        """First hear what is kept there, then say what is."""
        if self._listen:
            client.subscribe([(topic, 1) for topic in self._listen])
        client.publish(self._will, ONLINE, qos=1, retain=True)
        self.again()
        self.connected = True
        self.connections += 1
        log.info("connected to %s", self.who)
        self.problem = ""

    def _feed(self, client: Client) -> None:
        """Hand over what waits, as far as the network takes it."""
        while not client.want_write():
            with self._lock:
                if self._due:
                    topic, payload = self._due.popitem(last=False)
                    retain = True
                elif self._waiting:
                    topic, payload, retain = self._waiting.popleft()
                    self._waiting_bytes -= len(payload)
                else:
                    return
            check(client.publish(topic, payload, qos=0, retain=retain).rc)

    def _leave(self, client: Client) -> None:
        """Say what waits, and goodbye."""
        until_s = self._clock.monotonic() + END_S

        def late() -> bool:
            return self._clock.monotonic() > until_s

        while self.waiting and not late():
            self._feed(client)
            _turn(client, 0.05)
        said = client.publish(self._will, OFFLINE, qos=1, retain=True)
        check(said.rc)
        while not said.is_published() and not late():
            _turn(client, 0.05)
        client.disconnect()

    def _complain(self, sentence: str) -> None:
        """Once for each reason, however often it is tried."""
        if sentence != self.problem:
            log.warning("%s; the rest goes on without it", sentence)
        self.problem = sentence

    def _ring(self) -> None:
        bell = self._bell
        if bell is not None:
            try:
                bell.send(b"!")
            except OSError:
                return  # full, so it is rung; or hung up, so the next connection looks by itself

    def _on_connect(
        self,
        client: Client,
        userdata: object,
        flags: ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        del client, userdata, flags, properties
        self._reason = reason

    def _on_message(self, client: Client, userdata: object, message: MQTTMessage) -> None:
        del client, userdata
        self.heard(message.topic, bytes(message.payload), message.retain)


def _turn(client: Client, within_s: float, bell: socket.socket | None = None) -> None:
    """Wait until there is something to read or write, and do it.

    Raises:
        OSError: the connection is lost.
    """
    connection: Any = client.socket()
    if connection is None:
        raise OSError("the connection was closed")
    poll = select.poll()  # paho's own loop uses select: file numbers below 1024
    poll.register(connection, select.POLLIN | (select.POLLOUT if client.want_write() else 0))
    if bell is not None:
        poll.register(bell, select.POLLIN)
    decrypted = isinstance(connection, ssl.SSLSocket) and connection.pending() > 0
    poll.poll(0 if decrypted else within_s * 1000)
    if bell is not None:
        _empty(bell)
    for step in (client.loop_read, client.loop_write, client.loop_misc):
        check(step())


def _empty(bell: socket.socket) -> None:
    try:
        while bell.recv(4096):
            pass
    except BlockingIOError:
        return


def _hang_up(client: Client) -> None:
    connection: Any = client.socket()
    if connection is not None:
        connection.close()
