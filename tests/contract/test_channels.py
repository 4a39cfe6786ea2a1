"""Every channel of the catalogue keeps the contract of channels, against real servers."""

import socket
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest

from tests.gateways import KEY as GATEWAY_KEY
from tests.gateways import RunningGateway
from tests.servers.bot_api import TOKEN, BotApi
from tests.servers.chat_space import KEY, ChatSpace
from tests.servers.chat_space import TOKEN as CHAT_TOKEN
from tests.servers.mail_sink import MailSink, tls_for_loopback
from tests.servers.mqtt_broker import MqttBroker
from tests.servers.push_service import Browser, PushService
from tests.servers.web import Heard, Reply, WebServer
from tests.servers.webhook_receiver import WebhookReceiver
from vedette.contracts.push import PushSubscription
from vedette.notify.embedded import Embedded, ProductSide
from vedette.notify.port import Channel, ChannelConfig
from vedette.plugins import registry
from vedette.services.browsers import StoreBrowsers
from vedette.services.in_app import StoreInbox
from vedette.store.store import Store
from vedette.testing.channel_contract import ChannelContract
from vedette.testing.fakes import FakeClock, RecordingChannel
from vedette.testing.store_samples import with_places

PASSWORD = "correct horse battery staple"  # noqa: S105  opens nothing but the sink
SECRET = "0123456789abcdef"  # noqa: S105  known to the receiver here only


def build(**settings: Any) -> Channel:
    """As the product builds it: from settings, through the catalogue."""
    channel: Channel = registry.build("channel", settings, clock=FakeClock())
    return channel


