"""Versions of the settings: what was changed while running, by whom, and what was in force then."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLE = "config_version"
TEXT = sa.Text()
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("update_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author", TEXT, nullable=False),
        sa.Column("origin", TEXT, nullable=False),
        sa.Column("fingerprint", TEXT, nullable=False),
        sa.Column("changes", JSON, nullable=False),
        sa.Column("shown", JSON, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_config_version"),
        sa.UniqueConstraint("update_id", name="uq_config_version_update_id"),
    )


def downgrade() -> None:
    op.drop_table(TABLE)
