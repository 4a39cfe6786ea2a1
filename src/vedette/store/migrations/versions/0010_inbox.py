"""Messages that people read in the product, and browsers that want to be told."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TEXT = sa.Text()
TIME = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "inbox",
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("site_id", TEXT, nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        *(
            sa.Column(name, TEXT, nullable=False)
            for name in ("camera_id", "severity", "title", "text")
        ),
        sa.Column("items", JSON, nullable=False),
        sa.Column("links", JSON, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("arrived_at", TIME, nullable=False),
        sa.Column("read_at", TIME),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name="fk_inbox_site_id"),
        sa.PrimaryKeyConstraint("number", name="pk_inbox"),
        sa.UniqueConstraint("alert_id", name="uq_inbox_alert_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_inbox_unread", "inbox", ["read_at", "number"])
    op.create_index("ix_inbox_age", "inbox", ["arrived_at"])
    op.create_table(
        "push_subscription",
        *(sa.Column(name, TEXT, nullable=False) for name in ("endpoint", "p256dh", "auth")),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("endpoint", name="pk_push_subscription"),
    )


def downgrade() -> None:
    op.drop_table("push_subscription")
    op.drop_table("inbox")
