"""The first schema: the seed designs' tables, tracks, ledger, outbox, garbage."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TEXT = sa.Text()
TIME = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(JSONB(), "postgresql")
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

TABLES = (
    "garbage",
    "outbox",
    "verdict_day",
    "verdict",
    "track",
    "circuit_breaker_state",
    "poll_state",
    "notification_log",
    "ai_artifact",
    "ai_event",
    "camera",
    "nvr",
    "site",
)
"""In the order in which they can be dropped."""


def _need(name: str, kind: TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _may(name: str, kind: TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=True)


def _link(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=f"fk_{table}_{column}")


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=f"uq_{table}_{'_'.join(columns)}")


def upgrade() -> None:
    _places()
    _events()
    _telling()
    _health()
    _ledger()


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)


def _places() -> None:
    op.create_table(
        "site",
        _need("id", TEXT),
        _need("name", TEXT),
        _need("enabled", sa.Boolean()),
        _key("site", "id"),
    )
    op.create_table(
        "nvr",
        _need("id", TEXT),
        _need("site_id", TEXT),
        _need("name", TEXT),
        _need("status", TEXT),
        _key("nvr", "id"),
        _link("nvr", "site_id", "site"),
        _unique("nvr", "id", "site_id"),
    )
    op.create_table(
        "camera",
        _need("id", TEXT),
        _need("site_id", TEXT),
        _may("nvr_id", TEXT),
        _need("name", TEXT),
        _need("status", TEXT),
        _may("last_seen_at", TIME),
        _key("camera", "id"),
        _link("camera", "site_id", "site"),
        sa.ForeignKeyConstraint(
            ["nvr_id", "site_id"], ["nvr.id", "nvr.site_id"], name="fk_camera_nvr_id_site_id"
        ),
    )


def _events() -> None:
    op.create_table(
        "ai_event",
        _need("id", sa.Uuid()),
        _need("site_id", TEXT),
        _need("camera_id", TEXT),
        _need("event_type", TEXT),
        _need("severity", TEXT),
        _need("score", sa.Float()),
        _need("ts_event", TIME),
        _need("dedup_key", TEXT),
        _need("metadata_json", JSON),
        _need("rule_id", TEXT),
        _need("label", TEXT),
        _may("zone_id", TEXT),
        _need("state", TEXT),
        _need("opened_at", TIME),
        _need("updated_at", TIME),
        _may("ended_at", TIME),
        _need("stored_at", TIME),
        _key("ai_event", "id"),
        _link("ai_event", "site_id", "site"),
        _link("ai_event", "camera_id", "camera"),
        _unique("ai_event", "id", "site_id"),
    )
    op.create_index("ix_ai_event_time", "ai_event", ["ts_event", "id"])
    op.create_index("ix_ai_event_site", "ai_event", ["site_id", "ts_event", "id"])
    for name, column in (
        ("camera", "camera_id"),
        ("type", "event_type"),
        ("label", "label"),
        ("state", "state"),
    ):
        op.create_index(f"ix_ai_event_{name}", "ai_event", ["site_id", column, "ts_event", "id"])
    op.create_index("ix_ai_event_stored", "ai_event", ["stored_at"])
    op.create_table(
        "ai_artifact",
        _need("id", sa.Uuid()),
        _need("event_id", sa.Uuid()),
        _need("site_id", TEXT),
        _need("type", TEXT),
        _need("storage_path", TEXT),
        _need("metadata_json", JSON),
        _need("revision", sa.Integer()),
        _need("size_bytes", BIG),
        _need("sha256", TEXT),
        _need("stored_at", TIME),
        _key("ai_artifact", "id"),
        sa.ForeignKeyConstraint(
            ["event_id", "site_id"],
            ["ai_event.id", "ai_event.site_id"],
            name="fk_ai_artifact_event_id_site_id",
        ),
        _unique("ai_artifact", "storage_path"),
        _unique("ai_artifact", "event_id", "type", "revision"),
    )
    op.create_index("ix_ai_artifact_age", "ai_artifact", ["stored_at", "id"])
    op.create_table(
        "garbage",
        _need("id", BIG),
        _need("site_id", TEXT),
        _need("storage_path", TEXT),
        _need("artifact_id", sa.Uuid()),
        _need("event_id", sa.Uuid()),
        _need("type", TEXT),
        _need("revision", sa.Integer()),
        _need("size_bytes", BIG),
        _need("reason", TEXT),
        _need("created_at", TIME),
        _key("garbage", "id"),
        _link("garbage", "site_id", "site"),
        _unique("garbage", "storage_path"),
    )
    op.create_index("ix_garbage_event", "garbage", ["event_id"])


def _telling() -> None:
    op.create_table(
        "outbox",
        _need("id", BIG),
        _need("site_id", TEXT),
        _need("topic", TEXT),
        _need("body", JSON),
        _may("lease_until", TIME),
        _need("attempts", sa.Integer()),
        _need("key", TEXT),
        _need("created_at", TIME),
        _may("done_at", TIME),
        _key("outbox", "id"),
        _link("outbox", "site_id", "site"),
        _unique("outbox", "key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_waiting", "outbox", ["done_at", "id"])
    op.create_table(
        "notification_log",
        _need("id", BIG),
        _need("site_id", TEXT),
        _need("channel", TEXT),
        _need("severity", TEXT),
        _need("status", TEXT),
        _need("target", TEXT),
        _need("payload", JSON),
        _need("error_message", TEXT),
        _need("created_at", TIME),
        _need("alert_id", sa.Uuid()),
        _need("event_id", sa.Uuid()),
        _need("attempts", sa.Integer()),
        _may("lease_until", TIME),
        _need("updated_at", TIME),
        _key("notification_log", "id"),
        _link("notification_log", "site_id", "site"),
        _unique("notification_log", "alert_id", "channel"),
    )
    op.create_index("ix_notification_log_site", "notification_log", ["site_id", "created_at", "id"])
    op.create_index("ix_notification_log_status", "notification_log", ["status", "id"])
    op.create_index("ix_notification_log_event", "notification_log", ["event_id"])


def _health() -> None:
    op.create_table(
        "poll_state",
        _need("site_id", TEXT),
        _need("component", TEXT),
        _need("severity", TEXT),
        _may("next_poll_at", TIME),
        _may("last_latency_ms", sa.Integer()),
        _need("consecutive_failures", sa.Integer()),
        _need("load_shed_mode", sa.Boolean()),
        _key("poll_state", "site_id", "component"),
        _link("poll_state", "site_id", "site"),
    )
    op.create_table(
        "circuit_breaker_state",
        _need("site_id", TEXT),
        _need("target_service", TEXT),
        _need("state", TEXT),
        _need("failure_count", sa.Integer()),
        _may("last_failure_at", TIME),
        _may("last_latency_ms", sa.Integer()),
        _may("opened_at", TIME),
        _key("circuit_breaker_state", "site_id", "target_service"),
        _link("circuit_breaker_state", "site_id", "site"),
    )


def _ledger() -> None:
    op.create_table(
        "track",
        _need("id", TEXT),
        _need("site_id", TEXT),
        _need("camera_id", TEXT),
        _need("t0", TIME),
        _need("t1", TIME),
        _need("label", TEXT),
        _need("scores", JSON),
        _need("zones", JSON),
        _need("path", sa.LargeBinary()),
        _need("samples", sa.Integer()),
        _need("stored_at", TIME),
        _key("track", "id"),
        _link("track", "site_id", "site"),
        _link("track", "camera_id", "camera"),
    )
    op.create_index("ix_track_camera", "track", ["site_id", "camera_id", "t0"])
    op.create_index("ix_track_stored", "track", ["stored_at"])
    op.create_table(
        "verdict",
        _need("id", BIG),
        _need("site_id", TEXT),
        _need("camera_id", TEXT),
        _need("track_id", TEXT),
        _need("stage", TEXT),
        _need("at", TIME),
        _need("code", TEXT),
        _need("numbers", JSON),
        _need("config_version", TEXT),
        _need("stored_on", sa.Date()),
        _key("verdict", "id"),
        _link("verdict", "site_id", "site"),
        _link("verdict", "camera_id", "camera"),
    )
    op.create_index("ix_verdict_track", "verdict", ["track_id", "id"])
    op.create_index("ix_verdict_camera", "verdict", ["site_id", "camera_id", "at"])
    op.create_index("ix_verdict_stored", "verdict", ["stored_on"])
    op.create_table(
        "verdict_day",
        _need("camera_id", TEXT),
        _need("day", sa.Date()),
        _need("site_id", TEXT),
        _need("kept", sa.Integer()),
        _need("dropped", sa.Integer()),
        _key("verdict_day", "camera_id", "day"),
        _link("verdict_day", "site_id", "site"),
        _link("verdict_day", "camera_id", "camera"),
    )
