"""The Google Chat channel against a space that checks token, shape and size."""

from typing import Any

import pytest
from pydantic import ValidationError

from tests.servers.black_hole import BlackHole
from tests.servers.chat_space import KEY, TOKEN, ChatSpace
from tests.servers.web import Reply
from vedette.contracts.errors import DeliveryFailed, DeliveryRefused
from vedette.notify.gchat import GchatChannel, GchatConfig
from vedette.testing.channel_contract import a_notice, opened
from vedette.testing.fakes import FakeClock


def channel_to(url: str, **settings: Any) -> GchatChannel:
    config = GchatConfig.model_validate({"url": url, **settings})
    return GchatChannel(config, clock=FakeClock())


async def sent(*notices: Any, **settings: Any) -> list[dict[str, Any]]:
    with ChatSpace() as space:
        async with opened(channel_to(space.webhook, **settings)) as channel:
            for notice in notices:
                assert (
                    await channel.send(notice) == "Google Chat (127.0.0.1), spaces/AAAA/messages/1"
                )
    return list(space.messages.values())


async def test_a_card_says_what_where_and_when_and_leads_to_the_event() -> None:
    [message] = await sent(a_notice(text="A <b>person</b> & a dog."))

    [card] = [each["card"] for each in message["cardsV2"]]
    words, buttons = card["sections"][0]["widgets"]
    assert card["header"]["title"] == "\u26a0\ufe0f Person entered yard (Front door)"
    assert card["header"]["subtitle"] == "front_door, 2026-11-21 14:03:22 UTC"
    assert words["textParagraph"]["text"] == "A &lt;b&gt;person&lt;/b&gt; &amp; a dog."
    [button] = buttons["buttonList"]["buttons"]
    assert button["onClick"]["openLink"]["url"] == a_notice().link


async def test_without_a_link_there_is_no_button() -> None:
    [message] = await sent(a_notice(link=None))

    assert len(message["cardsV2"][0]["card"]["sections"][0]["widgets"]) == 1


async def test_text_mentions_nobody_and_keeps_its_link_however_long_it_is() -> None:
    [message] = await sent(a_notice(text="<users/all> " * 1000), mode="text")

    assert "<" not in message["text"]
    assert message["text"].endswith(f"\n{a_notice().link}")
    assert message["text"].startswith("\u26a0\ufe0f *Person entered yard (Front door)*\n")


async def test_the_same_alert_again_is_one_message() -> None:
    assert len(await sent(a_notice(), a_notice())) == 1


@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        (Reply(status=429, headers={"Retry-After": "7"}), DeliveryFailed, "answered 429"),
        (Reply(status=503), DeliveryFailed, "answered 503"),
        (Reply(status=403), DeliveryRefused, "answered 403"),
    ],
)
async def test_only_some_answers_are_worth_another_try(
    reply: Reply, error: type[Exception], words: str
) -> None:
    with ChatSpace(reply) as space:
        async with opened(channel_to(space.webhook)) as channel:
            with pytest.raises(error, match=words) as caught:
                await channel.send(a_notice())

    assert getattr(caught.value, "retry_after_s", None) == (7.0 if reply.status == 429 else None)


async def test_chats_own_words_are_passed_on() -> None:
    with ChatSpace() as space:
        wrong = space.webhook.replace(KEY, "another")
        async with opened(channel_to(wrong)) as channel:
            with pytest.raises(DeliveryRefused, match="401: The caller does not have permission"):
                await channel.send(a_notice())


async def test_silence_is_given_up_in_time() -> None:
    with BlackHole() as hole:
        url = f"http://127.0.0.1:{hole.port}/v1/spaces/AAAA/messages?key={KEY}&token={TOKEN}"
        async with opened(channel_to(url, timeout_s=0.2)) as channel:
            with pytest.raises(DeliveryFailed, match=r"did not answer within 0\.2 s"):
                await channel.send(a_notice())


@pytest.mark.parametrize(
    "url",
    [
        "https://chat.googleapis.com/v1/spaces/AAAA/messages?key=a-secret",
        "http://chat.googleapis.com/v1/spaces/AAAA/messages?key=a-secret&token=a-secret",
        "file:///a-secret?key=1&token=2",
        "a-secret",
    ],
)
def test_what_is_no_webhook_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValidationError, match="a webhook of a space is https://chat") as caught:
        channel_to(url)

    assert "a-secret" not in str(caught.value)
