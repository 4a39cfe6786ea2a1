"""The settings of the whole product, as written in one YAML file."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

from vedette.blobs.names import DEFAULT_PATTERN, demand_pattern
from vedette.contracts.errors import InvalidInput
from vedette.contracts.event import Severity
from vedette.contracts.lifecycle import KeepDays, Tag
from vedette.contracts.payload import Slug
from vedette.onvif.config import OnvifConfig

ModuleSettings = dict[str, Any]
"""`{"type": name, ...}`; the plug-in's own Config checks the rest (see `app/check.py`)."""

DEFAULT_SITE = "default"


class Part(BaseModel):
    """Base of every part of the settings; a typing slip is an error, not a silence."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def source_from_address(value: object) -> object:
    """`rtsp://...`, `http://...`, `simulator:`, `/dev/video0` or a path, written short, becomes a
    mapping."""
    address = value.get_secret_value() if isinstance(value, SecretStr) else value
    if not isinstance(address, str):
        return value
    scheme = address.partition(":")[0].lower()
    if scheme in {"rtsp", "rtsps"}:
        return {"type": "rtsp", "url": value}
    if scheme in {"http", "https"}:
        return {"type": "http", "url": value}
    if scheme == "simulator":
        return {"type": "simulator"}
    if address.startswith(("/dev/video", "/dev/v4l/")):
        return {"type": "usb", "device": address}
    return {"type": "file", "path": address.removeprefix("file://")}


SourceSettings = Annotated[ModuleSettings, BeforeValidator(source_from_address)]


class DetectSettings(Part):
    """How often, and for what, a camera is looked at."""

    enabled: bool = Field(
        default=True, description="False: the camera is shown, and nothing is detected."
    )
    fps: float = Field(default=5.0, gt=0.0, le=60.0, description="Analysed frames per second.")
    labels: tuple[str, ...] = Field(
        default=(), description="Classes to follow; all classes of the model where empty."
    )
    recheck_s: float = Field(
        default=2.0,
        gt=0.0,
        description="While nothing moves, objects in view are looked at this often.",
    )
    still_recheck_s: float = Field(
        default=10.0,
        gt=0.0,
        description="Objects that have not moved for a while are looked at this often, even while "
        "others move.",
    )
    min_score: dict[str, Annotated[float, Field(ge=0.0, le=1.0)]] = Field(
        default_factory=dict,
        description="By class: a track whose median score stays below is taken for nothing.",
    )
    regions: bool = Field(
        default=True,
        description="Look closer, at full resolution, where something small moves.",
    )
    detectors: tuple[Slug, ...] = Field(
        default=("default",),
        min_length=1,
        description="Which detectors look: `default` is `detector:`, others are named in "
        "`detectors:`.",
    )


class GateSettings(Part):
    """How much of a camera's video is decoded while nothing moves."""

    mode: Literal["adaptive", "always", "keyframe"] | None = Field(
        default=None,
        description="`always` decodes everything; `keyframe` only keyframes until something "
        "moves; `adaptive` looks at the packets' sizes too, where they tell idle from busy. "
        "Absent: as `alert_within_s` demands, else `adaptive`.",
    )
    alert_within_s: float | None = Field(
        default=None,
        gt=0.0,
        description="How soon an alert must follow what happens; chooses the mode.",
    )
    close_after_s: float = Field(
        default=4.0, ge=1.0, le=600.0, description="Decode everything this long after motion."
    )
    triggers: tuple[Literal["onvif"], ...] = Field(
        default=(), description="Who else opens the gate: `onvif`, the camera's own events."
    )


class OnvifSettings(Part):
    """The camera's ONVIF services (see `vedette cameras probe`)."""

    model_config = ConfigDict(hide_input_in_errors=True)

    url: SecretStr = Field(
        description="Its device service: `http://user:password@host/onvif/device_service`."
    )
    verify_tls: bool = Field(
        default=False,
        description="For https: refuse a certificate that is not trusted. Cameras sign their own.",
    )

    @model_validator(mode="after")
    def _can_be_asked(self) -> Self:
        self.config()
        return self

    def config(self) -> OnvifConfig:
        """As the feature takes it, with its secrets."""
        return OnvifConfig(url=self.url.get_secret_value(), verify_tls=self.verify_tls)


class RecordSettings(Part):
    """Continuous recording."""

    mode: Literal["off", "always"] = "off"
    segment_s: float = Field(
        default=10.0, ge=1.0, le=600.0, description="Length of a file; it ends at a keyframe."
    )
    max_gb: float | None = Field(
        default=None, gt=0.0, description="Of this camera; absent: only the limit of all."
    )
    max_days: float | None = Field(default=None, gt=0.0)


class TamperSettings(Part):
    """Is the camera itself covered, defocused or turned away?"""

    enabled: bool = True
    after_s: float = Field(
        default=10.0, ge=1.0, le=3600.0, description="It must last this long to be told."
    )


