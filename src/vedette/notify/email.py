"""Tells mailboxes over SMTP: plain text, and HTML with the picture inline."""

import asyncio
import ssl
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from html import escape
from ipaddress import ip_address
from typing import Any, Literal, Self

import aiosmtplib
from pydantic import Field, SecretStr, field_validator, model_validator

from vedette.contracts.errors import DeliveryFailed, DeliveryRefused
from vedette.contracts.event import Severity
from vedette.contracts.notice import Notice
from vedette.kit.clock import Clock
from vedette.notify.plain import body_of
from vedette.notify.port import ChannelConfig
from vedette.notify.reached import Reached

PICTURE_CID = "snapshot@vedette"


class EmailConfig(ChannelConfig):
    """Settings of the email channel."""

    host: str = Field(min_length=1, pattern=r"^[A-Za-z0-9.:_-]+$")
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["auto", "starttls", "tls", "none"] = Field(
        default="auto",
        description="`starttls` and `tls` are demanded, never tried; `auto` is `starttls`, or "
        "`none` for a server on this machine.",
    )
    username: str | None = None
    password: SecretStr | None = None
    sender: str = Field(description="Address in `From`.")
    sender_name: str = "Vedette"
    recipients: tuple[str, ...] = Field(min_length=1, max_length=50)
    timeout_s: float = Field(default=20.0, gt=0.0, le=120.0)
    verify_tls: bool = True

    @field_validator("sender")
    @classmethod
    def _sender(cls, sender: str) -> str:
        return _address(sender)

    @field_validator("recipients")
    @classmethod
    def _recipients(cls, recipients: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_address(each) for each in recipients)

    @model_validator(mode="after")
    def _login(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password belong together: set both, or neither")
        if self.password is not None and self.security == "none" and not is_loopback(self.host):
            raise ValueError("security: none would send the password in clear; use starttls or tls")
        return self

    @property
    def protection(self) -> Literal["starttls", "tls", "none"]:
        """What `auto` means for this host."""
        if self.security == "auto":
            return "none" if is_loopback(self.host) else "starttls"
        return self.security


class EmailChannel:
    """Sends one message to all recipients; a retry goes to those who do not have it yet."""

    Config = EmailConfig

    def __init__(self, config: EmailConfig, *, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._reached = Reached()
        self._who = f"the mail server {config.host}:{config.port}"

    async def send(self, notice: Notice) -> str:
        missing = self._reached.missing(notice.alert_id, self._config.recipients)
        if not missing:
            return ", ".join(self._config.recipients)
        try:
            errors = await self._submit(
                message_of(notice, self._config, self._clock.now()), missing
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            errors = {each.recipient: each.code for each in error.recipients}
        except aiosmtplib.SMTPResponseException as error:
            raise self._refusal(error.code, error.message) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise self._failure(error) from error
        for recipient in missing:
            if recipient not in errors:
                self._reached.add(notice.alert_id, recipient)
        later = [each for each, code in errors.items() if code < 500]
        if later:
            raise DeliveryFailed(f"{self._who} does not take mail for {', '.join(later)} now")
        if len(errors) == len(self._config.recipients):
            raise DeliveryRefused(f"{self._who} refused every recipient: {', '.join(errors)}")
        told = ", ".join(each for each in self._config.recipients if each not in errors)
        return told + (f"; refused: {', '.join(errors)}" if errors else "")

    async def close(self) -> None:
        """Nothing to give back: each attempt has its own connection."""

    async def _submit(self, message: EmailMessage, recipients: tuple[str, ...]) -> dict[str, int]:
        """Reply codes of the recipients that the server refused, while it took others."""
        config = self._config
        client = aiosmtplib.SMTP(
            hostname=config.host,
            port=config.port,
            timeout=config.timeout_s,
            use_tls=config.protection == "tls",
            start_tls=config.protection == "starttls",
            validate_certs=config.verify_tls,
        )
        transport: asyncio.BaseTransport | None = None
        try:
            async with client:
                transport = client.transport
                if config.username is not None and config.password is not None:
                    await client.login(config.username, config.password.get_secret_value())
                errors, _ = await client.send_message(
                    message, sender=config.sender, recipients=list(recipients)
                )
        finally:
            if isinstance(transport, asyncio.WriteTransport):
                transport.abort()  # TLS would wait up to 30 s for the server's goodbye
        return {recipient: reply.code for recipient, reply in errors.items()}

    def _refusal(self, code: int, message: str) -> DeliveryFailed | DeliveryRefused:
        said = f"{self._who} answered {code} {message}"
        return DeliveryRefused(said) if code >= 500 else DeliveryFailed(said)

    def _failure(self, error: Exception) -> DeliveryFailed | DeliveryRefused:
        cause = error.__cause__ or error
        if isinstance(cause, ssl.SSLError):
            return DeliveryRefused(f"{self._who} cannot be trusted: {cause}")
        text = str(error) or type(error).__name__
        if isinstance(error, (aiosmtplib.SMTPTimeoutError, TimeoutError)):
            return DeliveryFailed(f"{self._who} did not answer in time: {text}")
        if "STARTTLS" in text:
            return DeliveryRefused(f"{self._who} offers no STARTTLS; set `security` to what it has")
        return DeliveryFailed(f"{self._who} cannot be used: {text}")


def message_of(notice: Notice, config: EmailConfig, now: datetime) -> EmailMessage:
    """The message: `Message-ID` from the alert, so that a repeat can be recognised."""
    message = EmailMessage(policy=SMTP_POLICY)
    domain = config.sender.rpartition("@")[2]
    message["Message-ID"] = f"<{notice.alert_id}@{domain}>"
    message["Date"] = format_datetime(now)
    message["From"] = Address(one_line(config.sender_name), addr_spec=config.sender)
    message["To"] = tuple(Address(addr_spec=each) for each in config.recipients)
    message["Subject"] = one_line(notice.title)
    message["Auto-Submitted"] = "auto-generated"
    if notice.severity is Severity.CRITICAL:
        message["Importance"] = "high"
    link = f"\n\n{notice.link}" if notice.link else ""
    message.set_content(f"{body_of(notice)}{link}\n")
    message.add_alternative(html_of(notice), subtype="html")
    html = message.get_body(("html",))
    if notice.picture is not None and html is not None:
        html.add_related(
            notice.picture,
            maintype="image",
            subtype="jpeg",
            cid=f"<{PICTURE_CID}>",
            filename=f"{notice.event_id}.jpg",
            disposition="inline",
        )
    return message


def html_of(notice: Notice) -> str:
    """The HTML part; all that comes from events and settings is escaped."""
    picture = (
        f'<p><img src="cid:{PICTURE_CID}" alt="{escape(notice.title)}" style="max-width:100%"></p>'
        if notice.picture is not None
        else ""
    )
    link = (
        f'<p><a href="{escape(notice.link)}">Open the event</a></p>'
        if notice.link is not None
        else ""
    )
    items = "".join(f"<li>{escape(item)}</li>" for item in notice.items)
    places = "".join(
        f'<p><a href="{escape(each.url)}">{escape(each.text)}</a></p>' for each in notice.links
    )
    return (
        '<!doctype html><html lang="en"><body style="font-family:sans-serif">'
        f'<h1 style="font-size:1.2em">{escape(notice.title)}</h1>'
        f"<p>{escape(notice.text)}</p>"
        f"{f'<ul>{items}</ul>' if items else ''}{picture}{link}{places}</body></html>\n"
    )


def one_line(text: str) -> str:
    """Without line breaks and other control characters: safe in a header."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def is_loopback(host: str) -> bool:
    """True for `localhost` and the addresses of this machine's own loop."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _address(text: str) -> str:
    """A plain `name@domain`.

    Raises:
        ValueError: it is not one.
    """
    parsed: Any = None
    if text.isascii() and text.isprintable() and " " not in text:
        try:
            parsed = Address(addr_spec=text)
        except (ValueError, IndexError) as error:
            raise ValueError(f"{text!r} is not an email address: {error}") from error
    if parsed is None or not parsed.username or not parsed.domain:
        raise ValueError(f"{text!r} is not an email address such as name@example.org")
    return text
