"""The Telegram channel against a server that speaks the Bot API."""

import json
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from tests.servers.black_hole import BlackHole
from tests.servers.bot_api import TOKEN, BotApi, no
from tests.servers.web import Reply
from vedette.contracts.errors import DeliveryFailed, DeliveryRefused
from vedette.contracts.notice import Notice, Video, VideoKind
from vedette.notify.telegram import VIDEO_LIMIT_BYTES, TelegramChannel, TelegramConfig
from vedette.services.follow_ups import followed_up
from vedette.testing.channel_contract import JPEG, NASTY, a_notice, opened
from vedette.testing.fakes import FakeClock


def channel_to(url: str, **settings: Any) -> TelegramChannel:
    values = {"token": TOKEN, "chat_ids": [42], "base_url": url, **settings}
    return TelegramChannel(TelegramConfig.model_validate(values), clock=FakeClock())


async def test_the_photo_arrives_with_its_caption() -> None:
    with BotApi() as api:
        async with opened(channel_to(api.url)) as channel:
            assert await channel.send(a_notice()) == "chats 42 (message 1)"

    [sent] = api.sent
    notice = a_notice()
    assert sent.photo == JPEG
    assert sent.text == f"{notice.title}\n{notice.text}\n{notice.link}"


async def test_without_a_picture_a_message_arrives() -> None:
    with BotApi() as api:
        async with opened(channel_to(api.url)) as channel:
            await channel.send(a_notice(picture=None))

    assert api.sent[0].photo is None
    assert api.heard[0].path.endswith("/sendMessage")


CLIP = Video(
    content=b"\0\0\0\x18ftypisom", media_type="video/mp4", width=768, height=576, duration_s=7.6
)
GIF = Video(content=b"GIF89a", media_type="image/gif", width=320, height=240, duration_s=3.0)


def brought(video: Video, kind: VideoKind = VideoKind.CLIP) -> Notice:
    """What brings the video of `a_notice()`."""
    return followed_up(a_notice(), kind).model_copy(update={"video": video})


async def test_the_clip_arrives_as_an_answer_to_its_picture() -> None:
    with BotApi(chats=("42", "43")) as api:
        async with opened(channel_to(api.url, chat_ids=[42, 43], follow_up="clip")) as channel:
            await channel.send(a_notice())
            await channel.send(a_notice(alert_id=uuid4()))
            told = await channel.send(brought(CLIP))

    video = api.sent[4]
    assert told == "chats 42 (message 5), 43 (message 6)"
    assert (video.method, video.video, video.photo) == ("sendVideo", CLIP.content, None)
    assert [(each.chat_id, each.replies_to) for each in api.sent[4:]] == [("42", 1), ("43", 2)]
    assert video.text == f"{a_notice().title}\n{a_notice().link}"
    size = [video.about[name] for name in ("width", "height", "duration", "supports_streaming")]
    assert size == ["768", "576", "8", "true"]


async def test_an_animation_plays_by_itself() -> None:
    with BotApi() as api:
        async with opened(channel_to(api.url, follow_up="animation")) as channel:
            await channel.send(brought(GIF, VideoKind.ANIMATION))

    [sent] = api.sent
    assert (sent.method, sent.video, sent.replies_to) == ("sendAnimation", GIF.content, None)
    assert sent.buttons == ()


async def test_a_film_whose_first_message_was_deleted_comes_alone() -> None:
    with BotApi() as api:
        async with opened(channel_to(api.url, follow_up="clip")) as channel:
            await channel.send(a_notice())
            api.sent[0] = replace(api.sent[0], chat_id="elsewhere")
            await channel.send(brought(CLIP))

    assert api.sent[1].replies_to is None


async def test_a_film_that_is_too_long_is_refused_before_it_travels() -> None:
    long = CLIP.model_copy(update={"content": bytes(VIDEO_LIMIT_BYTES + 1)})
    with BotApi() as api:
        async with opened(channel_to(api.url, follow_up="clip")) as channel:
            with pytest.raises(DeliveryRefused, match="Telegram takes 50 MB"):
                await channel.send(brought(long))

    assert api.heard == []


async def test_markup_in_names_arrives_as_text() -> None:
    with BotApi() as api:
        async with opened(channel_to(api.url)) as channel:
            await channel.send(a_notice(title="<b>Yard & 'garden'</b>", text=NASTY))

    assert api.sent[0].text.startswith("<b>Yard & 'garden'</b>\nÜnïcode <b>&")


