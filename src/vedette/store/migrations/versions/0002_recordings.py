"""Segments of recordings, and the gaps between them."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TEXT = sa.Text()
TIME = sa.DateTime(timezone=True)
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _need(name: str, kind: TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _may(name: str, kind: TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=True)


def _link(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=f"fk_{table}_{column}")


def upgrade() -> None:
    op.create_table(
        "segment",
        _need("id", BIG),
        _need("site_id", TEXT),
        _need("camera_id", TEXT),
        _need("started_at", TIME),
        _need("ended_at", TIME),
        _need("storage_path", TEXT),
        _need("media_type", TEXT),
        _need("codec", TEXT),
        _need("width", sa.Integer()),
        _need("height", sa.Integer()),
        _need("packets", sa.Integer()),
        _need("size_bytes", BIG),
        _need("sha256", TEXT),
        _need("has_audio", sa.Boolean()),
        _need("stored_at", TIME),
        _may("discarded", TEXT),
        sa.PrimaryKeyConstraint("id", name="pk_segment"),
        _link("segment", "site_id", "site"),
        _link("segment", "camera_id", "camera"),
        sa.UniqueConstraint("storage_path", name="uq_segment_storage_path"),
        sqlite_autoincrement=True,
    )
    for name, columns in (
        ("ix_segment_camera", ["site_id", "camera_id", "started_at", "id"]),
        ("ix_segment_age", ["stored_at", "id"]),
        ("ix_segment_size", ["site_id", "camera_id", "discarded", "size_bytes"]),
        ("ix_segment_discarded", ["discarded", "id"]),
    ):
        op.create_index(name, "segment", columns)
    op.create_table(
        "recording_gap",
        _need("id", BIG),
        _need("site_id", TEXT),
        _need("camera_id", TEXT),
        _need("began_at", TIME),
        _may("ended_at", TIME),
        _need("cause", TEXT),
        _need("detail", TEXT),
        _need("stored_at", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_recording_gap"),
        _link("recording_gap", "site_id", "site"),
        _link("recording_gap", "camera_id", "camera"),
        sa.UniqueConstraint("camera_id", "began_at", name="uq_recording_gap_camera_id_began_at"),
    )
    op.create_index(
        "ix_recording_gap_camera", "recording_gap", ["site_id", "camera_id", "began_at"]
    )
    op.create_index("ix_recording_gap_stored", "recording_gap", ["stored_at"])


def downgrade() -> None:
    op.drop_table("recording_gap")
    op.drop_table("segment")
