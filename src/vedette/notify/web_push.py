"""Tells browsers, also while no page of ours is open (Web Push, RFC 8030)."""

import json
from uuid import UUID

import httpx2
from pydantic import Field

from vedette.contracts.errors import DeliveryFailed, DeliveryRefused, StorageFailed
from vedette.contracts.event import Severity
from vedette.contracts.notice import Notice
from vedette.contracts.push import PushSubscription
from vedette.kit.clock import Clock
from vedette.kit.recent import Recent
from vedette.notify.embedded import Browsers, ProductSide
from vedette.notify.http import judge, make_client, post
from vedette.notify.plain import body_of as plain_body
from vedette.notify.port import ChannelConfig
from vedette.notify.push_crypto import MOST_BYTES, authorization, encode, encrypt, private_key

URGENCY = {Severity.INFO: "low", Severity.WARNING: "normal", Severity.CRITICAL: "high"}
"""RFC 8030, section 5.3."""
SIGNED_S = 12 * 3600
GONE = {404, 410}
"""The subscription is no more (RFC 8030, section 7.3)."""
REMEMBERED = 2000
LONGEST_TEXT = 1000
LONGEST_LINK = 500
"""A longer one is left out: the page has the event, too."""


class WebPushConfig(ChannelConfig):
    """Settings of Web Push."""

    contact: str = Field(
        pattern=r"^(mailto:[^@\s]+@[^@\s]+|https://\S+)$",
        max_length=200,
        description="Whom a push service may write to: `mailto:me@example.org`.",
    )
    ttl_s: int = Field(
        default=86_400,
        ge=0,
        le=2_419_200,
        description="A browser that is off is told for so long once it is on again.",
    )
    timeout_s: float = Field(default=10.0, gt=0.0, le=60.0)
    allow_private: bool = Field(
        default=False, description="Push services in the own network, and without TLS."
    )


class WebPushChannel:
    """One request a browser. Who has it is not told again when others are tried again."""

    Config = WebPushConfig

    def __init__(self, config: WebPushConfig, *, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._browsers: Browsers | None = None
        self._told: Recent[tuple[UUID, str]] = Recent(REMEMBERED)
        self._address = ""
        self._client = make_client(
            lambda url: httpx2.URL(self._address), verify_tls=True, proxy=None
        )

    def embed(self, product: ProductSide) -> None:
        self._browsers = product.browsers
        product.browsers.admit(private=self._config.allow_private)

    async def send(self, notice: Notice) -> str:
        if self._browsers is None:
            raise DeliveryRefused("browsers subscribe at a running product; look at its page")
        try:
            subscribed = await self._browsers.all()
        except StorageFailed as error:
            raise DeliveryFailed(f"the browsers cannot be read: {error}") from error
        if not subscribed:
            raise DeliveryRefused("no browser wants to be told; the page has a button for it")
        body, told = body_of(notice), 0
        later: DeliveryFailed | None = None
        never: DeliveryRefused | None = None
        for each in subscribed:
            try:
                told += await self._tell(self._browsers, each, notice, body)
            except DeliveryFailed as error:
                later = error
            except DeliveryRefused as error:
                never = error
        if later is not None:
            raise later
        if not told:
            raise never or DeliveryRefused("every browser that was subscribed is gone")
        return "1 browser" if told == 1 else f"{told} browsers"

    async def close(self) -> None:
        await self._client.aclose()

    async def _tell(
        self, browsers: Browsers, browser: PushSubscription, notice: Notice, body: bytes
    ) -> bool:
        """False where it is gone.

        Raises:
            DeliveryFailed, DeliveryRefused: it was not told.
        """
        endpoint = str(browser.endpoint)
        known = (notice.alert_id, endpoint)
        if known in self._told:
            return True
        who = f"the push service {browser.host}"
        try:
            content = encrypt(body, browser.keys)
        except ValueError as error:
            raise DeliveryRefused(f"the keys of a browser at {browser.host} are none") from error
        key = private_key(browsers.key)
        now = self._clock.now()
        expires_s = int(now.timestamp()) + SIGNED_S
        self._address = endpoint
        answer = await post(
            self._client,
            f"{browser.endpoint.scheme}://{browser.host}/",
            who=who,
            timeout_s=self._config.timeout_s,
            now=now,
            content=content,
            headers={
                "Authorization": authorization(endpoint, key, self._config.contact, expires_s),
                "Content-Encoding": "aes128gcm",
                "Content-Type": "application/octet-stream",
                "TTL": str(self._config.ttl_s),
                "Urgency": URGENCY[notice.severity],
                "Topic": encode(notice.alert_id.bytes),
            },
        )
        if answer.status in GONE:
            await browsers.forget(browser)
            return False
        judge(answer, who, answer.body[:200].decode(errors="replace"))
        self._told.again(known)
        return True


def body_of(notice: Notice) -> bytes:
    """What our page's worker shows: JSON, cut so that any push service takes it."""
    alone = notice.event_id == notice.alert_id
    link = notice.link if notice.link and len(notice.link) <= LONGEST_LINK else None
    told = {
        "title": notice.title[:200],
        "text": plain_body(notice, links=False)[:LONGEST_TEXT],
        "tag": str(notice.alert_id),
        "link": link or ("/inbox" if alone else f"/events/{notice.event_id}"),
        "severity": notice.severity.value,
    }
    while len(body := json.dumps(told, ensure_ascii=False).encode()) > MOST_BYTES:
        told["text"] = told["text"][: len(told["text"]) * 3 // 4]
    return body