class EventSettings(Part):
    """Media of events."""

    pre_roll_s: float = Field(default=5.0, ge=0.0, le=60.0)
    post_roll_s: float = Field(default=5.0, ge=0.0, le=60.0)
    max_clip_s: float = Field(default=300.0, gt=0.0, le=3600.0)
    clips: bool = True
    previews: bool = True
    picture_quality: int = Field(default=90, ge=30, le=100, description="Of snapshots (JPEG).")
    preview_width: int = Field(default=320, ge=80, le=960, description="Of GIF and WebP.")
    preview_s: float | None = Field(
        default=None,
        ge=1.0,
        le=30.0,
        description="How long GIF and WebP last. Absent: the event, 4.5 times faster, 2 to 8 s.",
    )
    ring_mb: float = Field(default=64.0, gt=0.0, description="Most memory of the packet ring.")
    keep_days: KeepDays | None = Field(
        default=None,
        description="How long their files are kept; absent: retention.max_days. Rules with "
        "`keep: true` keep theirs.",
    )
    tag: Tag = Field(default="", description="A short word on their files, where rules say none.")


class CameraSettings(Part):
    """One camera."""

    id: Slug
    name: str = ""
    site: Slug = DEFAULT_SITE
    source: SourceSettings
    detect_source: SourceSettings | None = Field(
        default=None,
        description="A smaller stream of the same camera, for detection; `source` is then only "
        "kept (recordings, clips, pictures, live view).",
    )
    audio: bool = Field(default=True, description="Keep the sound in clips and recordings.")
    onvif: OnvifSettings | None = None
    gate: GateSettings = GateSettings()
    record: RecordSettings = RecordSettings()
    tamper: TamperSettings = TamperSettings()
    motion: ModuleSettings = Field(default_factory=lambda: {"type": "luma"})
    detect: DetectSettings = DetectSettings()
    tracker: ModuleSettings = Field(default_factory=lambda: {"type": "byte"})
    zones: tuple[ModuleSettings, ...] = ()
    lines: tuple[ModuleSettings, ...] = ()
    rules: tuple[ModuleSettings, ...] = ()
    events: EventSettings = EventSettings()

    @property
    def title(self) -> str:
        return self.name or self.id

    @model_validator(mode="after")
    def _triggers_have_a_source(self) -> Self:
        if "onvif" in self.gate.triggers and self.onvif is None:
            raise ValueError(
                "gate.triggers has `onvif`, so `onvif: {url: ...}` must say where to ask; "
                "`vedette cameras probe` writes it"
            )
        return self


class SiteSettings(Part):
    """A place with cameras."""

    id: Slug
    name: str = ""
    enabled: bool = True


class NotifySettings(Part):
    """Who is told, and how often."""

    min_severity: Severity = Severity.INFO
    quiet_s: float = Field(
        default=60.0,
        ge=0.0,
        description="After a sent alert, the same rule and object stay silent this long.",
    )
    attempts: int = Field(
        default=5, ge=1, le=20, description="Tries of a message before it counts as failed."
    )
    retry_pause_s: float = Field(
        default=5.0,
        ge=0.1,
        le=600.0,
        description="Shortest pause before a message is tried again; it doubles each time, up to "
        "a minute or to this, whichever is longer.",
    )
    channels: tuple[ModuleSettings, ...] = ()

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
    check_every_s: float = Field(
        default=60.0, ge=1.0, le=86400.0, description="How often this is looked after."
    )


def _file_names(text: str) -> str:
    try:
        return demand_pattern(text)
    except InvalidInput as error:
        raise ValueError(str(error)) from error


class Settings(Part):
    """Everything."""

    version: Literal[1] = 1
    sites: tuple[SiteSettings, ...] = (SiteSettings(id=DEFAULT_SITE, name="Home"),)
    cameras: tuple[CameraSettings, ...] = Field(min_length=1)
    detector: ModuleSettings = Field(default_factory=lambda: {"type": "onnx"})
    detectors: dict[Slug, ModuleSettings] = Field(
        default_factory=dict, description="More detectors, by name (see `detect.detectors`)."
    )
    workers: Literal["auto"] | Annotated[int, Field(ge=0, le=64)] = Field(
        default="auto",
        description="Media worker processes; `auto`: one per core, at most one per camera. "
        "0: the cameras run in the main process.",
    )
    notify: NotifySettings = NotifySettings()
    api: ApiSettings = ApiSettings()
    retention: RetentionSettings = RetentionSettings()
    file_names: Annotated[str, AfterValidator(_file_names)] = Field(
        default=DEFAULT_PATTERN,
        description="What files of events are called when they are saved (docs/file-names.md).",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
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


def default_data_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """`$VEDETTE_DATA`, else `$XDG_DATA_HOME/vedette`, else `~/.local/share/vedette`."""
    if chosen := environment.get("VEDETTE_DATA"):
        return Path(chosen).expanduser()
    base = environment.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "vedette"
