"""Settings of the notification gateway, and what sites let out as the seed design writes it."""

import json
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, FilePath, SecretStr, ValidationError, model_validator
from pydantic.alias_generators import to_camel
from pydantic.config import ConfigDict

from vedette.app.camera_settings import Part
from vedette.contracts.errors import InvalidConfig
from vedette.contracts.event import Severity
from vedette.contracts.payload import Slug

PORT = 3010
MOST_POLICY_BYTES = 1_000_000


class RouteSettings(Part):
    """Alerts of this severity, and what is more severe, go over these channels."""

    min_severity: Severity = Severity.INFO
    channels: tuple[str, ...] = Field(min_length=1)


class SiteNotifySettings(Part):
    """What a site lets out."""

    enabled: bool = True
    channels: tuple[str, ...] | None = Field(
        default=None, description="Those that are allowed; all where absent."
    )
    routes: tuple[RouteSettings, ...] = Field(
        default=(), max_length=20, description="The most severe one that fits counts."
    )
    most_a_minute: int | None = Field(
        default=None,
        ge=1,
        le=100_000,
        description="Alerts of the site; critical ones may be five times as many.",
    )
    gchat_mode: Literal["text", "cards"] | None = Field(
        default=None, description="In Google Chat, instead of what the channel says."
    )


class GatewaySettings(Part):
    """Where other services ask to have people told: `POST /internal/notify`."""

    key: SecretStr = Field(min_length=16, description="Who asks has to know it.")
    host: str = Field(default="127.0.0.1", description="Another address needs a certificate.")
    port: int = Field(default=PORT, ge=0, le=65535)
    certificate: FilePath | None = Field(default=None, description="PEM, for TLS.")
    certificate_key: FilePath | None = None
    policies: FilePath | None = Field(
        default=None,
        description="What sites let out, as JSON (config/gateway/gateway.json.example), beside "
        "what stands at the sites themselves.",
    )
    same_s: float = Field(
        default=3600.0,
        ge=1.0,
        le=7 * 86400.0,
        description="A `dedup_key` that comes again within this is the same message.",
    )
    wait_s: float = Field(
        default=5.0, ge=0.0, le=60.0, description="An answer waits so long for the outcome."
    )

    @model_validator(mode="after")
    def _safe(self) -> Self:
        if (self.certificate is None) != (self.certificate_key is None):
            raise ValueError("certificate and certificate_key belong together")
        if self.certificate is None and self.host not in {"127.0.0.1", "::1", "localhost"}:
            raise ValueError(
                f"host: {self.host} can be reached from outside, so give it a certificate and "
                "certificate_key; without them 127.0.0.1 is possible"
            )
        return self


class _Seed(Part):
    """Camel case, as in the seed design's file."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=to_camel, validate_by_name=True
    )


class _SeedRoute(_Seed):
    min_severity: Severity = Severity.INFO
    channels: tuple[str, ...] = Field(min_length=1)


class _SeedChat(_Seed):
    mode: Literal["text", "cards"]


class _SeedSite(_Seed):
    enabled: bool = True
    channels: tuple[str, ...] | None = None
    rate_limit_per_site_per_min: int | None = Field(default=None, ge=1, le=100_000)
    gchat: _SeedChat | None = None
    routes: tuple[_SeedRoute, ...] = Field(default=(), max_length=20)


class _SeedFile(_Seed):
    sites: dict[Slug, _SeedSite]


def read_policies(file: Path) -> dict[str, SiteNotifySettings]:
    """What sites let out, by site, from a file of the seed design.

    Raises:
        InvalidConfig: it cannot be read, or something in it is not right; says what and where.
    """
    try:
        if file.stat().st_size > MOST_POLICY_BYTES:
            raise InvalidConfig(f"{file}: longer than {MOST_POLICY_BYTES} bytes")
        document: Any = json.loads(file.read_text(encoding="utf-8"))
        read = _SeedFile.model_validate(document)
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidConfig(f"{file} cannot be read: {error}") from error
    except json.JSONDecodeError as error:
        said = f"{file}, line {error.lineno}, column {error.colno}: {error.msg}"
        raise InvalidConfig(said) from error
    except ValidationError as error:
        told = "; ".join(
            f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()
        )
        raise InvalidConfig(f"{file}: {told}") from error
    return {site: _ours(policy) for site, policy in read.sites.items()}


def _ours(policy: _SeedSite) -> SiteNotifySettings:
    mode = None if policy.gchat is None else policy.gchat.mode
    return SiteNotifySettings(
        enabled=policy.enabled,
        channels=policy.channels,
        most_a_minute=policy.rate_limit_per_site_per_min,
        gchat_mode=mode,
        routes=tuple(RouteSettings(**each.model_dump()) for each in policy.routes),
    )