@pytest.mark.parametrize("letter", ["a", "😀", "&"])
async def test_a_long_text_is_cut_to_the_limit_and_keeps_the_link(letter: str) -> None:
    with BotApi() as api:
        async with opened(channel_to(api.url)) as channel:
            await channel.send(a_notice(text=letter * 3000))

    [sent] = api.sent
    assert sent.photo == JPEG
    assert 1022 <= len(sent.text.encode("utf-16-le")) // 2 <= 1024
    assert sent.text.endswith(f"…\n{a_notice().link}")


async def test_a_picture_that_telegram_cannot_read_does_not_keep_the_words_back() -> None:
    with BotApi(photos_work=False) as api:
        async with opened(channel_to(api.url)) as channel:
            await channel.send(a_notice())

    [sent] = api.sent
    assert (sent.photo, sent.text.splitlines()[0]) == (None, a_notice().title)


async def test_too_many_requests_says_how_long_to_wait() -> None:
    busy = no(429, "Too Many Requests: retry after 7", retry_after=7)
    with BotApi(first=[busy]) as api:
        async with opened(channel_to(api.url)) as channel:
            with pytest.raises(DeliveryFailed) as caught:
                await channel.send(a_notice())
            assert caught.value.retry_after_s == 7.0
            await channel.send(a_notice())

    assert len(api.sent) == 1


@pytest.mark.parametrize("token", ["123456:another-token", "654321:test-token_of-the_bot"])
async def test_a_wrong_token_is_refused_and_not_repeated_in_the_error(token: str) -> None:
    with BotApi() as api:
        async with opened(channel_to(api.url, token=token)) as channel:
            with pytest.raises(DeliveryRefused, match="does not know the bot token") as caught:
                await channel.send(a_notice())

    assert token not in str(caught.value)


async def test_an_unknown_chat_is_refused() -> None:
    with BotApi() as api:
        async with opened(channel_to(api.url, chat_ids=[43])) as channel:
            with pytest.raises(DeliveryRefused, match=r"chat 43 answered 400: .*chat not found"):
                await channel.send(a_notice())


async def test_a_chat_that_moved_is_named() -> None:
    moved = no(400, "group chat was upgraded", migrate_to_chat_id=-1001)
    with BotApi(first=[moved, moved]) as api:
        async with opened(channel_to(api.url)) as channel:
            with pytest.raises(DeliveryRefused, match="chat 42 became -1001"):
                await channel.send(a_notice())


async def test_a_chat_that_blocked_the_bot_keeps_nothing_from_the_others() -> None:
    with BotApi(chats=["1", "3"], blocked=["2"]) as api:
        async with opened(channel_to(api.url, chat_ids=[1, 2, "3"])) as channel:
            assert (
                await channel.send(a_notice()) == "chats 1 (message 1), 3 (message 2); refused by 2"
            )

    assert [sent.chat_id for sent in api.sent] == ["1", "3"]


async def test_a_retry_leaves_out_the_chats_that_have_it() -> None:
    fine = Reply(body=json.dumps({"ok": True, "result": {}}).encode())
    with BotApi(chats=["1", "2"], first=[fine, no(500, "Internal Server Error")]) as api:
        async with opened(channel_to(api.url, chat_ids=[1, 2])) as channel:
            with pytest.raises(DeliveryFailed, match="chat 2 answered 500"):
                await channel.send(a_notice())
            await channel.send(a_notice())

    assert [sent.chat_id for sent in api.sent] == ["2"]


async def test_an_answer_that_is_no_json_is_a_failure_by_its_status() -> None:
    with BotApi(first=[Reply(status=502, body=b"<html>Bad Gateway</html>")]) as api:
        async with opened(channel_to(api.url)) as channel:
            with pytest.raises(DeliveryFailed, match="answered 502"):
                await channel.send(a_notice())


async def test_a_server_that_hangs_is_given_up_in_time() -> None:
    with BlackHole() as hole:
        url = f"http://127.0.0.1:{hole.port}"
        async with opened(channel_to(url, timeout_s=0.2)) as channel:
            with pytest.raises(DeliveryFailed, match=r"did not answer within 0\.2 s"):
                await channel.send(a_notice())


async def test_a_bot_api_behind_a_path_works() -> None:
    with BotApi() as api:
        async with opened(channel_to(f"{api.url}/proxy/")) as channel:
            with pytest.raises(DeliveryRefused):
                await channel.send(a_notice())

    assert api.heard[0].path == f"/proxy/bot{TOKEN}/sendPhoto"
