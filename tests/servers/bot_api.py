"""A Telegram Bot API server, small: messages, photos, buttons, commands, with the real answers."""

import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import HTTP
from html.parser import HTMLParser
from typing import Any

from tests.servers.web import Heard, Reply, WebServer

TOKEN = "123456:test-token_of-the_bot"  # noqa: S105  opens nothing but this server
CAPTION_LIMIT = 1024
MESSAGE_LIMIT = 4096
VIDEO_LIMIT_BYTES = 50 * 1024 * 1024
_TAGS = {"b", "strong", "i", "em", "u", "s", "a", "code", "pre", "blockquote"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A message that a chat has."""

    chat_id: str
    text: str
    """As the chat shows it: without markup."""
    photo: bytes | None
    buttons: tuple[str, ...] = ()
    """Data of the buttons under it."""
    video: bytes | None = None
    """A video, or an animation."""
    method: str = ""
    about: dict[str, Any] = field(default_factory=dict)
    """The other fields, as they came."""
    replies_to: int | None = None
    """Number of the message that it answers, which is one of this chat."""


class _Text(HTMLParser):
    """Reads `parse_mode=HTML` as strictly as the Bot API."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag not in _TAGS:
            raise ValueError(f'Unsupported start tag "{tag}"')
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            raise ValueError(f'Unexpected end tag "{tag}"')

    def handle_data(self, data: str) -> None:
        self.text += data

    def read(self, html: str) -> str:
        self.feed(html)
        self.close()
        if self._open:
            raise ValueError(f'Can\'t find end tag corresponding to start tag "{self._open[-1]}"')
        return self.text


class BotApi(WebServer):
    """Knows one bot and the chats given; `first` are replies before it works properly."""

    def __init__(
        self,
        *,
        token: str = TOKEN,
        chats: Sequence[str] = ("42",),
        blocked: Sequence[str] = (),
        first: Sequence[Reply] = (),
        photos_work: bool = True,
    ) -> None:
        super().__init__()
        self._token = token
        self._chats = set(chats)
        self._blocked = set(blocked)
        self._first = list(first)
        self._photos_work = photos_work
        self.sent: list[Sent] = []
        self.replies: list[str] = []
        """What presses of buttons were answered."""
        self._updates: list[dict[str, Any]] = []
        self._asked = threading.Condition()

    def writes(self, text: str, *, chat: str = "42", ago_s: float = 0.0) -> None:
        """Somebody writes to the bot."""
        message = {
            "message_id": 1,
            "from": {"id": 7, "first_name": "Ada", "username": "ada"},
            "chat": {"id": int(chat), "type": "private"},
            "date": int(time.time() - ago_s),
            "text": text,
        }
        self._happens({"message": message})

    def presses(self, data: str, *, chat: str = "42") -> None:
        """Somebody presses a button."""
        pressed = {
            "id": "press-1",
            "from": {"id": 7, "first_name": "Ada"},
            "message": {"message_id": 1, "chat": {"id": int(chat), "type": "private"}},
            "data": data,
        }
        self._happens({"callback_query": pressed})

    def tells(self, update: Any) -> None:
        """Anything at all."""
        self._happens(update)

    def _happens(self, update: dict[str, Any]) -> None:
        with self._asked:
            number = 1000 + len(self._updates)
            self._updates.append({"update_id": number, **update})
            self._asked.notify_all()

    def _told(self, fields: dict[str, Any]) -> Reply:
        """Long polling: what is not confirmed yet, or what comes within the time."""
        since, until_s = int(fields.get("offset", 0)), min(float(fields.get("timeout", 0)), 2.0)

        def waiting() -> list[dict[str, Any]]:
            return [each for each in self._updates if each["update_id"] >= since]

        with self._asked:
            self._asked.wait_for(waiting, timeout=until_s)
            return Reply(body=json.dumps({"ok": True, "result": waiting()}).encode())

    def answer(self, request: Heard) -> Reply:
        prefix, _, method = request.path.rpartition("/")
        if prefix != f"/bot{self._token}":
            return no(401, "Unauthorized")
        if self._first:
            return self._first.pop(0)
        fields, files = read_form(request)
        match method:
            case "sendMessage":
                reply = self._keep(fields, "text", MESSAGE_LIMIT, None)
            case "sendPhoto":
                reply = self._photo(fields, files.get("photo"))
            case "sendVideo" | "sendAnimation":
                reply = self._video(method, fields, files)
            case "getUpdates":
                reply = self._told(fields)
            case "answerCallbackQuery":
                self.replies.append(str(fields.get("text", "")))
                reply = Reply(body=b'{"ok": true, "result": true}')
            case _:
                reply = no(404, "Not Found")
        return reply

    def hear(self, request: Heard) -> Reply:
        try:
            return super().hear(request)
        except (ValueError, TypeError, KeyError) as error:
            return no(400, f"Bad Request: can't parse reply keyboard markup: {error}")

    def _photo(self, fields: dict[str, Any], photo: bytes | None) -> Reply:
        if photo is None:
            return no(400, "Bad Request: there is no photo in the request")
        if not self._photos_work or not photo.startswith(b"\xff\xd8"):
            return no(400, "Bad Request: IMAGE_PROCESS_FAILED")
        return self._keep(fields, "caption", CAPTION_LIMIT, photo)

    def _video(self, method: str, fields: dict[str, Any], files: dict[str, bytes]) -> Reply:
        video = files.get(method.removeprefix("send").lower())
        if video is None:
            return no(400, "Bad Request: there is no video in the request")
        if len(video) > VIDEO_LIMIT_BYTES:
            return no(413, "Request Entity Too Large")
        for name in ("width", "height", "duration"):
            int(fields.get(name, 0))
        return self._keep(fields, "caption", CAPTION_LIMIT, None, video=video, method=method)

    def _answered(self, fields: dict[str, Any], chat: str) -> int | None:
        """Which message of the chat is answered. Raises ValueError where there is none."""
        if "reply_parameters" not in fields:
            return None
        wish = json.loads(fields["reply_parameters"])
        number = int(wish["message_id"])
        if 1 <= number <= len(self.sent) and self.sent[number - 1].chat_id == chat:
            return number
        if wish.get("allow_sending_without_reply"):
            return None
        raise ValueError("message to be replied not found")

    def _keep(
        self,
        fields: dict[str, Any],
        name: str,
        limit: int,
        photo: bytes | None,
        *,
        video: bytes | None = None,
        method: str = "",
    ) -> Reply:
        chat, text = str(fields.get("chat_id", "")), str(fields.get(name, ""))
        if chat in self._blocked:
            return no(403, "Forbidden: bot was blocked by the user")
        if chat not in self._chats:
            return no(400, "Bad Request: chat not found")
        if fields.get("parse_mode") == "HTML":
            try:
                text = _Text().read(text)
            except ValueError as error:
                return no(400, f"Bad Request: can't parse entities: {error}")
        if len(text.encode("utf-16-le")) // 2 > limit:
            return no(400, f"Bad Request: message {name} is too long")
        if photo is None and video is None and not text:
            return no(400, "Bad Request: message text is empty")
        pressed = _buttons(fields.get("reply_markup"))
        self.sent.append(
            Sent(
                chat_id=chat,
                text=text,
                photo=photo,
                buttons=pressed,
                video=video,
                method=method,
                about=fields,
                replies_to=self._answered(fields, chat),
            )
        )
        result = {"message_id": len(self.sent), "chat": {"id": chat}, name: text}
        return Reply(body=json.dumps({"ok": True, "result": result}).encode())


def _buttons(markup: Any) -> tuple[str, ...]:
    """The data of an inline keyboard, each at most 64 bytes."""
    if markup is None:
        return ()
    keyboard = json.loads(markup) if isinstance(markup, str) else markup
    data = [str(button["callback_data"]) for row in keyboard["inline_keyboard"] for button in row]
    if any(not 1 <= len(each.encode()) <= 64 for each in data):
        raise ValueError("BUTTON_DATA_INVALID")
    return tuple(data)


def no(status: int, description: str, **parameters: Any) -> Reply:
    """An answer that says no, such as `no(429, "Too Many Requests", retry_after=7)`."""
    body = {"ok": False, "error_code": status, "description": description}
    if parameters:
        body["parameters"] = parameters
    return Reply(status=status, body=json.dumps(body).encode())


def read_form(request: Heard) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Fields and files of a JSON or multipart body."""
    kind = request.headers.get("content-type", "")
    if kind.startswith("application/json"):
        return json.loads(request.body), {}
    message = message_from_bytes(
        b"Content-Type: " + kind.encode() + b"\r\n\r\n" + request.body, policy=HTTP
    )
    fields: dict[str, Any] = {}
    files: dict[str, bytes] = {}
    for part in message.iter_parts():
        name = str(part.get_param("name", header="content-disposition"))
        data = part.get_payload(decode=True)
        content = data if isinstance(data, bytes) else b""
        if part.get_filename():
            files[name] = content
        else:
            fields[name] = content.decode()
    return fields, files
