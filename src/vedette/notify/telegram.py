"""Tells Telegram chats through the Bot API: the picture with a caption, or a message; then a video.

The Bot API knows no idempotency key. Within one run a retry leaves out the chats that have the
alert; after a crash between sending and noting, a chat may get the same alert twice.
"""

import json
import logging
from html import escape
from typing import Any
from uuid import UUID

from pydantic import Field, HttpUrl, SecretStr, field_validator

from vedette.contracts.errors import DeliveryFailed, DeliveryRefused
from vedette.contracts.notice import Notice, Video
from vedette.kit.clock import Clock
from vedette.notify.hands import Hands
from vedette.notify.plain import body_of
from vedette.notify.port import FollowUpConfig
from vedette.notify.reached import Reached
from vedette.notify.telegram_api import BotApi, details, judge_for, message_number
from vedette.notify.telegram_talk import TelegramTalk, buttons

log = logging.getLogger(__name__)

CAPTION_LIMIT = 1024
MESSAGE_LIMIT = 4096
"""Characters (UTF-16 code units) after entities are parsed, as the Bot API counts."""

PICTURE_LIMIT_BYTES = 10_000_000
VIDEO_LIMIT_BYTES = 50_000_000
SLOWEST_BYTES_S = 600_000.0
"""A video may take as long as it needs at this rate beyond the usual time."""


