"""Settings of channels: what is refused, in which words, and never with the secret in them."""

import json
import logging
from typing import Any

import pytest
from pydantic import ValidationError

from vedette.notify.email import EmailConfig
from vedette.notify.log import LogChannel, LogConfig
from vedette.notify.telegram import TelegramConfig, shorten
from vedette.notify.webhook import WebhookConfig
from vedette.plugins.registry import configure
from vedette.testing.channel_contract import a_notice
from vedette.testing.fakes import FakeClock

TOKEN = "123456:test-token"  # noqa: S105
EMAIL = {"host": "mail.example.org", "sender": "v@example.org", "recipients": ["me@example.org"]}
TELEGRAM = {"token": TOKEN, "chat_ids": [42]}


@pytest.mark.parametrize(
    ("kind", "settings", "words"),
    [
        ("webhook", {"url": "ftp://example.org/"}, "URL scheme should be 'http' or 'https'"),
        ("webhook", {"url": "file:///etc/passwd"}, "URL scheme should be 'http' or 'https'"),
        ("webhook", {"url": "http://a/", "secret": "short"}, "at least 16 items"),
        ("webhook", {"url": "http://a/", "sercet": "x"}, "Extra inputs are not permitted"),
        ("webhook", {"url": "http://a/", "headers": {"Host": "b"}}, "is set by Vedette"),
        ("webhook", {"url": "http://a/", "headers": {"X": "a\r\nB: c"}}, "a control character"),
        ("webhook", {"url": "http://a/", "headers": {"X\r\nY": "a"}}, "use letters, digits"),
        ("webhook", {"url": "http://a/", "timeout_s": 0}, "greater than 0"),
        ("telegram", {**TELEGRAM, "token": "a-secret/../x"}, "a bot token is a number, a colon"),
        ("telegram", {**TELEGRAM, "token": "1:a-secret/../x"}, "a bot token is a number"),
        ("telegram", {**TELEGRAM, "chat_ids": []}, "at least 1 item"),
        ("telegram", {**TELEGRAM, "chat_ids": ["home"]}, "use a number, or `@name`"),
        ("email", {**EMAIL, "recipients": ["me"]}, "'me' is not an email address"),
        ("email", {**EMAIL, "recipients": ["a@b\r\nBcc: c@d"]}, "is not an email address"),
        ("email", {**EMAIL, "sender": "Me <v@example.org>"}, "is not an email address"),
        ("email", {**EMAIL, "host": "mail\r\nx"}, "should match pattern"),
        ("email", {**EMAIL, "username": "v"}, "username and password belong together"),
        (
            "email",
            {**EMAIL, "username": "v", "password": "a-secret", "security": "none"},
            "would send the password in clear",
        ),
        ("mqtt", {"host": "mqtt://b"}, "should match pattern"),
        ("mqtt", {"host": "b", "topic": "home/#"}, "they are for listeners"),
        (
            "mqtt",
            {"host": "b", "topic": "home/{camera}"},
            "{camera} cannot be there; use {site_id}",
        ),
        (
            "mqtt",
            {"host": "b", "topic": "home/{label!r}"},
            "{label} cannot be there; use {site_id}",
        ),
        ("mqtt", {"host": "b", "topic": "home/{label"}, "topic: expected '}'"),
        ("mqtt", {"host": "b", "topic": "$SYS/x"}, "does not begin with `$`"),
        ("mqtt", {"host": "b", "password": "a-secret"}, "password: it needs a username"),
        ("mqtt", {"host": "b", "tls": True, "ca_file": "/nowhere"}, "does not point to a file"),
        ("mqtt", {"host": "b", "ca_file": __file__}, "it has a meaning with `tls: true` only"),
        ("mqtt", {"host": "b", "qos": 2}, "Input should be 0 or 1"),
    ],
)
def test_wrong_settings_are_refused_in_plain_words(
    kind: str, settings: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        configure("channel", {"type": kind, **settings})

    assert words in str(caught.value)
    assert "a-secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "security", "means"),
    [
        ("mail.example.org", "auto", "starttls"),
        ("192.168.1.10", "auto", "starttls"),
        ("127.0.0.1", "auto", "none"),
        ("::1", "auto", "none"),
        ("localhost", "auto", "none"),
        ("localhost", "starttls", "starttls"),
        ("mail.example.org", "tls", "tls"),
        ("mail.example.org", "none", "none"),
    ],
)
def test_mail_is_encrypted_unless_told_otherwise(host: str, security: str, means: str) -> None:
    config = EmailConfig.model_validate({**EMAIL, "host": host, "security": security})
    assert config.protection == means


def test_secrets_are_not_shown() -> None:
    webhook = WebhookConfig.model_validate(
        {"url": "https://u:a-secret@a/a-secret", "secret": "a-secret-of-16-letters"}
    )
    telegram = TelegramConfig.model_validate(TELEGRAM)
    email = EmailConfig.model_validate({**EMAIL, "username": "v", "password": "a-secret"})

    for config in (webhook, telegram, email):
        assert "a-secret" not in repr(config)
        assert TOKEN not in repr(config)
    assert TOKEN not in telegram.model_dump_json()


@pytest.mark.parametrize(
    ("text", "units", "short"),
    [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("😀😀", 3, "😀…"), ("a😀", 2, "a…"), ("abc", 0, "")],
)
def test_text_is_cut_by_utf_16_units_and_never_within_a_character(
    text: str, units: int, short: str
) -> None:
    assert shorten(text, units) == short


@pytest.mark.parametrize(
    ("severity", "level"),
    [("info", logging.INFO), ("warning", logging.WARNING), ("critical", logging.CRITICAL)],
)
async def test_the_log_channel_writes_one_line_of_json(
    caplog: pytest.LogCaptureFixture, severity: str, level: int
) -> None:
    caplog.set_level(logging.INFO)
    channel = LogChannel(LogConfig(), clock=FakeClock())
    await channel.send(a_notice(severity=severity, text="two\nlines"))

    [record] = caplog.records
    line = record.getMessage()
    assert (record.levelno, record.name, line.count("\n")) == (level, "vedette.alert", 0)
    facts = json.loads(line.removeprefix("alert "))
    assert (facts["camera_id"], facts["text"]) == ("front_door", "two\nlines")
    assert "picture" not in facts
