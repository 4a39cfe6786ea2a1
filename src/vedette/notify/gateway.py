"""Hands alerts to the notification gateway of another installation, which tells people."""

from base64 import b64encode

import httpx2
from pydantic import Field, HttpUrl, SecretStr, ValidationError

from vedette.contracts.errors import DeliveryFailed, DeliveryRefused
from vedette.contracts.gateway import NotifyAnswer, NotifyStatus
from vedette.contracts.notice import Notice
from vedette.kit.clock import Clock
from vedette.notify.http import judge, make_client, post
from vedette.notify.port import ChannelConfig

PATH = "/internal/notify"


class GatewayConfig(ChannelConfig):
    """Settings of the way to another installation."""

    url: HttpUrl = Field(description="Where it listens: `https://alerts.example:3010`.")
    key: SecretStr = Field(description="Its notify.gateway.key.")
    source: str = Field(default="vedette", min_length=1, max_length=100, description="Who asks.")
    include_picture: bool = True
    timeout_s: float = Field(default=20.0, gt=0.0, le=60.0)
    verify_tls: bool = True


class GatewayChannel:
    """One request per alert. What the other one has queued has arrived: it goes on trying."""

    Config = GatewayConfig

    def __init__(self, config: GatewayConfig, *, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        address = httpx2.URL(str(config.url)).copy_with(raw_path=PATH.encode())
        self._who = f"the notification gateway at {address.host}:{address.port or ''}".rstrip(":")
        self._address = str(address)
        self._client = make_client(lambda url: url, verify_tls=config.verify_tls, proxy=None)

    async def send(self, notice: Notice) -> str:
        config = self._config
        answer = await post(
            self._client,
            self._address,
            who=self._who,
            timeout_s=config.timeout_s,
            now=self._clock.now(),
            json=request_of(notice, config.source, config.include_picture),
            headers={"Authorization": f"Bearer {config.key.get_secret_value()}"},
        )
        judge(answer, self._who, answer.body[:300].decode(errors="replace"))
        try:
            said = NotifyAnswer.model_validate_json(answer.body)
        except ValidationError as error:
            raise DeliveryFailed(f"{self._who} does not answer like one") from error
        if said.status is NotifyStatus.SUPPRESSED:
            why = "; ".join(sorted({each.error for each in said.channels})) or "it has no channel"
            raise DeliveryRefused(f"{self._who} told nobody: {why}")
        if said.status is NotifyStatus.FAILED:
            raise DeliveryRefused(f"{self._who} reached nobody")
        return f"{self._who} ({said.status.value})"

    async def close(self) -> None:
        await self._client.aclose()


def request_of(notice: Notice, source: str, include_picture: bool) -> dict[str, object]:
    """The body of `POST /internal/notify`; what is not known is left out."""
    body: dict[str, object] = {
        "site_id": notice.site_id,
        "severity": notice.severity.value,
        "title": notice.title[:300],
        "text": notice.text[:8000],
        "dedup_key": str(notice.alert_id),
        "source": source,
        "label": notice.label[:100],
        "at": notice.at.isoformat(),
    }
    more = {
        "camera_id": notice.camera_id,
        "items": list(notice.items),
        "links": [each.model_dump() for each in notice.links],
        "link": notice.link,
        "correlation_id": notice.correlation_id,
    }
    body |= {key: value for key, value in more.items() if value}
    if include_picture and notice.picture is not None:
        body["picture"] = b64encode(notice.picture).decode()
    return body
