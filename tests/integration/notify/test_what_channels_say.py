"""Lists and links on every channel, within what each far end takes; bodies of the owner's own."""

import json
import re
from html import unescape
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.servers.chat_space import MOST_BYTES, MOST_TEXT, ChatSpace, fault_of
from tests.servers.web import Heard, Reply, WebServer
from vedette.contracts.notice import Notice
from vedette.notify.apprise import AppriseChannel, AppriseConfig
from vedette.notify.email import html_of as mail_of
from vedette.notify.gchat import GchatChannel, GchatConfig
from vedette.notify.gchat_cards import cards_of, text_of
from vedette.notify.mqtt import payload_of
from vedette.notify.plain import body_of, where_and_when
from vedette.notify.telegram import CAPTION_LIMIT, MESSAGE_LIMIT
from vedette.notify.telegram import html_of as telegram_of
from vedette.notify.webhook import WebhookChannel, WebhookConfig, message_of, sign
from vedette.notify.webhook_template import EXAMPLE, BodyTemplate
from vedette.testing.channel_contract import a_notice, opened
from vedette.testing.fakes import FakeClock

LINKS = [{"text": f"Page {n}", "url": f"https://example.org/{n}?a=1&b=<x>"} for n in range(14)]
REPORT: dict[str, Any] = {
    "camera_id": "",
    "rule_id": "",
    "title": "The night's report",
    "text": "Two sites were away.",
    "items": ["farm: 12 minutes", "home: <3 & counting"],
    "links": [{"text": "Open <it>", "url": "https://example.org/r?x=1&y=2"}],
    "link": None,
    "picture": None,
    "zone_id": None,
}


def buttons_of(message: dict[str, Any]) -> list[list[str]]:
    """Addresses of the buttons, card by card."""
    return [
        [
            button["onClick"]["openLink"]["url"]
            for section in each["card"]["sections"]
            for widget in section["widgets"]
            for button in widget.get("buttonList", {}).get("buttons", [])
        ]
        for each in message["cardsV2"]
    ]


def test_fourteen_links_are_cards_of_six_six_and_two_buttons() -> None:
    message = cards_of(a_notice(**{**REPORT, "links": LINKS}), 6)
    found = buttons_of(message)
    assert [len(each) for each in found] == [6, 6, 2]
    assert [url for each in found for url in each] == [link["url"] for link in LINKS]
    assert len({each["cardId"] for each in message["cardsV2"]}) == 3
    assert fault_of(message) == ""


def test_the_number_of_buttons_is_a_setting_and_the_event_comes_first() -> None:
    found = buttons_of(cards_of(a_notice(links=LINKS[:4]), 2))
    assert [len(each) for each in found] == [2, 2, 1]
    assert found[0][0] == a_notice().link


async def test_summary_list_and_links_arrive_in_a_space() -> None:
    items = [f"camera {n}: {n} minutes" for n in range(20)]
    notice = a_notice(**{**REPORT, "items": items})
    with ChatSpace() as space:
        config = GchatConfig.model_validate({"url": space.webhook})
        async with opened(GchatChannel(config, clock=FakeClock())) as channel:
            await channel.send(notice)
    [message] = space.messages.values()
    [card] = [each["card"] for each in message["cardsV2"]]
    words, listed, buttons = card["sections"][0]["widgets"]
    assert words["textParagraph"]["text"] == "Two sites were away."
    assert listed["textParagraph"]["text"].count("<br>") == 19
    assert buttons["buttonList"]["buttons"][0]["text"] == "Open <it>"
    assert card["header"]["subtitle"] == "home, 2026-11-21 14:03:22 UTC"


def test_a_message_that_chat_would_not_take_loses_its_last_links_and_says_so() -> None:
    long = [
        {"text": f"Page {n}", "url": f"https://example.org/{'x' * 1900}/{n}"} for n in range(60)
    ]
    message = cards_of(a_notice(**{**REPORT, "links": long}), 6)
    assert len(json.dumps(message)) <= MOST_BYTES
    kept = sum(len(each) for each in buttons_of(message))
    assert f"and {60 - kept} more links" in json.dumps(message)
    assert kept > 10


def test_mail_telegram_and_mqtt_have_the_list_and_the_links() -> None:
    notice = a_notice(**REPORT)
    mail = mail_of(notice)
    assert "<li>home: &lt;3 &amp; counting</li>" in mail
    assert '<a href="https://example.org/r?x=1&amp;y=2">Open &lt;it&gt;</a>' in mail
    chat = telegram_of(notice, MESSAGE_LIMIT)
    assert "- home: &lt;3 &amp; counting" in chat
    assert '<a href="https://example.org/r?x=1&amp;y=2">Open &lt;it&gt;</a>' in chat
    broker = json.loads(payload_of(notice, "json"))
    assert broker["items"] == REPORT["items"]
    assert broker["links"] == REPORT["links"]
    assert body_of(notice).splitlines() == [
        "Two sites were away.",
        "- farm: 12 minutes",
        "- home: <3 & counting",
        "Open <it>: https://example.org/r?x=1&y=2",
    ]


class Taker(WebServer):
    """Takes whatever it gets."""

    def answer(self, request: Heard) -> Reply:
        return Reply()


async def test_apprise_has_them_too() -> None:
    with Taker() as far_end:
        url = f"json://127.0.0.1:{far_end.url.rpartition(':')[2]}/"
        config = AppriseConfig.model_validate({"urls": [url]})
        async with opened(AppriseChannel(config, clock=FakeClock())) as channel:
            await channel.send(a_notice(**REPORT))
    [request] = far_end.heard
    assert "- farm: 12 minutes" in json.loads(request.body)["message"]