def free_port() -> int:
    """A port of this machine where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        return int(holder.getsockname()[1])


class Taker(WebServer):
    """Takes whatever it gets."""

    def answer(self, request: Heard) -> Reply:
        return Reply()


class TestLogChannel(ChannelContract):
    def make(self) -> Channel:
        return build(type="log")

    def make_unreachable(self) -> None:
        return None


class TestWebhookChannel(ChannelContract):
    secrets = ("a-key-in-the-path", "a-key-in-the-query", "s3cr3t-user", SECRET, "Bearer")

    @pytest.fixture(autouse=True)
    def _server(self) -> Iterator[None]:
        with WebhookReceiver(secret=SECRET) as self.receiver:
            yield

    def make_to(self, port: int) -> Channel:
        return build(
            type="webhook",
            url=f"http://s3cr3t-user:pw@127.0.0.1:{port}/a-key-in-the-path?k=a-key-in-the-query",
            secret=SECRET,
            headers={"X-Token": "Bearer"},
            include_picture=True,
        )

    def make(self) -> Channel:
        return self.make_to(int(self.receiver.url.rpartition(":")[2]))

    def make_unreachable(self) -> Channel:
        return self.make_to(free_port())


class TestEmailChannel(ChannelContract):
    secrets = (PASSWORD,)

    @pytest.fixture(autouse=True)
    def _server(self) -> Iterator[None]:
        with MailSink(login=("vedette", PASSWORD), tls=tls_for_loopback()) as self.sink:
            yield

    def make_to(self, port: int) -> Channel:
        return build(
            type="email",
            host="127.0.0.1",
            port=port,
            security="starttls",
            verify_tls=False,
            username="vedette",
            password=PASSWORD,
            sender="vedette@example.org",
            recipients=["me@example.org"],
        )

    def make(self) -> Channel:
        return self.make_to(self.sink.port)

    def make_unreachable(self) -> Channel:
        return self.make_to(free_port())


class TestTelegramChannel(ChannelContract):
    secrets = (TOKEN, TOKEN.partition(":")[2])

    @pytest.fixture(autouse=True)
    def _server(self) -> Iterator[None]:
        with BotApi() as self.api:
            yield

    def make(self) -> Channel:
        return build(type="telegram", token=TOKEN, chat_ids=[42], base_url=self.api.url)

    def make_unreachable(self) -> Channel:
        url = f"http://127.0.0.1:{free_port()}"
        return build(type="telegram", token=TOKEN, chat_ids=[42], base_url=url)


class TestMqttChannel(ChannelContract):
    secrets = (PASSWORD,)

    @pytest.fixture(autouse=True)
    def _server(self) -> Iterator[None]:
        with MqttBroker(login=("vedette", PASSWORD)) as self.broker:
            yield

    def make_to(self, port: int) -> Channel:
        return build(
            type="mqtt",
            host="127.0.0.1",
            port=port,
            username="vedette",
            password=PASSWORD,
            qos=1,
            include_picture=True,
        )

    def make(self) -> Channel:
        return self.make_to(self.broker.port)

    def make_unreachable(self) -> Channel:
        return self.make_to(free_port())


class TestGchatChannel(ChannelContract):
    secrets = (KEY, CHAT_TOKEN, "a-token")

    @pytest.fixture(autouse=True)
    def _server(self) -> Iterator[None]:
        with ChatSpace() as self.space:
            yield

    def make(self) -> Channel:
        return build(type="gchat", url=self.space.webhook)

    def make_unreachable(self) -> Channel:
        base = f"http://127.0.0.1:{free_port()}/v1/spaces/AAAA/messages"
        return build(type="gchat", url=f"{base}?key={KEY}&token={CHAT_TOKEN}")


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """Of another installation, which tells its own log."""
    channels = "  channels: [{type: log}]"
    with RunningGateway(tmp_path_factory.mktemp("gateway"), channels) as running:
        yield running


class TestGatewayChannel(ChannelContract):
    secrets = (GATEWAY_KEY,)

    @pytest.fixture(autouse=True)
    def _server(self, gateway: RunningGateway) -> None:
        self.port = gateway.port

    def make_to(self, port: int) -> Channel:
        return build(type="gateway", url=f"http://127.0.0.1:{port}", key=GATEWAY_KEY)

    def make(self) -> Channel:
        return self.make_to(self.port)

    def make_unreachable(self) -> Channel:
        return self.make_to(free_port())


class TestAppriseChannel(ChannelContract):
    secrets = ("a-key-in-the-path", "s3cr3t-user", "s3cr3t-password")

    @pytest.fixture(autouse=True)
    def _server(self) -> Iterator[None]:
        with Taker() as self.server:
            yield

    def make_to(self, port: int) -> Channel:
        login = "s3cr3t-user:s3cr3t-password"
        return build(type="apprise", urls=[f"json://{login}@127.0.0.1:{port}/a-key-in-the-path"])

    def make(self) -> Channel:
        return self.make_to(int(self.server.url.rpartition(":")[2]))

    def make_unreachable(self) -> Channel:
        return self.make_to(free_port())


@asynccontextmanager
async def product_side(database: Path) -> AsyncIterator[ProductSide]:
    """Of a product with a store of its own."""
    clock = FakeClock()
    store = await with_places(await Store.open(database, clock))
    try:
        browsers = StoreBrowsers(store, b"k" * 32)
        yield ProductSide(inbox=StoreInbox(store, clock), browsers=browsers)
    finally:
        await store.close()


def embedded(product: ProductSide, **settings: Any) -> Channel:
    channel = build(**settings)
    assert isinstance(channel, Embedded)
    channel.embed(product)
    return channel


class TestInAppChannel(ChannelContract):
    @pytest.fixture(autouse=True)
    async def _store(self, tmp_path: Path) -> AsyncIterator[None]:
        async with product_side(tmp_path / "broken.db") as self.broken:
            with closing(sqlite3.connect(tmp_path / "broken.db")) as database:
                database.execute("drop table inbox")
            async with product_side(tmp_path / "whole.db") as self.product:
                yield

    def make(self) -> Channel:
        return embedded(self.product, type="in_app")

    def make_unreachable(self) -> Channel:
        return embedded(self.broken, type="in_app")


class TestWebPushChannel(ChannelContract):
    @pytest.fixture(autouse=True)
    async def _browsers(self, tmp_path: Path) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            service = stack.enter_context(PushService())
            self.product = await stack.enter_async_context(product_side(tmp_path / "near.db"))
            self.lost = await stack.enter_async_context(product_side(tmp_path / "lost.db"))
            browser, subscribed = service.subscribe()
            away = Browser()
            await self.subscribe(self.product, subscribed)
            endpoint = f"http://127.0.0.1:{free_port()}{away.path}"
            await self.subscribe(self.lost, {"endpoint": endpoint, "keys": away.keys})
            self.secrets = (browser.path, away.path, browser.keys["auth"], away.keys["auth"])
            yield

    async def subscribe(self, product: ProductSide, subscribed: dict[str, Any]) -> None:
        assert isinstance(product.browsers, StoreBrowsers)
        product.browsers.admit(private=True)
        await product.browsers.add(PushSubscription.model_validate(subscribed))

    def make_at(self, product: ProductSide) -> Channel:
        contact = "mailto:me@example.org"
        return embedded(product, type="web_push", contact=contact, allow_private=True)

    def make(self) -> Channel:
        return self.make_at(self.product)

    def make_unreachable(self) -> Channel:
        return self.make_at(self.lost)


class TestRecordingChannel(ChannelContract):
    def make(self) -> Channel:
        return RecordingChannel()

    def make_unreachable(self) -> None:
        return None


@pytest.mark.parametrize("name", registry.names("channel"))
def test_settings_of_a_channel_are_strict_named_and_silent_about_input(name: str) -> None:
    config = registry.load("channel", name).Config

    assert issubclass(config, ChannelConfig)
    assert config.model_config["hide_input_in_errors"]
    assert "id" in config.model_json_schema()["properties"]
