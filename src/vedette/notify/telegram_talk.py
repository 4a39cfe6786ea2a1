"""What people write to the bot, and the buttons that they press: answered, or refused to strangers.

Only the chats of the settings are obeyed. What was written while nobody listened is not done later:
whoever wanted a camera off an hour ago has found another way.
"""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from vedette.contracts.errors import InvalidInput, VedetteError
from vedette.kit.clock import Clock
from vedette.notify.hands import Hands
from vedette.notify.telegram_api import BotApi, judge_for, result_of

log = logging.getLogger(__name__)

POLL_S = 25
"""How long the far end waits for something to tell."""
TOO_OLD_S = 120.0
MOST_STRANGERS = 100
MOST_TEXT = 4000

HELP = """/status - how the cameras are
/snapshot CAMERA - its latest picture
/on CAMERA, /off CAMERA - look for objects there, or only show and record
/cameras - their names"""

ACKNOWLEDGE, MUTE = "ack", "mute"
MUTE_S = 3600


def buttons(alert_id: UUID) -> dict[str, Any]:
    """What stands under an alert; at most 64 bytes of data each, as the Bot API demands."""
    pressed = [
        {"text": "Acknowledge", "callback_data": f"{ACKNOWLEDGE}:{alert_id.hex}"},
        {"text": "Mute 1 h", "callback_data": f"{MUTE}:{alert_id.hex}:{MUTE_S}"},
    ]
    return {"inline_keyboard": [pressed]}


class TelegramTalk:
    """Listens for one bot; only one process may."""

    def __init__(self, api: BotApi, chats: tuple[str, ...], hands: Hands, clock: Clock) -> None:
        self._api = api
        self._chats = frozenset(chats)
        self._hands = hands
        self._clock = clock
        self._offset = 0
        self._strangers: set[str] = set()

    async def run(self) -> None:
        """Listen until cancelled.

        Raises:
            DeliveryFailed, DeliveryRefused: the Bot API cannot be asked now.
        """
        while True:
            await self.listen_once(POLL_S)

    async def listen_once(self, wait_s: int) -> None:
        """Do what came since the last time; wait so long for something to come."""
        wanted = {
            "offset": self._offset,
            "timeout": wait_s,
            "allowed_updates": ["message", "callback_query"],
        }
        answer = await self._api.call("getUpdates", longer_s=float(wait_s), json=wanted)
        judge_for(answer, "(any)")
        updates = result_of(answer)
        for update in updates if isinstance(updates, list) else []:
            if isinstance(update, dict) and isinstance(update.get("update_id"), int):
                self._offset = max(self._offset, update["update_id"] + 1)
                await self._take(update)

    async def _take(self, update: dict[str, Any]) -> None:
        """One thing that somebody did; what is no such thing is left out."""
        pressed, message = _part(update, "callback_query"), _part(update, "message")
        if pressed:
            await self._press(pressed)
        elif message:
            await self._read(message)

    async def _press(self, pressed: dict[str, Any]) -> None:
        chat = _chat(_part(pressed, "message"))
        if self._is_strange(chat):
            await self._reply_to_press(pressed, "This bot does not obey this chat.")
            return
        said = await self._answer(lambda: self._do(str(pressed.get("data", "")), _name(pressed)))
        await self._reply_to_press(pressed, said[:200])

    async def _do(self, data: str, by: str) -> str:
        deed, _, rest = data.partition(":")
        alert, _, lasts = rest.partition(":")
        try:
            alert_id, lasts_s = UUID(hex=alert), float(lasts or 0)
        except ValueError as error:
            raise InvalidInput("that button is not one of ours") from error
        if deed == ACKNOWLEDGE:
            return await self._hands.acknowledge(alert_id, by)
        if deed == MUTE and lasts_s > 0:
            return await self._hands.mute(alert_id, lasts_s, by)
        raise InvalidInput("that button is not one of ours")

    async def _reply_to_press(self, pressed: dict[str, Any], text: str) -> None:
        answer = {"callback_query_id": str(pressed.get("id", "")), "text": text}
        await self._api.call("answerCallbackQuery", json=answer)

    async def _read(self, message: dict[str, Any]) -> None:
        text, chat = message.get("text"), _chat(message)
        if not isinstance(text, str) or not text.startswith("/") or self._is_old(message):
            return
        if self._is_strange(chat):
            if chat not in self._strangers and len(self._strangers) < MOST_STRANGERS:
                self._strangers.add(chat)
                log.warning("Telegram: chat %s is not in chat_ids, and is not obeyed", chat)
                await self._say(chat, "This bot does not obey this chat.")
            return
        words = text.split()
        command, about = words[0].partition("@")[0].lower(), " ".join(words[1:])
        if command == "/snapshot":
            await self._show(chat, about)
            return
        said = await self._answer(lambda: self._command(command, about, _name(message)))
        await self._say(chat, said)

    async def _command(self, command: str, about: str, by: str) -> str:
        match command:
            case "/status":
                return await self._hands.status()
            case "/cameras":
                return "\n".join(self._hands.cameras()) or "there is no camera"
            case "/on" | "/off":
                return await self._hands.switch(self._camera(about), on=command == "/on", by=by)
        return HELP

    def _camera(self, about: str) -> str:
        """The camera that is meant: the only one there is, where none is named."""
        there = self._hands.cameras()
        if not about and len(there) == 1:
            return there[0]
        if about not in there:
            raise InvalidInput(f"say which camera: {', '.join(there)}")
        return about

    async def _show(self, chat: str, about: str) -> None:
        try:
            picture = await self._hands.snapshot(self._camera(about))
        except VedetteError as error:
            await self._say(chat, str(error))
            return
        files = {"photo": ("snapshot.jpg", picture, "image/jpeg")}
        judge_for(await self._api.call("sendPhoto", data={"chat_id": chat}, files=files), chat)

    async def _say(self, chat: str, text: str) -> None:
        await self._api.call("sendMessage", json={"chat_id": chat, "text": text[:MOST_TEXT]})

    async def _answer(self, work: Callable[[], Awaitable[str]]) -> str:
        """What came of it, in words."""
        try:
            return await work()
        except VedetteError as error:
            return str(error)

    def _is_strange(self, chat: str) -> bool:
        return chat not in self._chats

    def _is_old(self, message: dict[str, Any]) -> bool:
        written = message.get("date")
        if not isinstance(written, int | float):
            return True
        now: datetime = self._clock.now()
        return abs(now.timestamp() - written) > TOO_OLD_S


def _part(of: dict[str, Any], name: str) -> dict[str, Any]:
    part = of.get(name)
    return part if isinstance(part, dict) else {}


def _chat(message: dict[str, Any]) -> str:
    """Its number, or `@name` where it is known by that."""
    return str(_part(message, "chat").get("id", ""))


def _name(of: dict[str, Any]) -> str:
    """Who did it, as the log shows it."""
    sender = _part(of, "from")
    name = sender.get("username") or sender.get("first_name") or sender.get("id") or "somebody"
    return f"{name} (Telegram)"[:100]
