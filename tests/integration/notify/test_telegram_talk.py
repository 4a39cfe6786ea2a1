"""Buttons and commands of Telegram, against a server that speaks the Bot API."""

from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

import pytest

from tests.servers.bot_api import TOKEN, BotApi, no
from vedette.contracts.errors import DeliveryFailed, DeliveryRefused, NotFound, WrongState
from vedette.kit.clock import SystemClock
from vedette.notify.telegram import TelegramChannel, TelegramConfig
from vedette.notify.telegram_api import BotApi as Api
from vedette.notify.telegram_talk import HELP, TelegramTalk, buttons
from vedette.testing.channel_contract import JPEG, a_notice

ALERT = UUID("6f2d7c1e-0000-4000-8000-000000000001")
STRANGER = "666"


class House:
    """What people may do, noted."""

    def __init__(self) -> None:
        self.done: list[tuple[Any, ...]] = []
        self.trouble: Exception | None = None

    async def acknowledge(self, alert_id: UUID, by: str) -> str:
        if self.trouble:
            raise self.trouble
        self.done.append(("acknowledge", alert_id, by))
        return "Acknowledged: Person in yard"

    async def mute(self, alert_id: UUID, lasts_s: float, by: str) -> str:
        self.done.append(("mute", alert_id, lasts_s, by))
        return "Muted"

    async def status(self) -> str:
        return "yard: online\ngate: lost"

    async def snapshot(self, camera_id: str) -> bytes:
        if camera_id == "gate":
            raise NotFound("camera gate has shown no picture yet")
        return JPEG

    async def switch(self, camera_id: str, *, on: bool, by: str) -> str:
        self.done.append(("switch", camera_id, on, by))
        return f"{camera_id} is to look"

    def cameras(self) -> Sequence[str]:
        return ["yard", "gate"]


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def server() -> Any:
    with BotApi(chats=("42", "43", STRANGER)) as server:
        yield server


@pytest.fixture
async def talk(server: BotApi, house: House) -> AsyncIterator[TelegramTalk]:
    clock = SystemClock()
    api = Api(TOKEN, server.url, clock=clock, timeout_s=5.0, verify_tls=True, proxy=None)
    yield TelegramTalk(api, ("42", "43"), house, clock)
    await api.close()


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("/status", "yard: online\ngate: lost"),
        ("/status@our_bot", "yard: online\ngate: lost"),
        ("/cameras", "yard\ngate"),
        ("/off yard", "yard is to look"),
        ("/off", "say which camera: yard, gate"),
        ("/off cellar", "say which camera: yard, gate"),
        ("/snapshot gate", "camera gate has shown no picture yet"),
        ("/help", HELP),
        ("/dance", HELP),
    ],
)
async def test_commands_are_answered(
    server: BotApi, talk: TelegramTalk, text: str, answer: str
) -> None:
    server.writes(text)
    await talk.listen_once(1)

    assert [(each.chat_id, each.text) for each in server.sent] == [("42", answer)]


async def test_a_camera_is_switched_by_who_said_so(
    server: BotApi, talk: TelegramTalk, house: House
) -> None:
    server.writes("/off yard")
    server.writes("/on yard", chat="43")
    await talk.listen_once(1)

    assert house.done == [
        ("switch", "yard", False, "ada (Telegram)"),
        ("switch", "yard", True, "ada (Telegram)"),
    ]


async def test_a_snapshot_is_a_picture(server: BotApi, talk: TelegramTalk) -> None:
    server.writes("/snapshot yard")
    await talk.listen_once(1)

    assert [each.photo for each in server.sent] == [JPEG]


async def test_buttons_acknowledge_and_mute(
    server: BotApi, talk: TelegramTalk, house: House
) -> None:
    for row in buttons(ALERT)["inline_keyboard"]:
        for button in row:
            server.presses(button["callback_data"])
    await talk.listen_once(1)

    assert house.done == [
        ("acknowledge", ALERT, "Ada (Telegram)"),
        ("mute", ALERT, 3600.0, "Ada (Telegram)"),
    ]
    assert server.replies == ["Acknowledged: Person in yard", "Muted"]


async def test_what_cannot_be_done_is_the_answer(
    server: BotApi, talk: TelegramTalk, house: House
) -> None:
    house.trouble = WrongState("alert 1 is resolved; it can be acknowledged while it is raised")
    server.presses(f"ack:{ALERT.hex}")
    await talk.listen_once(1)

    assert server.replies == [str(house.trouble)]


