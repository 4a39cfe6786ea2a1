"""The tables of alerts, their history, and what is muted."""

from sqlalchemy import (
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from vedette.store.metadata import METADATA, site_column
from vedette.store.types import BigId, UtcTime

ALERT = Table(
    "alert",
    METADATA,
    Column("id", Uuid, primary_key=True),
    site_column(),
    Column("camera_id", Text, nullable=False),
    Column("rule_id", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("event_id", Uuid, nullable=False),  # no foreign key: alerts outlive events
    Column("raised_at", UtcTime, nullable=False),
    Column("state", Text, nullable=False),
    Column("events", Integer, nullable=False),
    Column("last_event_id", Uuid, nullable=False),
    Column("last_at", UtcTime, nullable=False),
    Column("acknowledged_by", Text, nullable=False),
    Column("assignee", Text, nullable=False),
    Column("resolved_by", Text, nullable=False),
    Column("escalations", Integer, nullable=False),
    Column("stored_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    UniqueConstraint("id", "site_id"),
    Index("ix_alert_time", "stored_at", "id"),
    Index("ix_alert_state", "state", "stored_at", "id"),
)

ALERT_HISTORY = Table(
    "alert_history",
    METADATA,
    Column("id", BigId, primary_key=True),
    Column("site_id", Text, nullable=False),
    Column("alert_id", Uuid, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("action", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("note", Text, nullable=False),
    ForeignKeyConstraint(["alert_id", "site_id"], ["alert.id", "alert.site_id"]),
    Index("ix_alert_history_alert", "alert_id", "id"),
)

MUTE = Table(
    "mute",
    METADATA,
    Column("id", BigId, primary_key=True),
    site_column(),
    Column("camera_id", Text),
    Column("rule_id", Text),
    Column("begun_at", UtcTime, nullable=False),
    Column("until", UtcTime, nullable=False),
    Column("by", Text, nullable=False),
    Column("note", Text, nullable=False),
    Index("ix_mute_until", "until"),
)
