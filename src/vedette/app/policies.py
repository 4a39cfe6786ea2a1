"""What an operator forbids although it is possible: checked after the types, each with its name."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from vedette.app.camera_settings import ModuleSettings
from vedette.app.settings import Settings
from vedette.config.document import Loc
from vedette.config.secrets import reveal
from vedette.kit.redact import Redactor
from vedette.plugins.registry import secret_fields

Found = Iterator[tuple[Loc, str]]
"""Where a policy is violated, and a sentence about it."""

BETTER = {"rtsp": "rtsps", "http": "https"}
"""The encrypted form of what is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One rule beyond what is valid."""

    name: str
    violations: Callable[[Settings], Found]


def violations(settings: Settings) -> Found:
    """Every violation of every policy that the settings turn on; sentences name the policy."""
    for policy in POLICIES:
        for loc, sentence in policy.violations(settings):
            yield loc, f"{sentence} (policy `{policy.name}`)"


def _longest_days(settings: Settings) -> Found:
    most = settings.policies.longest_days
    if most is None:
        return
    kept: list[tuple[Loc, float | None]] = [
        (("retention", "max_days"), settings.retention.max_days),
        (("retention", "exports_days"), settings.retention.exports_days),
    ]
    for index, camera in enumerate(settings.cameras):
        loc: Loc = ("cameras", index)
        kept.append(((*loc, "events", "keep_days"), camera.events.keep_days))
        kept.append(((*loc, "record", "max_days"), camera.record.max_days))
        for number, rule in enumerate(camera.rules):
            place = (*loc, "rules", number)
            kept.append(((*place, "keep_days"), rule.get("keep_days")))
            if rule.get("keep"):
                yield (*place, "keep"), f"nothing may be kept longer than {most:g} days"
    for loc, days in kept:
        if isinstance(days, int | float) and days > most:
            yield loc, f"{days:g} days are too many: nothing may be kept longer than {most:g} days"


def _encrypted(settings: Settings) -> Found:
    if not settings.policies.encrypted:
        return
    for index, camera in enumerate(settings.cameras):
        for name in ("source", "detect_source"):
            scheme = _url(getattr(camera, name)).partition(":")[0].lower()
            if scheme in BETTER:
                yield ("cameras", index, name), f"{scheme} is not encrypted; use {BETTER[scheme]}"
    for number, channel in enumerate(settings.notify.channels):
        for key, why in _spoken_openly(channel):
            yield ("notify", "channels", number, key), why
    if settings.mqtt is not None and not settings.mqtt.tls:
        yield ("mqtt", "host"), "MQTT is not encrypted; say tls: true"


def _spoken_openly(channel: ModuleSettings) -> Iterator[tuple[str, str]]:
    if _url(channel).startswith("http:"):
        yield "url", "http is not encrypted; use https"
    if channel.get("security") == "none":
        yield "security", "mail is not encrypted"
    if channel["type"] == "mqtt" and not channel.get("tls"):
        yield "host", "MQTT is not encrypted; say tls: true"


def _secrets_elsewhere(settings: Settings) -> Found:
    if not settings.policies.secrets_elsewhere:
        return
    better = "put it elsewhere and write {secret: NAME}, or ${secret:NAME} within an address"
    for index, camera in enumerate(settings.cameras):
        for name in ("source", "detect_source"):
            source = getattr(camera, name)
            url = source.get("url") if source else None
            if isinstance(url, str) and Redactor().clean(url) != url:
                yield ("cameras", index, name), f"a password stands in the settings; {better}"
    for number, channel in enumerate(settings.notify.channels):
        for key in sorted(secret_fields("channel", str(channel["type"]))):
            if any(isinstance(each, str) for each in _each(channel.get(key))):
                yield ("notify", "channels", number, key), f"it stands in the settings; {better}"


def _each(value: Any) -> Iterable[Any]:
    """What stands in a setting: a value, or several."""
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list | tuple) else (value,)


POLICIES = (
    Policy(name="longest-days", violations=_longest_days),
    Policy(name="encrypted", violations=_encrypted),
    Policy(name="secrets-elsewhere", violations=_secrets_elsewhere),
)


def _url(settings: ModuleSettings | None) -> str:
    url: Any = reveal(settings).get("url") if settings else None
    return url if isinstance(url, str) else ""
