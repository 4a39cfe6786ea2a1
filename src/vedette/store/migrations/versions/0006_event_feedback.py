"""What people say of events: right, wrong, or told too late."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLE = "event_feedback"
TEXT = sa.Text()


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", TEXT, nullable=False),
        sa.Column("camera_id", TEXT, nullable=False),
        sa.Column("rule_id", TEXT, nullable=False),
        sa.Column("label", TEXT, nullable=False),
        sa.Column("judgement", TEXT, nullable=False),
        sa.Column("note", TEXT, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name="pk_event_feedback"),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name="fk_event_feedback_site_id"),
    )
    op.create_index("ix_event_feedback_at", TABLE, ["at"])


def downgrade() -> None:
    op.drop_table(TABLE)