WORDS = st.text(min_size=1, max_size=300).filter(lambda text: bool(text.strip()))
NOTICES = st.builds(
    lambda title, text, items, links, camera, severity: a_notice(
        title=title,
        text=text,
        items=items,
        links=links,
        camera_id=camera,
        severity=severity,
        link=None,
    ),
    title=WORDS,
    text=st.text(max_size=9000),
    items=st.lists(WORDS, max_size=20),
    links=st.lists(
        st.builds(
            lambda text, path: {"text": text, "url": f"https://example.org/{path}"},
            text=WORDS.map(lambda text: text.strip()[:80]),
            path=st.text(alphabet="abc&<>\"'", max_size=300),
        ),
        max_size=60,
    ),
    camera=st.sampled_from(["front_door", ""]),
    severity=st.sampled_from(["info", "warning", "critical"]),
)


@settings(max_examples=120, deadline=None)
@given(notice=NOTICES)
def test_any_notice_is_taken_by_every_far_end(notice: Notice) -> None:
    text = text_of(notice)
    assert 0 < len(text["text"]) <= MOST_TEXT
    cards = cards_of(notice, 6)
    assert fault_of(cards) == ""
    assert len(json.dumps(cards)) <= MOST_BYTES
    for limit in (CAPTION_LIMIT, MESSAGE_LIMIT):
        assert telegram_units(telegram_of(notice, limit)) <= limit
    assert "<script" not in mail_of(notice)
    assert json.loads(payload_of(notice, "json"))["title"] == notice.title
    message = message_of(notice, include_picture=True).model_dump(mode="json")
    body = BodyTemplate('{"text": {{ title | tojson }}, "n": {{ items | length }}}', "x/json")
    assert json.loads(body.render(message)) == {"text": notice.title, "n": len(notice.items)}
    assert "None" not in where_and_when(notice)


def telegram_units(html: str) -> int:
    """Once parsed, as the Bot API counts."""
    return len(unescape(re.sub(r"</?[ab]\b[^>]*>", "", html)).encode("utf-16-le")) // 2


async def heard_of(notice: Notice, **more: Any) -> Heard:
    """What a receiver hears of a webhook with these settings."""
    with Taker() as far_end:
        config = WebhookConfig.model_validate({"url": far_end.url, **more})
        async with opened(WebhookChannel(config, clock=FakeClock())) as channel:
            await channel.send(notice)
    [request] = far_end.heard
    return request


async def test_a_template_makes_the_body_and_it_is_signed() -> None:
    secret = "0123456789abcdef"  # noqa: S105  of this test
    template = (
        '{"text": {{ (title ~ " at " ~ event.camera_id) | tojson }},'
        ' "urgent": {{ (event.severity == "critical") | tojson }}}'
    )
    request = await heard_of(
        a_notice(severity="critical"), template=template, method="PUT", secret=secret
    )
    assert json.loads(request.body) == {
        "text": "Person entered yard (Front door) at front_door",
        "urgent": True,
    }
    assert request.headers["content-type"] == "application/json"
    assert request.headers["x-vedette-signature"] == sign(request.body, secret, FakeClock().now())


async def test_a_template_may_make_plain_text() -> None:
    request = await heard_of(
        a_notice(), template="{{ title }}!", content_type="text/plain; charset=utf-8"
    )
    assert request.body == b"Person entered yard (Front door)!"
    assert request.headers["content-type"] == "text/plain; charset=utf-8"


async def test_a_template_that_fails_for_one_message_does_not_lose_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    template = '{"dwell": {{ (1 / event.numbers.dwell_s) | round(1) }}}'
    request = await heard_of(a_notice(numbers={"dwell_s": 0.0}), template=template)
    assert json.loads(request.body)["title"] == "Person entered yard (Front door)"
    assert "its template fails" in caplog.text


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ('{"a": {{ title | tojson }', "line 1: unexpected '}'"),
        ("{\n{% if %}\n}", "line 2:"),
        ('{"a": "{{ title }}"}', "it makes no JSON"),
        ('{"a": {{ colour | tojson }}}', "'colour' is undefined; there are: schema_version, id"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{% for a in range(10000000) %}{% endfor %}", "[Rr]ange too big"),
        ("{{ title | shout }}", "No filter named 'shout'"),
    ],
)
def test_a_wrong_template_is_refused_when_settings_are_read(template: str, why: str) -> None:
    with pytest.raises(ValidationError, match=why.replace("'", ".")):
        WebhookConfig.model_validate({"url": "http://127.0.0.1/", "template": template})


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"content_type": "text/plain"}, "with a template only"),
        ({"template": "1", "shape": "spyoncino"}, "leave one of both out"),
        ({"shape": "zoneminder"}, "spyoncino"),
    ],
)
def test_shapes_that_cannot_be(given: dict[str, str], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        WebhookConfig.model_validate({"url": "http://127.0.0.1/", **given})


async def test_the_shape_of_the_legacy_system_is_flat() -> None:
    request = await heard_of(a_notice(), shape="spyoncino", include_picture=True)
    told = json.loads(request.body)
    assert told["event"] == "enter"
    assert told["camera_id"] == "front_door"
    assert told["timestamp"] == "2026-11-21T14:03:22Z"
    assert (told["label"], told["confidence"]) == ("person", 0.87)
    assert told["message"].startswith("Person entered yard (Front door)\nA person entered")
    assert told["snapshot"]
    assert not any(isinstance(value, dict | list) for value in told.values())


def test_the_example_of_templates_is_a_message() -> None:
    real = message_of(a_notice(), include_picture=False).model_dump(mode="json")
    assert EXAMPLE.keys() == real.keys()
    assert EXAMPLE["event"].keys() == real["event"].keys()
