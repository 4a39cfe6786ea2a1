"""The email channel against an SMTP server that keeps, encrypts, demands, and refuses."""

from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from tests.servers.black_hole import BlackHole
from tests.servers.mail_sink import Mail, MailSink, tls_for_loopback
from vedette.contracts.errors import DeliveryFailed, DeliveryRefused
from vedette.notify.email import EmailChannel, EmailConfig
from vedette.testing.channel_contract import JPEG, NASTY, a_notice
from vedette.testing.fakes import FakeClock

PASSWORD = "correct horse battery staple"  # noqa: S105  opens nothing but the sink


def channel_to(port: int, **settings: Any) -> EmailChannel:
    values = {
        "host": "127.0.0.1",
        "port": port,
        "sender": "vedette@example.org",
        "recipients": ["me@example.org"],
        **settings,
    }
    return EmailChannel(EmailConfig.model_validate(values), clock=FakeClock())


def parts(mail: Mail) -> dict[str, EmailMessage]:
    """The leaves of the message by media type."""
    leaves = [part for part in mail.message.walk() if not part.is_multipart()]
    assert all(isinstance(part, EmailMessage) for part in leaves)
    return {part.get_content_type(): part for part in leaves if isinstance(part, EmailMessage)}


async def test_the_picture_is_inline_where_the_html_shows_it() -> None:
    with MailSink() as sink:
        assert await channel_to(sink.port).send(a_notice()) == "me@example.org"

    [mail] = sink.mails
    found = parts(mail)
    assert list(found) == ["text/plain", "text/html", "image/jpeg"]
    picture = found["image/jpeg"]
    assert picture.get_content() == JPEG
    assert picture["Content-Disposition"].startswith("inline")
    html = found["text/html"].get_content()
    assert f'src="cid:{picture["Content-ID"].strip("<>")}"' in html
    assert f'href="{a_notice().link}"' in html
    related = [p for p in mail.message.walk() if p.get_content_type() == "multipart/related"]
    assert [p.get_content_type() for p in related[0].walk()][1:] == ["text/html", "image/jpeg"]


async def test_headers_name_the_alert_the_sender_and_the_moment() -> None:
    with MailSink() as sink:
        await channel_to(sink.port).send(a_notice(severity="critical"))

    [mail] = sink.mails
    assert mail.message["Subject"] == "Person entered yard (Front door)"
    assert mail.message["Message-ID"] == f"<{a_notice().alert_id}@example.org>"
    assert mail.message["From"] == "Vedette <vedette@example.org>"
    assert mail.message["To"] == "me@example.org"
    assert mail.message["Auto-Submitted"] == "auto-generated"
    assert mail.message["Importance"] == "high"
    assert parsedate_to_datetime(mail.message["Date"]) == FakeClock().now()
    assert parts(mail)["text/plain"].get_content().startswith(a_notice().text)


async def test_a_name_cannot_add_headers_or_markup() -> None:
    with MailSink() as sink:
        await channel_to(sink.port).send(a_notice(title=NASTY, text=NASTY))

    [mail] = sink.mails
    assert mail.message["Bcc"] is None
    assert mail.recipients == ("me@example.org",)
    assert mail.message["Subject"] == "Ünïcode <b>&\"' Bcc: all@example.org 😀"
    assert "<b>" not in parts(mail)["text/html"].get_content()


async def test_without_a_picture_there_is_no_attachment() -> None:
    with MailSink() as sink:
        await channel_to(sink.port).send(a_notice(picture=None, link=None))

    found = parts(sink.mails[0])
    assert list(found) == ["text/plain", "text/html"]
    assert "<img" not in found["text/html"].get_content()


async def test_starttls_and_a_login_work() -> None:
    with MailSink(login=("vedette", PASSWORD), tls=tls_for_loopback()) as sink:
        channel = channel_to(
            sink.port,
            security="starttls",
            verify_tls=False,
            username="vedette",
            password=PASSWORD,
        )
        await channel.send(a_notice())

    assert (sink.mails[0].over_tls, sink.mails[0].user) == (True, "vedette")


async def test_a_wrong_password_is_refused_and_not_repeated_in_the_error() -> None:
    with MailSink(login=("vedette", PASSWORD), tls=tls_for_loopback()) as sink:
        channel = channel_to(
            sink.port,
            security="starttls",
            verify_tls=False,
            username="vedette",
            password="hunter22",  # noqa: S106
        )
        with pytest.raises(DeliveryRefused, match="answered 535") as caught:
            await channel.send(a_notice())

    assert "hunter22" not in str(caught.value)


async def test_a_server_without_starttls_gets_nothing() -> None:
    with MailSink() as sink:
        with pytest.raises(DeliveryRefused, match="offers no STARTTLS"):
            await channel_to(sink.port, security="starttls").send(a_notice())

        assert sink.mails == []


async def test_a_certificate_that_nobody_vouches_for_gets_nothing() -> None:
    with MailSink(tls=tls_for_loopback()) as sink:
        with pytest.raises(DeliveryRefused, match="cannot be trusted"):
            await channel_to(sink.port, security="starttls").send(a_notice())

        assert sink.mails == []


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ("451 try later", DeliveryFailed),
        ("452 mailbox full", DeliveryFailed),
        ("554 no thanks", DeliveryRefused),
        ("552 too big", DeliveryRefused),
    ],
)
async def test_5xx_is_for_good_and_4xx_is_not(reply: str, error: type[Exception]) -> None:
    with MailSink(first=(reply,)) as sink:
        channel = channel_to(sink.port)
        with pytest.raises(error, match=reply):
            await channel.send(a_notice())
        await channel.send(a_notice())

    assert len(sink.mails) == 1


async def test_no_known_recipient_is_a_refusal() -> None:
    with (
        MailSink(refuse={"me@example.org": "550 no such user"}) as sink,
        pytest.raises(DeliveryRefused, match=r"refused every recipient: me@example\.org"),
    ):
        await channel_to(sink.port).send(a_notice())


async def test_one_unknown_recipient_keeps_nothing_from_the_others() -> None:
    with MailSink(refuse={"b@example.org": "550 no such user"}) as sink:
        channel = channel_to(sink.port, recipients=["a@example.org", "b@example.org"])
        assert await channel.send(a_notice()) == "a@example.org; refused: b@example.org"

    assert sink.mails[0].recipients == ("a@example.org",)


async def test_a_retry_goes_only_to_those_who_do_not_have_it() -> None:
    refuse = {"b@example.org": "450 busy"}
    with MailSink(refuse=refuse) as sink:
        channel = channel_to(sink.port, recipients=["a@example.org", "b@example.org"])
        with pytest.raises(DeliveryFailed, match=r"does not take mail for b@example\.org now"):
            await channel.send(a_notice())
        refuse.clear()
        assert await channel.send(a_notice()) == "a@example.org, b@example.org"

    assert [mail.recipients for mail in sink.mails] == [("a@example.org",), ("b@example.org",)]


async def test_a_server_that_hangs_is_given_up_in_time() -> None:
    with BlackHole() as hole, pytest.raises(DeliveryFailed, match="did not answer in time"):
        await channel_to(hole.port, timeout_s=0.2).send(a_notice())
