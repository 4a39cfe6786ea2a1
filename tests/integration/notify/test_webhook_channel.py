"""The webhook against a receiver that checks, fails, asks for patience, redirects, or hangs."""

import hashlib
import json
from base64 import b64decode
from typing import Any

import pytest

from tests.servers.black_hole import BlackHole
from tests.servers.web import Reply
from tests.servers.webhook_receiver import WebhookReceiver
from vedette.contracts.errors import DeliveryFailed, DeliveryRefused
from vedette.notify.webhook import WebhookChannel, WebhookConfig
from vedette.testing.channel_contract import JPEG, a_notice, opened
from vedette.testing.fakes import FakeClock

SECRET = "0123456789abcdef"  # noqa: S105  known to the receiver here only


def channel_to(url: str, **settings: Any) -> WebhookChannel:
    config = WebhookConfig.model_validate({"url": url, **settings})
    return WebhookChannel(config, clock=FakeClock())


async def test_the_message_says_what_happened_and_is_signed() -> None:
    with WebhookReceiver(secret=SECRET) as receiver:
        async with opened(channel_to(f"{receiver.url}/hook?k=1", secret=SECRET)) as channel:
            reached = await channel.send(a_notice())

    [request] = receiver.heard
    [message] = receiver.messages.values()
    assert reached == "the webhook at 127.0.0.1"
    assert request.path == "/hook?k=1"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["idempotency-key"] == message["id"] == str(a_notice().alert_id)
    assert message["title"] == "Person entered yard (Front door)"
    assert message["event"]["id"] == str(a_notice().event_id)
    assert message["event"]["zone_id"] == "yard"
    assert message["event"]["numbers"] == {"dwell_s": 3.5}
    assert message["event"]["at"] == "2026-11-21T14:03:22Z"
    assert message["link"] == a_notice().link
    assert message["picture_base64"] is None


async def test_a_wrong_secret_is_refused_by_the_receiver() -> None:
    with WebhookReceiver(secret="another secret here") as receiver:  # noqa: S106
        async with opened(channel_to(receiver.url, secret=SECRET)) as channel:
            with pytest.raises(DeliveryRefused, match="answered 401"):
                await channel.send(a_notice())


async def test_the_picture_travels_where_it_is_wanted() -> None:
    with WebhookReceiver() as receiver:
        async with opened(channel_to(receiver.url, include_picture=True)) as channel:
            await channel.send(a_notice())

    [message] = receiver.messages.values()
    assert b64decode(message["picture_base64"]) == JPEG
    assert message["picture_media_type"] == "image/jpeg"


async def test_a_repeat_has_the_same_body_and_id() -> None:
    with WebhookReceiver(first=[500]) as receiver:
        async with opened(channel_to(receiver.url)) as channel:
            with pytest.raises(DeliveryFailed):
                await channel.send(a_notice())
            await channel.send(a_notice())

    first, second = receiver.heard
    assert hashlib.sha256(first.body).digest() == hashlib.sha256(second.body).digest()
    assert json.loads(second.body)["id"] == str(a_notice().alert_id)


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (301, DeliveryRefused, "; redirects are not followed"),
        (308, DeliveryRefused, "; redirects are not followed"),
        (400, DeliveryRefused, "$"),
        (404, DeliveryRefused, "$"),
        (410, DeliveryRefused, "$"),
        (408, DeliveryFailed, "$"),
        (425, DeliveryFailed, "$"),
        (429, DeliveryFailed, "$"),
        (500, DeliveryFailed, "$"),
        (503, DeliveryFailed, "$"),
    ],
)
async def test_only_some_answers_are_worth_another_try(
    status: int, error: type[Exception], words: str
) -> None:
    reply = Reply(status=status, headers={"Location": "http://127.0.0.1:1/"})
    with WebhookReceiver(first=[reply]) as receiver:
        async with opened(channel_to(receiver.url)) as channel:
            with pytest.raises(error, match=f"at 127.0.0.1 answered {status}{words}"):
                await channel.send(a_notice())

        assert len(receiver.heard) == 1  # no redirect was followed


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_every_2xx_is_success(status: int) -> None:
    with WebhookReceiver(first=[status]) as receiver:
        async with opened(channel_to(receiver.url)) as channel:
            assert await channel.send(a_notice())


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        ("Thu, 01 Jan 2026 00:02:00 GMT", 120.0),
        ("Wed, 31 Dec 2025 00:00:00 GMT", 0.0),
        ("soon", None),
    ],
)
async def test_retry_after_is_understood(header: str, seconds: float | None) -> None:
    reply = Reply(status=429, headers={"Retry-After": header})
    with WebhookReceiver(first=[reply]) as receiver:
        async with opened(channel_to(receiver.url)) as channel:
            with pytest.raises(DeliveryFailed) as caught:
                await channel.send(a_notice())

    assert caught.value.retry_after_s == seconds


async def test_a_receiver_that_hangs_is_given_up_in_time() -> None:
    with BlackHole() as hole:
        url = f"http://127.0.0.1:{hole.port}/"
        async with opened(channel_to(url, timeout_s=0.2)) as channel:
            with pytest.raises(DeliveryFailed, match=r"did not answer within 0\.2 s"):
                await channel.send(a_notice())


async def test_an_answer_without_end_is_not_read() -> None:
    reply = Reply(status=200, body=b"x" * 100_000, promised_bytes=10**12)
    with WebhookReceiver(first=[reply]) as receiver:
        async with opened(channel_to(receiver.url)) as channel:
            assert await channel.send(a_notice())


async def test_credentials_of_the_url_and_own_headers_are_sent() -> None:
    with WebhookReceiver() as receiver:
        url = receiver.url.replace("://", "://user:p%40ss@")
        settings = {"headers": {"Authorization-Extra": "Bearer abc"}}
        async with opened(channel_to(url, **settings)) as channel:
            await channel.send(a_notice())

    [request] = receiver.heard
    assert request.headers["authorization"] == "Basic dXNlcjpwQHNz"
    assert request.headers["authorization-extra"] == "Bearer abc"
