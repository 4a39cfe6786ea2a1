"""Every table, with the seed designs' names and columns; the migrations make the same."""

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from vedette.store.alert_tables import ALERT, ALERT_HISTORY, MUTE
from vedette.store.metadata import METADATA, site_column
from vedette.store.types import BigId, Json, UtcTime

__all__ = ["ALERT", "ALERT_HISTORY", "METADATA", "MUTE"]

WITHOUT_SITE = frozenset(
    {"alembic_version", "config_version", "site", "push_subscription", "system_health"}
)
"""The only tables without a `site_id`; a test compares this with the catalogue."""


SITE = Table(
    "site",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("enabled", Boolean, nullable=False),
)

NVR = Table(
    "nvr",
    METADATA,
    Column("id", Text, primary_key=True),
    site_column(),
    Column("name", Text, nullable=False),
    Column("status", Text, nullable=False),
    UniqueConstraint("id", "site_id"),
)

CAMERA = Table(
    "camera",
    METADATA,
    Column("id", Text, primary_key=True),
    site_column(),
    Column("nvr_id", Text),
    Column("name", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("last_seen_at", UtcTime),
    ForeignKeyConstraint(["nvr_id", "site_id"], ["nvr.id", "nvr.site_id"]),
)

AI_EVENT = Table(
    "ai_event",
    METADATA,
    Column("id", Uuid, primary_key=True),
    site_column(),
    Column("camera_id", Text, ForeignKey("camera.id"), nullable=False),
    Column("event_type", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("score", Float, nullable=False),
    Column("ts_event", UtcTime, nullable=False),  # Event.started_at: never changes
    Column("dedup_key", Text, nullable=False),
    Column("metadata_json", Json, nullable=False),  # the whole Event
    Column("rule_id", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("zone_id", Text),
    Column("state", Text, nullable=False),
    Column("opened_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    Column("stored_at", UtcTime, nullable=False),  # wall clock; retention counts from it
    UniqueConstraint("id", "site_id"),
    # One index per question of the interface; the order of time and id serves the paging.
    Index("ix_ai_event_time", "ts_event", "id"),
    Index("ix_ai_event_site", "site_id", "ts_event", "id"),
    Index("ix_ai_event_camera", "site_id", "camera_id", "ts_event", "id"),
    Index("ix_ai_event_type", "site_id", "event_type", "ts_event", "id"),
    Index("ix_ai_event_label", "site_id", "label", "ts_event", "id"),
    Index("ix_ai_event_state", "site_id", "state", "ts_event", "id"),
    Index("ix_ai_event_stored", "stored_at"),
)

AI_ARTIFACT = Table(
    "ai_artifact",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("event_id", Uuid, nullable=False),
    Column("site_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("storage_path", Text, nullable=False),
    Column("metadata_json", Json, nullable=False),  # the whole Artifact
    Column("revision", Integer, nullable=False),
    Column("size_bytes", BigId, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("stored_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime),  # its own end; absent: the age that holds for all
    Column("retention_class", Text, nullable=False, server_default="standard"),
    Column("lifecycle_tag", Text, nullable=False, server_default=""),
    ForeignKeyConstraint(["event_id", "site_id"], ["ai_event.id", "ai_event.site_id"]),
    UniqueConstraint("storage_path"),
    UniqueConstraint("event_id", "type", "revision"),
    Index("ix_ai_artifact_age", "stored_at", "id"),
    Index("ix_ai_artifact_expiry", "expires_at", "id"),
)

NOTIFICATION_LOG = Table(
    "notification_log",
    METADATA,
    Column("id", BigId, primary_key=True),
    site_column(),
    Column("channel", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("payload", Json, nullable=False),  # the Notice without its picture
    Column("error_message", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("alert_id", Uuid, nullable=False),
    Column("event_id", Uuid, nullable=False),  # no foreign key: the log outlives the event
    Column("attempts", Integer, nullable=False),
    Column("lease_until", UtcTime),
    Column("updated_at", UtcTime, nullable=False),
    UniqueConstraint("alert_id", "channel"),
    Index("ix_notification_log_site", "site_id", "created_at", "id"),
    Index("ix_notification_log_status", "status", "id"),
    Index("ix_notification_log_event", "event_id"),
)

POLL_STATE = Table(
    "poll_state",
    METADATA,
    site_column(primary_key=True),
    Column("component", Text, primary_key=True),
    Column("severity", Text, nullable=False),
    Column("next_poll_at", UtcTime),
    Column("last_latency_ms", Integer),
    Column("consecutive_failures", Integer, nullable=False),
    Column("load_shed_mode", Boolean, nullable=False),
)

CIRCUIT_BREAKER_STATE = Table(
    "circuit_breaker_state",
    METADATA,
    site_column(primary_key=True),
    Column("target_service", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("failure_count", Integer, nullable=False),
    Column("last_failure_at", UtcTime),
    Column("last_latency_ms", Integer),
    Column("opened_at", UtcTime),
)

TRACK = Table(
    "track",
    METADATA,
    Column("id", Text, primary_key=True),  # camera/session/number
    site_column(),
    Column("camera_id", Text, ForeignKey("camera.id"), nullable=False),
    Column("t0", UtcTime, nullable=False),
    Column("t1", UtcTime, nullable=False),
    Column("label", Text, nullable=False),
    Column("scores", Json, nullable=False),  # median, best; confirmed_us, given_up_us
    Column("zones", Json, nullable=False),
    Column("path", LargeBinary, nullable=False),
    Column("samples", Integer, nullable=False),
    Column("stored_at", UtcTime, nullable=False),
    Index("ix_track_camera", "site_id", "camera_id", "t0"),
    Index("ix_track_stored", "stored_at"),
)

VERDICT = Table(
    "verdict",
    METADATA,
    Column("id", BigId, primary_key=True),
    site_column(),
    Column("camera_id", Text, ForeignKey("camera.id"), nullable=False),
    Column("track_id", Text, nullable=False),  # number 0: on the camera itself, no row in track
    Column("stage", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("code", Text, nullable=False),
    Column("numbers", Json, nullable=False),
    Column("config_version", Text, nullable=False),
    Column("stored_on", Date, nullable=False),
    Index("ix_verdict_track", "track_id", "id"),
    Index("ix_verdict_camera", "site_id", "camera_id", "at"),
    Index("ix_verdict_stored", "stored_on"),
)

VERDICT_DAY = Table(
    "verdict_day",
    METADATA,
    Column("camera_id", Text, ForeignKey("camera.id"), primary_key=True),
    Column("day", Date, primary_key=True),
    site_column(),
    Column("kept", Integer, nullable=False),
    Column("dropped", Integer, nullable=False),
)

OUTBOX = Table(
    "outbox",
    METADATA,
    Column("id", BigId, primary_key=True),
    site_column(),
    Column("topic", Text, nullable=False),
    Column("body", Json, nullable=False),
    Column("lease_until", UtcTime),
    Column("attempts", Integer, nullable=False),
    Column("key", Text, nullable=False),  # the same fact again adds no row
    Column("created_at", UtcTime, nullable=False),
    Column("done_at", UtcTime),
    Column("rank", Integer, nullable=False, server_default="1"),  # 0 is told first
    UniqueConstraint("key"),
    Index("ix_outbox_waiting", "done_at", "rank", "id"),
    sqlite_autoincrement=True,  # order of telling: a number is never used twice
)

GARBAGE = Table(
    "garbage",
    METADATA,
    Column("id", BigId, primary_key=True),
    site_column(),
    Column("storage_path", Text, nullable=False),
    Column("artifact_id", Uuid, nullable=False),
    Column("event_id", Uuid, nullable=False),
    Column("type", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("size_bytes", BigId, nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("storage_path"),
    Index("ix_garbage_event", "event_id"),
)

SEGMENT = Table(
    "segment",
    METADATA,
    Column("id", BigId, primary_key=True),
    site_column(),
    Column("camera_id", Text, ForeignKey("camera.id"), nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime, nullable=False),
    Column("storage_path", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("codec", Text, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("packets", Integer, nullable=False),
    Column("size_bytes", BigId, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("has_audio", Boolean, nullable=False),
    Column("stored_at", UtcTime, nullable=False),  # wall clock; retention counts from it
    Column("discarded", Text),  # why it is garbage: its file goes next, then the row
    UniqueConstraint("storage_path"),
    Index("ix_segment_camera", "site_id", "camera_id", "started_at", "id"),
    Index("ix_segment_age", "stored_at", "id"),
    Index("ix_segment_size", "site_id", "camera_id", "discarded", "size_bytes"),
    Index("ix_segment_discarded", "discarded", "id"),
    sqlite_autoincrement=True,  # a number is never used twice: `id` is the order of storing
)

RECORDING_GAP = Table(
    "recording_gap",
    METADATA,
    Column("id", BigId, primary_key=True),
    site_column(),
    Column("camera_id", Text, ForeignKey("camera.id"), nullable=False),
    Column("began_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),  # absent while it lasts
    Column("cause", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("stored_at", UtcTime, nullable=False),
    UniqueConstraint("camera_id", "began_at"),
    Index("ix_recording_gap_camera", "site_id", "camera_id", "began_at"),
    Index("ix_recording_gap_stored", "stored_at"),
)

JOB = Table(
    "job",
    METADATA,
    Column("id", Uuid, primary_key=True),
    site_column(),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("rank", UtcTime, nullable=False),  # when asked for, less a minute a step of priority
    Column("arguments", Json, nullable=False),
    Column("progress", Float, nullable=False),
    Column("note", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("most_attempts", Integer, nullable=False),
    Column("result", Json, nullable=False),
    Column("error", Text, nullable=False),
    Column("cancel_wanted", Boolean, nullable=False),
    Column("lease_until", UtcTime),
    Column("next_at", UtcTime, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("started_at", UtcTime),
    Column("finished_at", UtcTime),
    Index("ix_job_waiting", "state", "rank", "id"),
    Index("ix_job_new", "created_at", "id"),
    Index("ix_job_over", "finished_at"),
)

SYSTEM_HEALTH = Table(  # of the product itself, so of no site
    "system_health",
    METADATA,
    Column("id", BigId, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("module", Text, nullable=False),
    Column("criticality", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("figures", Json, nullable=False),
    Index("ix_system_health_module", "module", "at"),
    Index("ix_system_health_at", "at"),
)

EVENT_FEEDBACK = Table(
    "event_feedback",
    METADATA,
    Column("event_id", Uuid, primary_key=True),  # no foreign key: outlives the event
    site_column(),
    Column("camera_id", Text, nullable=False),
    Column("rule_id", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("judgement", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    Index("ix_event_feedback_at", "at"),
)

INBOX = Table(
    "inbox",
    METADATA,
    Column("number", BigId, primary_key=True),
    site_column(),
    Column("alert_id", Uuid, nullable=False),
    Column("event_id", Uuid, nullable=False),
    Column("camera_id", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("items", Json, nullable=False),
    Column("links", Json, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("arrived_at", UtcTime, nullable=False),
    Column("read_at", UtcTime),
    UniqueConstraint("alert_id"),
    Index("ix_inbox_unread", "read_at", "number"),
    Index("ix_inbox_age", "arrived_at"),
    sqlite_autoincrement=True,  # who listens goes on after the last number
)

PUSH_SUBSCRIPTION = Table(  # of a browser that sees the whole product, so of no site
    "push_subscription",
    METADATA,
    Column("endpoint", Text, primary_key=True),
    Column("p256dh", Text, nullable=False),
    Column("auth", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
)

CONFIG_VERSION = Table(  # of the product itself, so of no site
    "config_version",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("update_id", Uuid, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("author", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("changes", Json, nullable=False),
    Column("shown", Json, nullable=False),
    UniqueConstraint("update_id"),
)