class TelegramConfig(FollowUpConfig):
    """Settings of the Telegram channel."""

    token: SecretStr = Field(description="Of the bot, from @BotFather: `123456:ABC-DEF...`.")
    chat_ids: tuple[int | str, ...] = Field(
        min_length=1, description="Numbers of chats, or `@name` of public channels."
    )
    base_url: HttpUrl = Field(
        default=HttpUrl("https://api.telegram.org"), description="For a Bot API server of your own."
    )
    answers: bool = Field(
        default=False,
        description="Buttons under alerts, and commands (/status, /snapshot, /on, /off), for these "
        "chats alone. Only one Vedette may use the bot then.",
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
        self._api = BotApi(
            config.token.get_secret_value(),
            str(config.base_url),
            clock=clock,
            timeout_s=config.timeout_s,
            verify_tls=config.verify_tls,
            proxy=str(config.proxy) if config.proxy else None,
        )

    @property
    def hears(self) -> bool:
        """Buttons and commands are wanted."""
        return self._config.answers

    async def hear(self, hands: Hands) -> None:
        """See `Hearing`."""
        chats = tuple(str(chat) for chat in self._config.chat_ids)
        await TelegramTalk(self._api, chats, hands, self._clock).run()

    async def send(self, notice: Notice) -> str:
        chats = tuple(str(chat) for chat in self._config.chat_ids)
        refusals: dict[str, DeliveryRefused] = {}
        failure: DeliveryFailed | None = None
        for chat in self._reached.missing(notice.alert_id, chats):
            try:
                message = await self._send_to(chat, notice)
            except DeliveryRefused as refused:
                log.warning("%s", refused)
                refusals[chat] = refused
            except DeliveryFailed as failed:
                failure = failed
            else:
                self._reached.add(notice.alert_id, chat, message)
        if failure is not None:
            raise failure
        if len(refusals) == len(chats):
            raise next(iter(refusals.values()))
        told = ", ".join(
            self._named(notice.alert_id, chat) for chat in chats if chat not in refusals
        )
        return f"chats {told}" + (f"; refused by {', '.join(refusals)}" if refusals else "")

    def _named(self, alert_id: UUID, chat: str) -> str:
        """A chat, and what Telegram calls the message in it."""
        number = self._reached.message(alert_id, chat)
        return chat if number is None else f"{chat} (message {number})"

    async def close(self) -> None:
        await self._api.close()

    async def _send_to(self, chat: str, notice: Notice) -> int | None:
        """The number of the message that it became; None where that is not said."""
        if notice.video is not None:
            return await self._send_video(chat, notice, notice.video)
        if notice.picture is None or len(notice.picture) > PICTURE_LIMIT_BYTES:
            return await self._send_message(chat, notice)
        answer = await self._api.call(
            "sendPhoto",
            data={**self._common(chat, notice), "caption": html_of(notice, CAPTION_LIMIT)},
            files={"photo": (f"{notice.event_id}.jpg", notice.picture, "image/jpeg")},
        )
        if answer.status in {400, 413}:  # perhaps the picture: the words must arrive anyway
            log.warning("Telegram refused a picture (%s); sending text", details(answer)[0])
            return await self._send_message(chat, notice)
        judge_for(answer, chat)
        return message_number(answer)

    async def _send_video(self, chat: str, notice: Notice, video: Video) -> int | None:
        if len(video.content) > VIDEO_LIMIT_BYTES:
            raise DeliveryRefused(f"a video of {len(video.content)} bytes: Telegram takes 50 MB")
        moves = video.media_type == "image/gif"
        method, name = ("sendAnimation", "animation") if moves else ("sendVideo", "video")
        file = f"{notice.event_id}.{'gif' if moves else 'mp4'}"
        answer = await self._api.call(
            method,
            longer_s=len(video.content) / SLOWEST_BYTES_S,
            data={
                "chat_id": chat,
                "parse_mode": "HTML",
                "caption": html_of(notice, CAPTION_LIMIT),
                "width": video.width,
                "height": video.height,
                "duration": round(video.duration_s),
                **({} if moves else {"supports_streaming": "true"}),
                **self._answering(chat, notice),
            },
            files={name: (file, video.content, video.media_type)},
        )
        judge_for(answer, chat)
        return message_number(answer)

    def _answering(self, chat: str, notice: Notice) -> dict[str, str]:
        """Below the message that it follows, where that is known still."""
        if notice.follow_up is None:
            return {}
        first = self._reached.message(notice.follow_up.alert_id, chat)
        if first is None:
            return {}
        reply = {"message_id": first, "allow_sending_without_reply": True}
        return {"reply_parameters": json.dumps(reply)}

    async def _send_message(self, chat: str, notice: Notice) -> int | None:
        answer = await self._api.call(
            "sendMessage",
            json={
                **self._common(chat, notice),
                "text": html_of(notice, MESSAGE_LIMIT),
                "link_preview_options": {"is_disabled": True},
            },
        )
        judge_for(answer, chat)
        return message_number(answer)

    def _common(self, chat: str, notice: Notice) -> dict[str, Any]:
        common: dict[str, Any] = {"chat_id": chat, "parse_mode": "HTML"}
        if self._config.answers:  # multipart forms hold text alone, so it is text everywhere
            common["reply_markup"] = json.dumps(buttons(notice.escalates or notice.alert_id))
        return common


def html_of(notice: Notice, limit: int) -> str:
    """Title in bold, text, link: escaped, and at most `limit` UTF-16 units once parsed."""
    title = shorten(notice.title, limit)
    left = limit - _units(title) - 1
    if notice.link and _units(notice.link) + 1 < left:
        left -= _units(notice.link) + 1
        link = f"\n{escape(notice.link)}"
    else:
        link = ""
    places = ""
    for place in notice.links:
        if (needed := _units(place.text) + 1) < left:
            left -= needed
            places += f'\n<a href="{escape(place.url)}">{escape(place.text)}</a>'
    text = shorten(body_of(notice, links=False), left)
    return f"<b>{escape(title)}</b>" + (f"\n{escape(text)}" if text else "") + places + link


def shorten(text: str, units: int) -> str:
    """At most `units` UTF-16 units, with an ellipsis where something was cut."""
    if _units(text) <= units:
        return text
    cut = text.encode("utf-16-le")[: max(0, units - 1) * 2].decode("utf-16-le", errors="ignore")
    return f"{cut}…" if units > 0 else ""


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
