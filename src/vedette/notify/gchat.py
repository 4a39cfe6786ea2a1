"""Tells a space of Google Chat through one of its webhooks: cards, or plain text.

A webhook can show pictures only from public addresses, so the picture stays here and the button
leads to the event. `requestId` is that of the alert: Chat keeps a message sent twice as one.
"""

import json
from typing import Literal

import httpx2
from pydantic import Field, SecretStr, field_validator

from vedette.contracts.notice import Notice
from vedette.kit.clock import Clock
from vedette.notify.gchat_cards import cards_of, text_of
from vedette.notify.http import Answer, judge, make_client, post
from vedette.notify.port import ChannelConfig

_NEEDED = (
    "a webhook of a space is https://chat.googleapis.com/v1/spaces/.../messages?key=...&token="
)
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class GchatConfig(ChannelConfig):
    """Settings of the Google Chat channel."""

    url: SecretStr = Field(description="The webhook's address, with its key and token.")
    mode: Literal["cards", "text"] = Field(
        default="cards", description="Cards with buttons, or plain text."
    )
    buttons_per_card: int = Field(
        default=6, ge=1, le=20, description="More links go on with another card."
    )
    timeout_s: float = Field(default=10.0, gt=0.0, le=60.0)
    proxy: str | None = Field(default=None, repr=False, pattern=r"^https?://\S+$")

    @field_validator("url")
    @classmethod
    def _url(cls, url: SecretStr) -> SecretStr:
        try:
            real = httpx2.URL(url.get_secret_value())
        except httpx2.InvalidURL:
            real = httpx2.URL("")
        safe = real.scheme == "https" or (real.scheme == "http" and real.host in _LOOPBACK)
        if not safe or not {"key", "token"} <= set(real.params):
            raise ValueError(_NEEDED)
        return url


class GchatChannel:
    """Posts to one space."""

    Config = GchatConfig

    def __init__(self, config: GchatConfig, *, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        real = httpx2.URL(config.url.get_secret_value())
        self._origin = str(real.copy_with(raw_path=b"/", fragment=None))
        self._who = f"Google Chat ({real.host})"
        self._client = make_client(
            lambda known: real.copy_merge_params(known.params),
            verify_tls=True,
            proxy=config.proxy,
        )

    async def send(self, notice: Notice) -> str:
        cards = self._config.mode == "cards" if notice.card is None else notice.card
        each = self._config.buttons_per_card
        message = cards_of(notice, each) if cards else text_of(notice)
        answer = await post(
            self._client,
            f"{self._origin}?requestId={notice.alert_id}",
            who=self._who,
            timeout_s=self._config.timeout_s,
            now=self._clock.now(),
            json=message,
        )
        judge(answer, self._who, _said(answer))
        return self._who + (f", {name}" if (name := _name(answer)) else "")

    async def close(self) -> None:
        await self._client.aclose()


def _name(answer: Answer) -> str:
    """What Chat calls the message, `spaces/AAA/messages/BBB`; empty where it does not say so."""
    try:
        name = json.loads(answer.body)["name"]
    except (ValueError, KeyError, TypeError):
        return ""
    return name[:200] if isinstance(name, str) else ""


def _said(answer: Answer) -> str:
    """Chat's own words about an error."""
    try:
        return str(json.loads(answer.body)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return ""
