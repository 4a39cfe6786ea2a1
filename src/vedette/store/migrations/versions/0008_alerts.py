"""Alerts that people acknowledge, assign and resolve, with their history; and what is muted."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TEXT = sa.Text()
TIME = sa.DateTime(timezone=True)
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "alert",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", TEXT, nullable=False),
        *(
            sa.Column(name, TEXT, nullable=False)
            for name in ("camera_id", "rule_id", "label", "event_type", "severity", "title")
        ),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("raised_at", TIME, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("last_event_id", sa.Uuid(), nullable=False),
        sa.Column("last_at", TIME, nullable=False),
        sa.Column("acknowledged_by", TEXT, nullable=False),
        sa.Column("assignee", TEXT, nullable=False),
        sa.Column("resolved_by", TEXT, nullable=False),
        sa.Column("escalations", sa.Integer(), nullable=False),
        sa.Column("stored_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name="fk_alert_site_id"),
        sa.PrimaryKeyConstraint("id", name="pk_alert"),
        sa.UniqueConstraint("id", "site_id", name="uq_alert_id_site_id"),
    )
    op.create_index("ix_alert_time", "alert", ["stored_at", "id"])
    op.create_index("ix_alert_state", "alert", ["state", "stored_at", "id"])
    op.create_table(
        "alert_history",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("site_id", TEXT, nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        *(sa.Column(name, TEXT, nullable=False) for name in ("action", "by", "note")),
        sa.ForeignKeyConstraint(
            ["alert_id", "site_id"],
            ["alert.id", "alert.site_id"],
            name="fk_alert_history_alert_id_site_id",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_alert_history"),
    )
    op.create_index("ix_alert_history_alert", "alert_history", ["alert_id", "id"])
    op.create_table(
        "mute",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("site_id", TEXT, nullable=False),
        sa.Column("camera_id", TEXT),
        sa.Column("rule_id", TEXT),
        sa.Column("begun_at", TIME, nullable=False),
        sa.Column("until", TIME, nullable=False),
        *(sa.Column(name, TEXT, nullable=False) for name in ("by", "note")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name="fk_mute_site_id"),
        sa.PrimaryKeyConstraint("id", name="pk_mute"),
    )
    op.create_index("ix_mute_until", "mute", ["until"])


def downgrade() -> None:
    for table in ("mute", "alert_history", "alert"):
        op.drop_table(table)
