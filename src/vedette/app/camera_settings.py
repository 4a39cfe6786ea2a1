"""The settings of one camera."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from vedette.calendar.schedule import Place
from vedette.contracts.lifecycle import KeepDays, Tag
from vedette.contracts.payload import Slug
from vedette.kit.units import normalised
from vedette.onvif.config import OnvifConfig
from vedette.zones.ground import GroundConfig

ModuleSettings = dict[str, Any]
"""`{"type": name, ...}`; the plug-in's own Config checks the rest (see `app/check.py`)."""

DEFAULT_SITE = "default"


class Part(BaseModel):
    """Base of every part of the settings; a typing slip is an error, not a silence."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _units(cls, data: Any) -> Any:
        return normalised(cls.model_fields, data)


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
    unique_s: float | None = Field(
        default=None,
        gt=0.0,
        le=86400.0,
        description="Who is still in view after this long is announced on "
        "`process.motion.unique` again; once where absent.",
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
    most_a_minute: int = Field(
        default=60,
        ge=1,
        le=10_000,
        description="Events within a minute that get pictures and clips; more are kept without. "
        "Critical ones may be five times as many.",
    )
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
    place: Place | None = Field(
        default=None, description="Where it is, for schedules; where its site is, if absent."
    )
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
    ground: GroundConfig | None = Field(
        default=None, description="How long a metre is, for speeds and distances (docs/rules.md)."
    )
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


IN_PLACE = frozenset({"name", "place", "zones", "lines", "ground", "rules"})
"""What counts from the next picture on, while the stream of the camera goes on."""


def different(old: CameraSettings, new: CameraSettings) -> frozenset[str]:
    """Names of what is different."""
    return frozenset(
        name for name in CameraSettings.model_fields if getattr(old, name) != getattr(new, name)
    )


def changes_in_place(old: CameraSettings, new: CameraSettings) -> bool:
    """True where a camera need not be opened again."""
    return different(old, new) <= IN_PLACE
