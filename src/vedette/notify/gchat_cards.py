"""A notice as messages of Google Chat: text, or cards of version 2, within what Chat takes.

A summary is the sentence; a list (the twenty busiest cameras) has a line for each item; links are
buttons, so many a card: what is more goes on with another card.
"""

import json
from html import escape
from typing import Any

from vedette.contracts.event import Severity
from vedette.contracts.notice import Link, Notice
from vedette.notify.plain import body_of, where_and_when

TEXT_LIMIT = 4096
"""Characters of a text message."""
MOST_BYTES = 32_000
"""Of a message, as JSON."""

MARKS = {Severity.INFO: "", Severity.WARNING: "\u26a0\ufe0f ", Severity.CRITICAL: "\U0001f6a8 "}
"""Before the title: a warning sign, a siren."""


def text_of(notice: Notice) -> dict[str, Any]:
    """One message of text. `<` begins a link or a mention there, so none of ours is left."""
    words = f"*{_plain(notice.title)}*\n{_plain(body_of(notice))}"
    link = f"\n{notice.link}" if notice.link else ""
    mark = MARKS[notice.severity]
    return {"text": mark + words[: TEXT_LIMIT - len(mark) - len(link)] + link}


def cards_of(notice: Notice, buttons_per_card: int) -> dict[str, Any]:
    """Title, place and time, the sentence, the items; then buttons. As many links as there is room
    for."""
    links = list(notice.links)
    while True:
        left_out = len(notice.links) - len(links)
        message = _message(notice, links, left_out, buttons_per_card)
        if not links or len(json.dumps(message)) <= MOST_BYTES:
            return message
        links.pop()


def _message(notice: Notice, links: list[Link], left_out: int, each: int) -> dict[str, Any]:
    buttons = [_button(link.text, link.url) for link in links]
    if notice.link:
        buttons.insert(0, _button("Open the event", notice.link))
    widgets = [{"textParagraph": {"text": words}} for words in _paragraphs(notice, left_out)]
    header = {
        "title": (MARKS[notice.severity] + notice.title)[:200],
        "subtitle": where_and_when(notice),
    }
    groups = [buttons[begin : begin + each] for begin in range(0, len(buttons), each)]
    first = [*widgets, *(_button_list(group) for group in groups[:1])]
    cards = [(header, first or [{"textParagraph": {"text": " "}}])]
    for number, group in enumerate(groups[1:], start=2):
        title = f"{notice.title[:180]} ({number} of {len(groups)})"
        cards.append(({"title": title, "subtitle": header["subtitle"]}, [_button_list(group)]))
    return {
        "cardsV2": [
            {
                "cardId": str(notice.alert_id) + (f"-{number}" if number > 1 else ""),
                "card": {"header": head, "sections": [{"widgets": shown}]},
            }
            for number, (head, shown) in enumerate(cards, start=1)
        ]
    }


def _paragraphs(notice: Notice, left_out: int) -> list[str]:
    found = [escape(notice.text[:TEXT_LIMIT], quote=False)] if notice.text else []
    if notice.items:
        found.append("<br>".join(f"\u2022 {escape(item, quote=False)}" for item in notice.items))
    if left_out:
        found.append(f"and {left_out} more links")
    return found


def _button(text: str, url: str) -> dict[str, Any]:
    return {"text": text, "onClick": {"openLink": {"url": url}}}


def _button_list(buttons: list[dict[str, Any]]) -> dict[str, Any]:
    return {"buttonList": {"buttons": buttons}}


def _plain(text: str) -> str:
    return text.replace("<", "\u2039").replace("*", "\u2217")
