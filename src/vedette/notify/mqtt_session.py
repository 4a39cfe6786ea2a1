"""One connection to an MQTT broker: opened, some messages sent, closed.

paho does the protocol; the waiting is ours, because its own loop uses `select`, which knows the
first 1024 open files of a process only, and because whatever happens the socket is to be closed.
"""

import math
import select
import ssl
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, Self

from paho.mqtt.client import Client, ConnectFlags, error_string
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

LOOK_S = 0.05
"""Between two looks whether somebody gave up, where the broker is silent."""
LOOKS = 20
"""So long a broker may be silent about the connection before what is to be forgotten is sent."""

_UNAVAILABLE = 136
"""CONNACK: the server is there and cannot serve now; every other refusal is for good."""


class Refused(Exception):
    """The broker does not want us."""

    def __init__(self, reason: ReasonCode) -> None:
        super().__init__(str(reason))
        self.for_good = reason.value != _UNAVAILABLE


class Closing(ssl.SSLSocket):
    """Closed where the far end is not trusted: paho forgets it then."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


def client_of(
    client_id: str,
    *,
    login: tuple[str, str | None] | None,
    tls: ssl.SSLContext | None,
    timeout_s: float,
) -> Client:
    """A client that never connects again by itself, and leaves nothing open where it is refused."""
    client = Client(CallbackAPIVersion.VERSION2, client_id=client_id, reconnect_on_failure=False)
    client.connect_timeout = timeout_s
    if login is not None:
        client.username_pw_set(*login)
    if tls is not None:
        tls.sslsocket_class = Closing
        client.tls_set_context(tls)
    return client


class Session:
    """Use as a context manager, in a thread: its calls wait."""

    def __init__(
        self,
        address: tuple[str, int],
        *,
        client_id: str,
        login: tuple[str, str | None] | None,
        tls: ssl.SSLContext | None,
        qos: int,
        timeout_s: float,
        given_up: threading.Event,
    ) -> None:
        """Prepare it.

        Args:
            qos: 1 waits for the broker's word at each step; 0 only for its refusal, a second.
            timeout_s: for the connection, and for its encryption.
            given_up: set by who waits for it no more; every later wait ends at once.
        """
        self._address = address
        self._qos = qos
        self._keepalive_s = math.ceil(timeout_s)  # paho's bound of the TLS handshake, too
        self._given_up = given_up
        self._reason: ReasonCode | None = None
        self._client = client_of(client_id, login=login, tls=tls, timeout_s=timeout_s)
        self._client.on_connect = self._on_connect

    def __enter__(self) -> Self:
        """Connect.

        Raises:
            OSError: the broker cannot be reached, is not trusted, or hung up.
            Refused: it does not want us.
        """
        with ExitStack() as undo:
            undo.callback(self._close)
            self._client.connect(*self._address, keepalive=self._keepalive_s)
            self._until(lambda: self._reason is not None, looks=None if self._qos else LOOKS)
            if self._reason is not None and self._reason.is_failure:
                raise Refused(self._reason)
            undo.pop_all()
        return self

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> None:
        """Send one message, and wait until it is out, or confirmed.

        Raises:
            OSError: the connection was lost before.
        """
        sent = self._client.publish(topic, payload, qos=self._qos, retain=retain)
        check(sent.rc)
        self._until(sent.is_published)

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._close()

    def _until(self, done: Callable[[], bool], *, looks: int | None = None) -> None:
        """Talk until something is done, or the broker was silent for some looks."""
        while not done() and looks != 0:
            connection: Any = self._client.socket()
            if connection is None or self._given_up.is_set():
                raise OSError("the connection was closed")
            poll = select.poll()
            poll.register(
                connection, select.POLLIN | (select.POLLOUT if self._client.want_write() else 0)
            )
            if not poll.poll(LOOK_S * 1000) and looks is not None:
                looks -= 1
            for step in (self._client.loop_read, self._client.loop_write, self._client.loop_misc):
                code = step()
                if not done():
                    check(code)

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

    def _close(self) -> None:
        connection: Any = self._client.socket()
        if connection is not None:
            connection.close()


def check(code: MQTTErrorCode) -> None:
    """Nothing for success.

    Raises:
        OSError: something else.
    """
    if code is not MQTTErrorCode.MQTT_ERR_SUCCESS:
        raise OSError(error_string(code))
