"""How the product and its cameras are: what `/api/v1/status` answers and `vedette status` shows."""

from datetime import datetime

from pydantic import AwareDatetime, Field

from vedette.contracts.facts import CameraState
from vedette.contracts.health import ModuleHealth
from vedette.contracts.payload import Payload, Slug

MEANT = frozenset({"gate", "unsampled"})
"""Causes of `CameraReport.dropped` that are no loss: nothing moves, or nobody looks so often."""


class TriggerReport(Payload):
    """The line to a camera's own events (ONVIF)."""

    connected: bool = False
    detail: str = ""
    """What it does, or why not."""
    notices: int = 0
    """Events with a word of ours."""
    unknown: int = 0
    dropped: int = 0
    changes: int = 0
    """What was told on to the gate."""
    reconnects: int = 0


class CameraReport(Payload):
    """One camera at one moment. Rates are means over the last few seconds."""

    camera_id: Slug
    name: str
    state: CameraState
    detail: str = ""
    worker: str = ""
    """Name of the process that has it; empty where it is the main one."""
    fps_in: float = Field(default=0.0, ge=0.0)
    """Frames that arrive, decoded or not, per second."""
    fps_analysed: float = Field(default=0.0, ge=0.0)
    bitrate_bps: float = Field(default=0.0, ge=0.0)
    main_fps: float = Field(default=0.0, ge=0.0)
    """Of the stream that is only kept, where a smaller one is looked at."""
    main_bitrate_bps: float = Field(default=0.0, ge=0.0)
    main_reconnects: int = 0
    gate: str = "open"
    """`open`: everything is decoded; `closed`: only what the mode needs to notice something."""
    gate_mode: str = "always"
    gate_note: str = ""
    """What to expect of the gate, in a sentence."""
    gate_opened: int = 0
    expected_delay_s: float = 0.0
    """How long after it happens something is noticed, at worst, while the gate is closed."""
    lag_s: float = 0.0
    """How old the newest analysed moment was when it was analysed."""
    source_lag_s: float = 0.0
    """How much later its latest packet came than the least delayed one of the last seconds: what
    waits in the network, in the camera or in front of us."""
    drift_ms: float = 0.0
    """How far the camera's clock is ahead (+) or behind (-) since the stream was opened."""
    drift_ppm: float = 0.0
    """How fast its clock runs too fast (+) or too slow (-), in millionths."""
    dropped: dict[str, int] = Field(default_factory=dict)
    """What was left out, by cause; all but `MEANT` is a loss."""
    irregular: dict[str, int] = Field(default_factory=dict)
    """What was put right in the stream that is open, by kind: times that are missing or jump, other
    sizes and formats, pictures that never arrived."""
    notes: tuple[str, ...] = ()
    """What is not as it should be in this stream, in sentences."""
    pressure: int = 0
    reconnects: int = 0
    looked: int = 0
    events: int = 0
    tracks: int = 0
    ring_s: float = 0.0
    ring_bytes: int = 0
    tamper: str = ""
    """`covered`, `defocused` or `shifted` while the camera is."""
    trigger: TriggerReport | None = None
    """Where the camera's own events open the gate."""
    last_frame_at: datetime | None = None
    problems: tuple[str, ...] = ()


class DetectorReport(Payload):
    """The detector of a process."""

    worker: str = ""
    frames: int = 0
    """Answered."""
    failed: int = 0
    waiting: int = 0
    """In the queue now."""
    wait_p95_s: float = 0.0
    """Time in the queue over the last seconds."""
    batches: int = 0
    batch_limit: int = 0
    """Frames that go in one call now; fewer than configured after memory ran out."""
    out_of_memory: int = 0
    hangs: int = 0
    restarts: int = 0
    """Serving threads that had to be replaced."""
    exchanges: int = 0


class WorkerReport(Payload):
    """A media worker process."""

    name: str
    state: str
    """`running`, `starting`, `waiting` (to be started again)."""
    pid: int | None = None
    cameras: tuple[Slug, ...] = ()
    restarts: int = 0
    heartbeat_age_s: float = 0.0
    rss_bytes: int = 0
    detail: str = ""


class ProductReport(Payload):
    """The whole product at one moment."""

    version: str
    at: AwareDatetime
    started_at: AwareDatetime
    ready: bool
    checks: dict[str, str] = Field(default_factory=dict)
    """What is not well, by part."""
    cameras: tuple[CameraReport, ...] = ()
    workers: tuple[WorkerReport, ...] = ()
    detectors: tuple[DetectorReport, ...] = ()
    modules: tuple[ModuleHealth, ...] = ()
