"""A real MQTT broker (amqtt) in a thread of its own; it keeps all, and can demand a login."""

import asyncio
import gc
import socket
import threading
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import trustme
from amqtt.broker import Broker
from amqtt.contexts import BrokerConfig, ListenerConfig
from amqtt.plugins.base import BaseAuthPlugin

READY_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One message as it came in."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    client_id: str
    user: str | None


class Doorkeeper(BaseAuthPlugin):  # type: ignore[misc]  # it has no types
    """Lets in who knows the login, and writes down what they publish."""

    brokers: ClassVar[dict[int, "MqttBroker"]] = {}
    """By port: amqtt makes its plug-ins itself, from their names."""

    @dataclass
    class Config:
        port: int = 0

    async def authenticate(self, *, session: Any) -> bool:
        broker = self.brokers[self.config.port]
        broker.users[str(session.client_id)] = session.username
        return broker.login is None or broker.login == (session.username, session.password)

    async def on_broker_message_received(self, *, client_id: str, message: Any) -> None:
        broker = self.brokers[self.config.port]
        broker.heard.append(
            Published(
                topic=message.topic,
                payload=bytes(message.data),
                qos=message.qos,
                retain=bool(message.publish_packet.retain_flag),
                client_id=client_id,
                user=broker.users.get(client_id),
            )
        )


class MqttBroker:
    """Use as a context manager."""

    def __init__(
        self, *, login: tuple[str, str] | None = None, tls_in: Path | None = None, port: int = 0
    ) -> None:
        """Prepare it.

        Args:
            tls_in: a folder for its certificate, whose authority is `ca_file`; no TLS where absent.
            port: a free one where 0.
        """
        self.login = login
        self.heard: list[Published] = []
        self.users: dict[str, str | None] = {}
        self.port = port or free_port()
        self.ca_file = None if tls_in is None else tls_in / "ca.pem"
        self._listener = ListenerConfig(bind=f"127.0.0.1:{self.port}")
        if tls_in is not None and self.ca_file is not None:
            authority = trustme.CA()
            authority.cert_pem.write_to_path(str(self.ca_file))
            authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(
                str(tls_in / "server.pem")
            )
            both = tls_in / "server.pem"
            self._listener = ListenerConfig(
                bind=f"127.0.0.1:{self.port}", ssl=True, certfile=both, keyfile=both
            )
        self._ready = threading.Event()
        self._stop: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self) -> Self:
        Doorkeeper.brokers[self.port] = self
        self._thread.start()
        assert self._ready.wait(READY_S), "the broker did not start"
        return self

    def __exit__(self, *_: object) -> None:
        assert self._loop is not None
        assert self._stop is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(READY_S)
        assert not self._thread.is_alive(), "the broker did not end"
        with warnings.catch_warnings():  # amqtt forgets connections that end while it does
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        plugin = f"{Doorkeeper.__module__}.{Doorkeeper.__qualname__}"
        broker = Broker(
            BrokerConfig(
                listeners={"default": self._listener}, plugins={plugin: {"port": self.port}}
            )
        )
        await broker.start()
        self._ready.set()
        await self._stop.wait()
        await broker.shutdown()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        return int(holder.getsockname()[1])