@pytest.mark.parametrize(
    "data", ["", "ack", "ack:zz", "mute:" + ALERT.hex, "drop:" + ALERT.hex, "mute:x:y", "ack:" * 9]
)
async def test_buttons_that_are_none_of_ours_do_nothing(
    server: BotApi, talk: TelegramTalk, house: House, data: str
) -> None:
    server.presses(data)
    await talk.listen_once(1)

    assert house.done == []
    assert server.replies == ["that button is not one of ours"]


async def test_strangers_are_refused_and_told_so_once(
    server: BotApi, talk: TelegramTalk, house: House
) -> None:
    for text in ("/off yard", "/status", "/snapshot yard"):
        server.writes(text, chat=STRANGER)
    server.presses(f"ack:{ALERT.hex}", chat=STRANGER)
    await talk.listen_once(1)

    assert house.done == []
    assert [(each.chat_id, each.text) for each in server.sent] == [
        (STRANGER, "This bot does not obey this chat.")
    ]
    assert server.replies == ["This bot does not obey this chat."]


async def test_what_was_written_while_nobody_listened_is_not_done_later(
    server: BotApi, talk: TelegramTalk, house: House
) -> None:
    server.writes("/off yard", ago_s=300)
    await talk.listen_once(1)

    assert (house.done, server.sent) == ([], [])


async def test_everything_is_done_once(server: BotApi, talk: TelegramTalk, house: House) -> None:
    server.writes("/off yard")
    await talk.listen_once(1)
    await talk.listen_once(0)
    server.writes("/on yard")
    await talk.listen_once(1)

    assert [each[2] for each in house.done] == [False, True]


@pytest.mark.parametrize(
    "update",
    [
        {},
        {"message": 5},
        {"message": {}},
        {"message": {"text": ["/off"], "chat": 5}},
        {"message": {"text": "/off yard", "chat": {"id": 42}}},  # no date
        {"message": {"text": "/off yard", "chat": {"id": 42}, "date": "now"}},
        {"message": {"text": "hello", "chat": {"id": 42}, "date": 1}},
        {"edited_message": {"text": "/off yard"}},
        {"callback_query": []},
    ],
)
async def test_nonsense_is_left_out_and_what_follows_is_done(
    server: BotApi, talk: TelegramTalk, house: House, update: dict[str, Any]
) -> None:
    server.tells(update)
    server.writes("/status")
    await talk.listen_once(1)

    assert house.done == []
    assert [each.text for each in server.sent] == ["yard: online\ngate: lost"]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (no(401, "Unauthorized"), DeliveryRefused),
        (no(409, "Conflict: terminated by other getUpdates request"), DeliveryRefused),
        (no(429, "Too Many Requests", retry_after=3), DeliveryFailed),
        (no(502, "Bad Gateway"), DeliveryFailed),
    ],
)
async def test_a_far_end_that_says_no_is_an_error_to_try_again(
    house: House, reply: Any, error: type[Exception]
) -> None:
    with BotApi(first=[reply]) as server:
        clock = SystemClock()
        api = Api(TOKEN, server.url, clock=clock, timeout_s=5.0, verify_tls=True, proxy=None)
        talk = TelegramTalk(api, ("42",), house, clock)
        with pytest.raises(error):
            await talk.listen_once(0)
        server.writes("/status")
        await talk.listen_once(1)
        await api.close()

    assert len(server.sent) == 1


async def test_the_buttons_of_an_escalation_are_about_the_alert_itself() -> None:
    with BotApi() as server:
        config = TelegramConfig.model_validate(
            {"token": TOKEN, "chat_ids": [42], "base_url": server.url, "answers": True}
        )
        channel = TelegramChannel(config, clock=SystemClock())
        await channel.send(a_notice(escalates=ALERT))
        await channel.close()

    assert server.sent[0].buttons[0] == f"ack:{ALERT.hex}"


@pytest.mark.parametrize("answers", [True, False])
async def test_alerts_have_buttons_where_answers_are_wanted(answers: bool) -> None:
    with BotApi() as server:
        config = TelegramConfig.model_validate(
            {"token": TOKEN, "chat_ids": [42], "base_url": server.url, "answers": answers}
        )
        channel = TelegramChannel(config, clock=SystemClock())
        plain, drawn = a_notice(picture=None), a_notice(alert_id=ALERT)
        await channel.send(plain)
        await channel.send(drawn)
        await channel.close()

    assert channel.hears is answers
    assert [len(each.buttons) for each in server.sent] == ([2, 2] if answers else [0, 0])
    if answers:
        assert server.sent[1].buttons[0] == f"ack:{ALERT.hex}"
