"""Tells Telegram chats through the Bot API: the picture with a caption, or a message.

The Bot API knows no idempotency key. Within one run a retry leaves out the chats that have the
alert; after a crash between sending and noting, a chat may get the same alert twice.
"""

import json
import logging
from html import escape
from typing import Any

import httpx2
from pydantic import Field, HttpUrl, SecretStr, field_validator

from vedette.contracts.errors import DeliveryFailed, DeliveryRefused
from vedette.contracts.notice import Notice
from vedette.kit.clock import Clock
from vedette.notify.http import Answer, judge, make_client, post
from vedette.notify.port import ChannelConfig
from vedette.notify.reached import Reached

log = logging.getLogger(__name__)

CAPTION_LIMIT = 1024
MESSAGE_LIMIT = 4096
"""Characters (UTF-16 code units) after entities are parsed, as the Bot API counts."""

PICTURE_LIMIT_BYTES = 10_000_000


class TelegramConfig(ChannelConfig):
    """Settings of the Telegram channel."""

    token: SecretStr = Field(description="Of the bot, from @BotFather: `123456:ABC-DEF...`.")
    chat_ids: tuple[int | str, ...] = Field(
        min_length=1, description="Numbers of chats, or `@name` of public channels."
    )
    base_url: HttpUrl = Field(
        default=HttpUrl("https://api.telegram.org"), description="For a Bot API server of your own."
    )
    timeout_s: float = Field(default=20.0, gt=0.0, le=120.0)
    verify_tls: bool = True
    proxy: HttpUrl | None = Field(default=None, repr=False)

    @field_validator("token")
    @classmethod
    def _token(cls, token: SecretStr) -> SecretStr:
        number, colon, key = token.get_secret_value().partition(":")
        plain = key.replace("-", "").replace("_", "")
        if not (number.isdecimal() and colon and plain.isascii() and plain.isalnum()):
            raise ValueError("a bot token is a number, a colon, and letters, digits, `-` or `_`")
        return token

    @field_validator("chat_ids")
    @classmethod
    def _chats(cls, chats: tuple[int | str, ...]) -> tuple[int | str, ...]:
        for chat in chats:
            text = str(chat)
            if not (text.removeprefix("-").isdecimal() or (text[:1] == "@" and len(text) > 1)):
                raise ValueError(f"chat {text!r}: use a number, or `@name` of a public channel")
        return chats


class TelegramChannel:
    """Sends to each chat; a chat that refuses for good does not keep the alert from the others."""

    Config = TelegramConfig

    def __init__(self, config: TelegramConfig, *, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._reached = Reached()
        self._base = str(config.base_url).rstrip("/")
        base_path = httpx2.URL(self._base).path.rstrip("/")
        secret_path = f"{base_path}/bot{config.token.get_secret_value()}"

        def real(known: httpx2.URL) -> httpx2.URL:
            return known.copy_with(path=secret_path + known.path.removeprefix(base_path))

        self._client = make_client(
            real,
            verify_tls=config.verify_tls,
            proxy=str(config.proxy) if config.proxy else None,
        )

    async def send(self, notice: Notice) -> str:
        chats = tuple(str(chat) for chat in self._config.chat_ids)
        refusals: dict[str, DeliveryRefused] = {}
        failure: DeliveryFailed | None = None
        for chat in self._reached.missing(notice.alert_id, chats):
            try:
                await self._send_to(chat, notice)
            except DeliveryRefused as refused:
                log.warning("%s", refused)
                refusals[chat] = refused
            except DeliveryFailed as failed:
                failure = failed
            else:
                self._reached.add(notice.alert_id, chat)
        if failure is not None:
            raise failure
        if len(refusals) == len(chats):
            raise next(iter(refusals.values()))
        told = ", ".join(chat for chat in chats if chat not in refusals)
        return f"chats {told}" + (f"; refused by {', '.join(refusals)}" if refusals else "")

    async def close(self) -> None:
        await self._client.aclose()

    async def _send_to(self, chat: str, notice: Notice) -> None:
        if notice.picture is None or len(notice.picture) > PICTURE_LIMIT_BYTES:
            await self._send_message(chat, notice)
            return
        answer = await self._call(
            "sendPhoto",
            data={**_common(chat), "caption": html_of(notice, CAPTION_LIMIT)},
            files={"photo": (f"{notice.event_id}.jpg", notice.picture, "image/jpeg")},
        )
        if answer.status in {400, 413}:  # perhaps the picture: the words must arrive anyway
            log.warning("Telegram refused a picture (%s); sending text", _details(answer)[0])
            await self._send_message(chat, notice)
            return
        self._judge(answer, chat)

    async def _send_message(self, chat: str, notice: Notice) -> None:
        answer = await self._call(
            "sendMessage",
            json={
                **_common(chat),
                "text": html_of(notice, MESSAGE_LIMIT),
                "link_preview_options": {"is_disabled": True},
            },
        )
        self._judge(answer, chat)

    async def _call(self, method: str, **content: Any) -> Answer:
        return await post(
            self._client,
            f"{self._base}/{method}",
            who="the Telegram Bot API",
            timeout_s=self._config.timeout_s,
            now=self._clock.now(),
            **content,
        )

    def _judge(self, answer: Answer, chat: str) -> None:
        description, parameters = _details(answer)
        if answer.status in {401, 404}:
            raise DeliveryRefused(
                f"the Telegram Bot API does not know the bot token ({answer.status}); "
                "check the token that @BotFather gave"
            )
        if isinstance(moved := parameters.get("migrate_to_chat_id"), int):
            raise DeliveryRefused(f"Telegram chat {chat} became {moved}; set chat_ids to that")
        wait_s = parameters.get("retry_after")
        if answer.status == 429 and isinstance(wait_s, (int, float)):
            raise DeliveryFailed(
                f"the Telegram Bot API asks to wait {wait_s:g} s", retry_after_s=float(wait_s)
            )
        judge(answer, f"Telegram for chat {chat}", description)


def html_of(notice: Notice, limit: int) -> str:
    """Title in bold, text, link: escaped, and at most `limit` UTF-16 units once parsed."""
    title = shorten(notice.title, limit)
    left = limit - _units(title) - 1
    if notice.link and _units(notice.link) + 1 < left:
        left -= _units(notice.link) + 1
        link = f"\n{escape(notice.link)}"
    else:
        link = ""
    text = shorten(notice.text, left)
    return f"<b>{escape(title)}</b>" + (f"\n{escape(text)}" if text else "") + link


def shorten(text: str, units: int) -> str:
    """At most `units` UTF-16 units, with an ellipsis where something was cut."""
    if _units(text) <= units:
        return text
    cut = text.encode("utf-16-le")[: max(0, units - 1) * 2].decode("utf-16-le", errors="ignore")
    return f"{cut}…" if units > 0 else ""


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _common(chat: str) -> dict[str, Any]:
    return {"chat_id": chat, "parse_mode": "HTML"}


def _details(answer: Answer) -> tuple[str, dict[str, Any]]:
    """`description` and `parameters` of an answer that says no."""
    try:
        said = json.loads(answer.body)
    except ValueError:
        return "", {}
    if not isinstance(said, dict):
        return "", {}
    parameters = said.get("parameters")
    return str(said.get("description", "")), parameters if isinstance(parameters, dict) else {}
