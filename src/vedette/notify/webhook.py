"""Tells a web address: one signed request per alert.

The body is a `WebhookMessage` as JSON, or what a template makes of it. Its `id` stays the same
when the message is sent again, so a receiver that remembers ids handles each alert once; the header
`Idempotency-Key` repeats it.

Where a secret is set, the header `X-Vedette-Signature: t=<unix seconds>,v1=<hex>` carries the
HMAC-SHA256 of `<t>.<body>` under that secret. A receiver computes the same over the bytes that
it got, compares in constant time, and refuses a `t` older than a few minutes.
"""

import asyncio
import hashlib
import hmac
import logging
from base64 import b64encode
from datetime import datetime
from typing import Any, Literal, Self
from urllib.parse import unquote
from uuid import UUID

import httpx2
from pydantic import (
    AwareDatetime,
    BaseModel,
    Field,
    HttpUrl,
    SecretStr,
    field_validator,
    model_validator,
)

from vedette.contracts.event import Severity
from vedette.contracts.notice import Link, Notice
from vedette.kit.clock import Clock
from vedette.notify.http import judge, make_client, post
from vedette.notify.port import ChannelConfig
from vedette.notify.webhook_template import (
    MOST_TEMPLATE,
    BodyTemplate,
    WrongTemplate,
    legacy_body,
)

log = logging.getLogger(__name__)

JSON = "application/json"
SIGNATURE = "X-Vedette-Signature"
_OURS = {"content-type", "content-length", "host", "idempotency-key", SIGNATURE.lower()}


