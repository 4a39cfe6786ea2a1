"""Browsers are told through a push service that checks who sends and that only they can read it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.servers.push_service import Browser, PushService
from vedette.contracts.errors import (
    DeliveryFailed,
    DeliveryRefused,
    InvalidInput,
    NotFound,
    TooMany,
)
from vedette.contracts.push import PushSubscription
from vedette.notify.embedded import ProductSide
from vedette.notify.push_crypto import MOST_BYTES
from vedette.notify.web_push import WebPushChannel, WebPushConfig, body_of
from vedette.services import browsers as service_of_browsers
from vedette.services.browsers import StoreBrowsers
from vedette.services.in_app import StoreInbox
from vedette.store.store import Store
from vedette.testing.channel_contract import a_notice, opened
from vedette.testing.fakes import FakeClock
from vedette.testing.store_samples import with_places

OTHER_ALERT = "6f2d7c1e-0000-5000-8000-00000000000b"


class Product:
    """A store, the browsers in it, and a channel to them."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        self.browsers = StoreBrowsers(store, b"k" * 32)
        self.inbox = StoreInbox(store, clock)
        self._clock = clock

    def channel(self, **settings: Any) -> WebPushChannel:
        wish = {"contact": "mailto:me@example.org", "allow_private": True, **settings}
        channel = WebPushChannel(WebPushConfig.model_validate(wish), clock=self._clock)
        channel.embed(ProductSide(inbox=self.inbox, browsers=self.browsers))
        return channel

    async def subscribe(self, service: PushService) -> Browser:
        browser, subscribed = service.subscribe()
        await self.browsers.add(PushSubscription.model_validate(subscribed))
        return browser


@pytest.fixture
async def product(tmp_path: Path) -> AsyncIterator[Product]:
    clock = FakeClock()
    store = await with_places(await Store.open(tmp_path / "vedette.db", clock))
    yield Product(store, clock)
    await store.close()


@pytest.fixture
def service() -> Iterator[PushService]:
    with PushService() as service:
        yield service


async def test_a_browser_reads_what_happened_and_knows_who_says_it(
    product: Product, service: PushService
) -> None:
    async with opened(product.channel(ttl_s=600)) as channel:
        service.key = product.browsers.public_key()
        browser = await product.subscribe(service)
        reached = await channel.send(a_notice(severity="critical"))

    (pushed,) = service.pushed
    assert reached == "1 browser"
    assert pushed.browser is browser
    assert pushed.said["title"] == "Person entered yard (Front door)"
    assert pushed.said["tag"] == str(a_notice().alert_id)
    assert pushed.said["link"] == a_notice().link
    assert pushed.said["severity"] == "critical"
    assert (pushed.headers["ttl"], pushed.headers["urgency"]) == ("600", "high")
    assert len(pushed.headers["topic"]) <= 32, "RFC 8030 allows no more"
    assert pushed.claims["sub"] == "mailto:me@example.org"


async def test_a_browser_that_is_gone_is_forgotten_and_the_others_are_told(
    product: Product, service: PushService
) -> None:
    async with opened(product.channel()) as channel:
        gone, there = [await product.subscribe(service) for _ in range(2)]
        gone.gone = True
        reached = await channel.send(a_notice())
        there.gone = True
        with pytest.raises(DeliveryRefused, match="every browser that was subscribed is gone"):
            await channel.send(a_notice(alert_id=OTHER_ALERT))
        with pytest.raises(DeliveryRefused, match="no browser wants to be told"):
            await channel.send(a_notice(alert_id=OTHER_ALERT))

    assert reached == "1 browser"
    assert [pushed.browser for pushed in service.pushed] == [there]
    assert await product.browsers.all() == ()


async def test_who_was_told_is_not_told_again_because_another_was_not(
    product: Product, service: PushService
) -> None:
    async with opened(product.channel()) as channel:
        first, second = [await product.subscribe(service) for _ in range(2)]
        service.busy = {second.path}
        with pytest.raises(DeliveryFailed, match="429") as caught:
            await channel.send(a_notice())
        service.busy = set()
        reached = await channel.send(a_notice())
        await channel.send(a_notice(alert_id=OTHER_ALERT))

    assert caught.value.retry_after_s == 1.0
    assert reached == "2 browsers"
    told = [(pushed.browser, pushed.said["tag"]) for pushed in service.pushed]
    one = str(a_notice().alert_id)
    assert told[:2] == [(first, one), (second, one)]
    assert {browser for browser, tag in told[2:] if tag == OTHER_ALERT} == {first, second}
    assert len(told) == 4


async def test_another_key_than_the_one_they_subscribed_with_is_refused(
    product: Product, service: PushService
) -> None:
    async with opened(product.channel()) as channel:
        service.key = product.browsers.public_key()
        await product.subscribe(service)
        product.browsers.key = b"another" + b"k" * 25
        with pytest.raises(DeliveryRefused, match="answered 400"):
            await channel.send(a_notice())

    assert service.pushed == []


@pytest.mark.parametrize("word", ["word ", "Ünïcode ", "😀", '"\\\n\x00'])
async def test_no_message_is_too_long_for_a_push_service(
    product: Product, service: PushService, word: str
) -> None:
    notice = a_notice(title=word * 100, text=word * 4000, link="https://x.example/" + "a" * 900)
    async with opened(product.channel()) as channel:
        await product.subscribe(service)
        await channel.send(notice)

    assert len(body_of(notice)) <= MOST_BYTES
    assert service.refused == []
    assert service.pushed[0].said["link"] == f"/events/{notice.event_id}"


async def test_without_the_channel_nobody_may_subscribe(
    product: Product, service: PushService
) -> None:
    with pytest.raises(NotFound, match="no channel of type web_push"):
        await product.subscribe(service)

    channel = product.channel(allow_private=False)
    with pytest.raises(InvalidInput, match="begins with https"):
        await product.subscribe(service)
    product.browsers.dismiss()
    with pytest.raises(NotFound, match="no channel of type web_push"):
        product.browsers.public_key()
    await channel.close()


async def test_only_so_many_are_told(
    product: Product, service: PushService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_of_browsers, "MOST", 2)
    async with opened(product.channel()):
        for _ in range(2):
            await product.subscribe(service)
        with pytest.raises(TooMany, match="2 browsers are told already"):
            await product.subscribe(service)
        again = (await product.browsers.all())[0]
        await product.browsers.add(again)

    assert len(await product.browsers.all()) == 2


async def test_a_channel_outside_a_product_says_so() -> None:
    config = WebPushConfig(contact="mailto:me@example.org")
    async with opened(WebPushChannel(config, clock=FakeClock())) as channel:
        with pytest.raises(DeliveryRefused, match="at a running product"):
            await channel.send(a_notice())
