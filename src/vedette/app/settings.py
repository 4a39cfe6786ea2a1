"""The settings of the whole product, as written in one YAML file."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)
from pydantic.config import JsonDict

from vedette.app.camera_settings import DEFAULT_SITE, CameraSettings, ModuleSettings, Part
from vedette.app.gateway_settings import GatewaySettings, SiteNotifySettings
from vedette.app.home_settings import MqttSettings
from vedette.blobs.names import DEFAULT_PATTERN, demand_pattern
from vedette.bus.port import BusLimits, Overflow
from vedette.calendar.schedule import Place, Schedule
from vedette.contracts.errors import InvalidInput
from vedette.contracts.event import Severity
from vedette.contracts.payload import Slug
from vedette.rules.pack import PackUse
from vedette.services.resilience import ResilienceSettings


class SiteSettings(Part):
    """A place with cameras."""

    id: Slug
    name: str = ""
    enabled: bool = True
    place: Place | None = Field(
        default=None,
        description="For schedules of rules; absent: the time zone of this machine, and no sun.",
    )
    notify: SiteNotifySettings = SiteNotifySettings()


class AlertRuleSettings(Part):
    """How the events of some rules become alerts."""

    rules: tuple[Slug, ...] = Field(default=(), description="Ids of rules; all where empty.")
    cameras: tuple[Slug, ...] = Field(default=(), description="All where empty.")
    at_least: int = Field(
        default=1, ge=1, le=1000, description="So many events within `within_s`, then one alert."
    )
    within_s: float = Field(default=600.0, gt=0.0, le=86400.0)
    quiet_s: float | None = Field(
        default=None, ge=0.0, le=86400.0, description="Instead of `notify.quiet_s`."
    )


class EscalationSettings(Part):
    """Who else is told when nobody acknowledges."""

    after_s: float = Field(
        gt=0.0, le=7 * 86400.0, description="After the alert was raised, or after the step before."
    )
    channels: tuple[str, ...] = Field(min_length=1, description="Names of channels.")
    min_severity: Severity = Severity.CRITICAL


class PersonSettings(Part):
    """Somebody who reads channels of their own, and what they want to be told of there."""

    id: Slug
    channels: tuple[str, ...] = Field(
        min_length=1, description="Their own; what is nobody's is told everything."
    )
    off: tuple[str, ...] = Field(default=(), description="Of these, where they want nothing now.")
    min_severity: Severity = Severity.INFO
    cameras: tuple[Slug, ...] = Field(default=(), description="All where empty.")
    hours: Schedule | None = Field(default=None, description="Always where absent.")

    @model_validator(mode="after")
    def _own(self) -> Self:
        if strange := sorted(set(self.off).difference(self.channels)):
            raise ValueError(f"off: {strange[0]!r} is not among the channels of {self.id}")
        return self


class NotifySettings(Part):
    """Who is told, and how often."""

    min_severity: Severity = Severity.INFO
    quiet_s: float = Field(
        default=60.0,
        ge=0.0,
        description="After a sent alert, the same rule and object stay silent this long.",
    )
    quiet_hours: Schedule | None = Field(
        default=None,
        description="When nobody is told of anything but what is critical (docs/notifications.md).",
    )
    most_quiet_s: float = Field(
        default=900.0,
        ge=0.0,
        le=86400.0,
        description="A rule and object that go on and on are told ever more rarely: each time the "
        "silence doubles, up to this. 0: it never grows.",
    )
    most_a_minute: int = Field(
        default=10, ge=1, le=10_000, description="Alerts of one camera within a minute."
    )
    most_critical_a_minute: int = Field(
        default=120, ge=1, le=10_000, description="The same with the critical ones."
    )
    alerts: tuple[AlertRuleSettings, ...] = Field(
        default=(),
        max_length=500,
        description="How the events of some rules become alerts; the first that fits counts.",
    )
    escalate: tuple[EscalationSettings, ...] = Field(
        default=(),
        max_length=10,
        description="Who else is told when nobody acknowledges an alert, one step after the other.",
    )
    attempts: int = Field(
        default=5, ge=1, le=20, description="Tries of a message before it counts as failed."
    )
    patience_h: float = Field(
        default=24.0,
        ge=0.0,
        le=24.0 * 14,
        description="While nothing at all arrives on a channel, its messages wait so long, however "
        "often they were tried. 0: tries alone count.",
    )
    digest_over: int = Field(
        default=5,
        ge=1,
        le=1000,
        description="When a channel is back and more than so many wait, one message tells of all.",
    )
    retry_pause_s: float = Field(
        default=5.0,
        ge=0.1,
        le=600.0,
        description="Shortest pause before a message is tried again; it doubles each time, up to "
        "a minute or to this, whichever is longer.",
    )
    link_days: float = Field(
        default=7.0,
        gt=0.0,
        le=366.0,
        description="A link in a message opens its event for so long, without an account.",
    )
    channels: tuple[ModuleSettings, ...] = ()
    people: tuple[PersonSettings, ...] = Field(
        default=(), max_length=1000, description="Who reads which channel."
    )
    gateway: GatewaySettings | None = Field(
        default=None, description="Where other services ask to have people told."
    )

    @field_validator("people")
    @classmethod
    def _people(cls, people: tuple[PersonSettings, ...]) -> tuple[PersonSettings, ...]:
        names = [each.id for each in people]
        if twice := sorted({n for n in names if names.count(n) > 1}):
            raise ValueError(f"two people are called {twice[0]!r}")
        return people

    @field_validator("channels")
    @classmethod
    def _ids(cls, channels: tuple[ModuleSettings, ...]) -> tuple[ModuleSettings, ...]:
        names = [str(c.get("id", c.get("type", ""))) for c in channels]
        if twice := sorted({n for n in names if names.count(n) > 1}):
            raise ValueError(f"two channels are called {twice[0]!r}; give each its own id")
        return channels


class ApiSettings(Part):
    """The HTTP door. Without accounts (they come later) it opens on loopback only."""

    host: Literal["127.0.0.1", "::1", "localhost"] = "127.0.0.1"
    port: int = Field(default=8321, ge=0, le=65535, description="0 takes any free port.")
    base_url: str | None = Field(
        default=None, description="Address that links in messages begin with."
    )


class RetentionSettings(Part):
    """What is kept, and how long; the oldest goes first."""

    max_gb: float = Field(
        default=10.0,
        gt=0.0,
        description="Size of all files of events and recordings, in 10^9 bytes.",
    )
    max_days: float = Field(
        default=30.0, gt=0.0, description="Age of events, their files, and recordings."
    )
    min_free_gb: float = Field(
        default=1.0,
        ge=0.0,
        description="What has to stay free on the disk of the recordings: the oldest go, whatever "
        "their age, so that the current moment can be recorded.",
    )
    exports_days: float = Field(
        default=7.0, gt=0.0, description="Age of films that were made in the background."
    )
    check_every_s: float = Field(
        default=60.0, ge=1.0, le=86400.0, description="How often this is looked after."
    )


def _named(value: object) -> object:
    """`memory`, written short, becomes a mapping."""
    return {"type": value} if isinstance(value, str) else value


class BusSettings(Part):
    """What carries facts between the parts of the product (see docs/bus.md)."""

    adapter: Annotated[ModuleSettings, BeforeValidator(_named)] = Field(
        default_factory=lambda: {"type": "memory"}, description="`memory`: within this process."
    )
    depth: int = Field(
        default=1000, ge=1, le=1_000_000, description="Facts that may wait for one subscriber."
    )
    total: int = Field(
        default=100_000, ge=1, le=10_000_000, description="Facts that may wait altogether."
    )
    watermark: float = Field(
        default=0.8, gt=0.0, le=1.0, description="Part of a queue that may fill before it is told."
    )
    overflow: Overflow = Field(
        default=Overflow.DROP_OLDEST,
        description="Of a full queue: `drop_oldest`, or `pause_publisher`: cameras wait. What is "
        "durable is never dropped.",
    )
    handler_s: float = Field(
        default=60.0, gt=0.0, le=3600.0, description="A subscriber that takes longer has failed."
    )
    status_every_s: float = Field(
        default=10.0, ge=0.1, le=3600.0, description="Between two reports on `status.bus`."
    )

    def limits(self) -> BusLimits:
        """As the bus takes them."""
        return BusLimits(
            depth=self.depth,
            total=self.total,
            watermark=self.watermark,
            overflow=self.overflow,
            handler_s=self.handler_s,
        )


class HealthSettings(Part):
    """How the modules of the product are watched (see docs/modules.md)."""

    every_s: float = Field(
        default=5.0, ge=0.5, le=3600.0, description="Each module is looked at so often."
    )


class FeatureSettings(Part):
    """What is on; where nobody says so, `VEDETTE_ENV` decides (see docs/settings.md)."""

    drills: bool = Field(default=False, description="Scenarios of `resilience` may be switched on.")


class PolicySettings(Part):
    """What is forbidden although it is possible; a violation keeps the product from starting."""

    longest_days: float | None = Field(
        default=None, gt=0.0, description="Nothing is kept longer, whatever else the settings say."
    )
    encrypted: bool = Field(
        default=False, description="Cameras over rtsps and https only, messages too."
    )
    secrets_elsewhere: bool = Field(
        default=False, description="No password or token stands in the settings themselves."
    )


def _file_names(text: str) -> str:
    try:
        return demand_pattern(text)
    except InvalidInput as error:
        raise ValueError(str(error)) from error


_ANYTHING_TO_DO: JsonDict = {
    "anyOf": [
        {"required": ["cameras"], "properties": {"cameras": {"minItems": 1}}},
        {"required": ["notify"], "properties": {"notify": {"required": ["gateway"]}}},
    ]
}


class Settings(Part):
    """Everything."""

    model_config = ConfigDict(json_schema_extra=_ANYTHING_TO_DO)

    version: Literal[1] = 1
    sites: tuple[SiteSettings, ...] = (SiteSettings(id=DEFAULT_SITE, name="Home"),)
    cameras: tuple[CameraSettings, ...] = Field(
        default=(), description="At least one, where this is not a notification gateway alone."
    )
    detector: ModuleSettings = Field(default_factory=lambda: {"type": "onnx"})
    detectors: dict[Slug, ModuleSettings] = Field(
        default_factory=dict, description="More detectors, by name (see `detect.detectors`)."
    )
    workers: Literal["auto"] | Annotated[int, Field(ge=0, le=64)] = Field(
        default="auto",
        description="Media worker processes; `auto`: one per core, at most one per camera. "
        "0: the cameras run in the main process.",
    )
    packs: tuple[PackUse, ...] = Field(
        default=(),
        max_length=64,
        description="Rules for all cameras that have what they speak of (docs/rules.md).",
    )
    notify: NotifySettings = NotifySettings()
    mqtt: MqttSettings | None = Field(
        default=None, description="Home automation over a broker (docs/home-assistant.md)."
    )
    bus: BusSettings = BusSettings()
    health: HealthSettings = HealthSettings()
    resilience: ResilienceSettings = ResilienceSettings()
    modules: tuple[ModuleSettings, ...] = Field(
        default=(),
        description="More modules, of other packages: `{type: name, id: ..., criticality: low}` "
        "and what each has settings of its own for.",
    )
    api: ApiSettings = ApiSettings()
    retention: RetentionSettings = RetentionSettings()
    policies: PolicySettings = PolicySettings()
    features: FeatureSettings = FeatureSettings()
    file_names: Annotated[str, AfterValidator(_file_names)] = Field(
        default=DEFAULT_PATTERN,
        description="What files of events are called when they are saved (docs/file-names.md).",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.cameras and self.notify.gateway is None:
            raise ValueError("cameras: name at least one")
        for kind, ids in (
            ("cameras", [c.id for c in self.cameras]),
            ("sites", [s.id for s in self.sites]),
        ):
            if twice := sorted({i for i in ids if ids.count(i) > 1}):
                raise ValueError(f"two {kind} have the id {twice[0]!r}; ids must differ")
        known = {site.id for site in self.sites}
        if "default" in self.detectors:
            raise ValueError("the detector `default` is `detector:`; give another one its own name")
        detectors = ("default", *self.detectors)
        for camera in self.cameras:
            if strange := [name for name in camera.detect.detectors if name not in detectors]:
                raise ValueError(
                    f"camera {camera.id!r} uses the detector {strange[0]!r}, which is not among "
                    f"the detectors: {', '.join(detectors)}"
                )
            if camera.site not in known:
                raise ValueError(
                    f"camera {camera.id!r} belongs to site {camera.site!r}, which is not among "
                    f"the sites: {', '.join(sorted(known))}"
                )
        return self

    def drills(self) -> ResilienceSettings:
        """Drills, allowed or not."""
        allowed = self.resilience.enabled
        if allowed is None:
            allowed = self.features.drills
        return self.resilience.model_copy(update={"enabled": allowed})


def default_data_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """`$VEDETTE_DATA`, else `$XDG_DATA_HOME/vedette`, else `~/.local/share/vedette`."""
    if chosen := environment.get("VEDETTE_DATA"):
        return Path(chosen).expanduser()
    base = environment.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "vedette"