class WebhookConfig(ChannelConfig):
    """Settings of a webhook."""

    url: HttpUrl = Field(repr=False, description="Where to POST; only its host is ever logged.")
    secret: SecretStr | None = Field(
        default=None, min_length=16, description="Signs each message; 16 characters or more."
    )
    headers: dict[str, SecretStr] = Field(
        default_factory=dict, description="More headers, such as Authorization."
    )
    include_picture: bool = Field(
        default=False, description="Send the picture too, as base64 within the JSON."
    )
    shape: Literal["vedette", "spyoncino"] = Field(
        default="vedette", description="`spyoncino`: flat, as the legacy system sends it."
    )
    template: str | None = Field(
        default=None,
        max_length=MOST_TEMPLATE,
        description="A body of your own (Jinja), made from the message: "
        '`{"text": {{ title | tojson }}}`.',
    )
    content_type: str = Field(
        default="application/json",
        pattern=r"^[a-z0-9.+-]+/[a-z0-9.+-]+(; *[a-z]+=[A-Za-z0-9._-]+)?$",
        description="Of what the template makes.",
    )
    method: Literal["POST", "PUT"] = "POST"
    timeout_s: float = Field(default=10.0, gt=0.0, le=60.0)
    verify_tls: bool = True
    proxy: HttpUrl | None = Field(default=None, repr=False)

    @field_validator("headers")
    @classmethod
    def _headers(cls, headers: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for name, value in headers.items():
            if not name or not all(c.isascii() and (c.isalnum() or c in "-_") for c in name):
                raise ValueError(f"header name {name!r}: use letters, digits, `-` and `_`")
            if name.lower() in _OURS:
                raise ValueError(f"header {name} is set by Vedette and cannot be replaced")
            if not value.get_secret_value().isprintable():
                raise ValueError(f"header {name}: its value has a control character")
        return headers

    @model_validator(mode="after")
    def _template(self) -> Self:
        if self.template is None:
            if self.content_type != "application/json":
                raise ValueError("content_type: it has a meaning with a template only")
            return self
        if self.shape != "vedette":
            raise ValueError("shape: a template makes the whole body; leave one of both out")
        try:
            BodyTemplate(self.template, self.content_type)
        except WrongTemplate as error:
            raise ValueError(f"template: {error}") from error
        return self


class WebhookEvent(BaseModel):
    """What a rule saw."""

    id: UUID
    event_type: str
    severity: Severity
    site_id: str
    camera_id: str
    rule_id: str
    label: str
    zone_id: str | None
    line_id: str | None
    score: float
    """Fraction 0..1."""
    numbers: dict[str, Any]
    at: AwareDatetime


class WebhookMessage(BaseModel):
    """The body of each POST."""

    schema_version: int = 1
    id: UUID
    """Of the alert; the same when it is sent again."""
    title: str
    text: str
    event: WebhookEvent
    link: str | None
    """The event's page, where a base address is configured."""
    items: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    picture_media_type: str | None = None
    picture_base64: str | None = None
    correlation_id: str | None


class WebhookChannel:
    """Posts to one address; 2xx is success."""

    Config = WebhookConfig

    def __init__(self, config: WebhookConfig, *, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        real = httpx2.URL(str(config.url))
        self._origin = str(real.copy_with(userinfo=b"", raw_path=b"/", fragment=None))
        self._who = f"the webhook at {real.host}"
        self._template = (
            None if config.template is None else BodyTemplate(config.template, config.content_type)
        )
        auth = (unquote(real.username), unquote(real.password)) if real.userinfo else None
        address = real.copy_with(userinfo=b"")
        self._client = make_client(
            lambda _: address,
            verify_tls=config.verify_tls,
            proxy=str(config.proxy) if config.proxy else None,
            auth=auth,
        )

    async def send(self, notice: Notice) -> str:
        body, content_type = await asyncio.to_thread(self._body, notice)
        now = self._clock.now()
        headers = {name: value.get_secret_value() for name, value in self._config.headers.items()}
        headers |= {"Content-Type": content_type, "Idempotency-Key": str(notice.alert_id)}
        if self._config.secret is not None:
            headers[SIGNATURE] = sign(body, self._config.secret.get_secret_value(), now)
        answer = await post(
            self._client,
            self._origin,
            who=self._who,
            timeout_s=self._config.timeout_s,
            now=now,
            method=self._config.method,
            content=body,
            headers=headers,
        )
        judge(answer, self._who)
        return self._who

    async def close(self) -> None:
        await self._client.aclose()

    def _body(self, notice: Notice) -> tuple[bytes, str]:
        """The body and its type; ours where a template fails for a message: it must arrive."""
        message = message_of(notice, self._config.include_picture)
        if self._config.shape == "spyoncino":
            return legacy_body(message.model_dump(mode="json")), JSON
        if self._template is not None:
            try:
                body = self._template.render(message.model_dump(mode="json"))
            except WrongTemplate as error:
                log.error("%s: its template fails; sent without it: %s", self._who, error)
            else:
                return body, self._config.content_type
        return message.model_dump_json().encode(), JSON


def message_of(notice: Notice, include_picture: bool) -> WebhookMessage:
    """The notice in the words of the webhook."""
    message = WebhookMessage(
        id=notice.alert_id,
        title=notice.title,
        text=notice.text,
        event=WebhookEvent(
            id=notice.event_id,
            event_type=notice.event_type,
            severity=notice.severity,
            site_id=notice.site_id,
            camera_id=notice.camera_id,
            rule_id=notice.rule_id,
            label=notice.label,
            zone_id=notice.zone_id,
            line_id=notice.line_id,
            score=notice.score,
            numbers=notice.numbers,
            at=notice.at,
        ),
        link=notice.link,
        items=notice.items,
        links=notice.links,
        correlation_id=notice.correlation_id,
    )
    if not include_picture or notice.picture is None:
        return message
    picture = {
        "picture_media_type": "image/jpeg",
        "picture_base64": b64encode(notice.picture).decode(),
    }
    return message.model_copy(update=picture)


def sign(body: bytes, secret: str, now: datetime) -> str:
    """Value of the header `X-Vedette-Signature` for a body sent at `now`."""
    stamp = str(int(now.timestamp()))
    digest = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={digest}"
