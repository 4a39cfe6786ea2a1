"""How long each artifact is kept: expiry, retention class, lifecycle tag."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLE = "ai_artifact"


def upgrade() -> None:
    """What is stored already has no end of its own: age and size of all hold for it, as before."""
    for column in (
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retention_class", sa.Text(), nullable=False, server_default="standard"),
        sa.Column("lifecycle_tag", sa.Text(), nullable=False, server_default=""),
    ):
        op.add_column(TABLE, column)
    op.create_index("ix_ai_artifact_expiry", TABLE, ["expires_at", "id"])


def downgrade() -> None:
    op.drop_index("ix_ai_artifact_expiry", table_name=TABLE)
    for name in ("lifecycle_tag", "retention_class", "expires_at"):
        op.drop_column(TABLE, name)
