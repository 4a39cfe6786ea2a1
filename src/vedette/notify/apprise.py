"""Tells more than a hundred services (ntfy, Pushover, Slack, Discord, Matrix ...) through Apprise.

Each is a URL as https://appriseit.com/services describes it; keys and tokens are part of it, so
no URL is ever logged, shown, or part of an error. Apprise is synchronous: it works in a thread,
within a bound of its own.
"""

import asyncio
import logging
import re
from typing import Any

import apprise
from apprise.attachment.memory import AttachMemory
from pydantic import Field, SecretStr, field_validator

from vedette.contracts.errors import DeliveryFailed
from vedette.contracts.event import Severity
from vedette.contracts.notice import Notice
from vedette.kit.clock import Clock
from vedette.notify.plain import body_of
from vedette.notify.port import ChannelConfig
from vedette.notify.reached import Reached

_KINDS = {
    Severity.INFO: apprise.NotifyType.INFO,
    Severity.WARNING: apprise.NotifyType.WARNING,
    Severity.CRITICAL: apprise.NotifyType.FAILURE,
}
"""What services show as colour, priority or icon."""

_WORD = re.compile(r"[^A-Za-z0-9_.-]+")
SHORTEST_SECRET = 5
"""Shorter parts of a URL are no keys, but words such as `json` or `22`."""

# Below that, both log addresses with their keys.
logging.getLogger("apprise").setLevel(logging.WARNING)
logging.getLogger("urllib3").setLevel(logging.ERROR)


class AppriseConfig(ChannelConfig):
    """Settings of the Apprise channel."""

    urls: tuple[SecretStr, ...] = Field(
        min_length=1,
        max_length=20,
        description="Services as https://appriseit.com/services writes them: `ntfy://topic`.",
    )
    include_picture: bool = Field(
        default=True, description="Attach the picture where the service takes one."
    )
    timeout_s: float = Field(default=20.0, gt=0.0, le=120.0)

    @field_validator("urls")
    @classmethod
    def _urls(cls, urls: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for number, url in enumerate(urls, start=1):
            if service_of(url) is None:
                raise ValueError(
                    f"URL {number} is of no service that Apprise knows, or lacks a part; "
                    "see https://appriseit.com/services"
                )
        return urls


class AppriseChannel:
    """Sends to each service; a second attempt goes to those that do not have the alert yet."""

    Config = AppriseConfig

    def __init__(self, config: AppriseConfig, *, clock: Clock) -> None:
        del clock  # a notice has its own time
        self._config = config
        self._reached = Reached()
        self._services = {
            f"{service.service_name} ({number})": (service, url.get_secret_value())
            for number, url in enumerate(config.urls, start=1)
            if (service := service_of(url)) is not None
        }

    async def send(self, notice: Notice) -> str:
        names = tuple(self._services)
        failures: list[str] = []
        for name in self._reached.missing(notice.alert_id, names):
            why = await asyncio.to_thread(self._tell, name, notice)
            if why is None:
                self._reached.add(notice.alert_id, name)
            else:
                failures.append(f"{name}: {why}")
        if failures:
            raise DeliveryFailed("; ".join(failures))
        return ", ".join(names)

    async def close(self) -> None:
        """Nothing to give back: services keep no connections."""

    def _tell(self, name: str, notice: Notice) -> str | None:
        """Tell one service; why it did not take it, without keys, or None."""
        service, url = self._services[name]
        sender = apprise.Apprise()
        sender.add(service)
        link = f"\n{notice.link}" if notice.link else ""
        result = sender.notify(
            title=notice.title,
            body=f"{body_of(notice)}{link}",
            notify_type=_KINDS[notice.severity],
            body_format=apprise.NotifyFormat.TEXT,
            attach=self._picture(notice),
            timeout=self._config.timeout_s,
        )
        if result:
            return None
        said = [entry.message for entry in result.logs()]
        return without_keys(said[0] if said else "it did not take the message", url)

    def _picture(self, notice: Notice) -> AttachMemory | None:
        if not self._config.include_picture or notice.picture is None:
            return None
        return AttachMemory(  # type: ignore[no-untyped-call]
            content=notice.picture, name=f"{notice.event_id}.jpg", mimetype="image/jpeg"
        )


def service_of(url: SecretStr) -> Any:
    """The service behind a URL; None where there is none."""
    asset = apprise.AppriseAsset(app_id="Vedette", http_redirects=False)
    return apprise.Apprise.instantiate(
        url.get_secret_value(), asset=asset, suppress_exceptions=True
    )


def without_keys(text: str, url: str) -> str:
    """A sentence of Apprise without anything that stands in the URL.

    Its host goes, too: with some services that is where a key stands.
    """
    for part in sorted(_WORD.split(url), key=len, reverse=True):
        if len(part) >= SHORTEST_SECRET:
            text = text.replace(part, "...")
    return text
