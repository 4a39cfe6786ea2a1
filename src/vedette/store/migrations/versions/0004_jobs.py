"""Background jobs: what is to be done, how far it is, and what came of it."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLE = "job"
TEXT = sa.Text()
TIME = sa.DateTime(timezone=True)
WHOLE = sa.Integer()
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def _need(name: str, kind: TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _may(name: str, kind: TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=True)


def upgrade() -> None:
    op.create_table(
        TABLE,
        _need("id", sa.Uuid()),
        _need("site_id", TEXT),
        _need("kind", TEXT),
        _need("state", TEXT),
        _need("priority", WHOLE),
        _need("rank", TIME),
        _need("arguments", JSON),
        _need("progress", sa.Float()),
        _need("note", TEXT),
        _need("attempts", WHOLE),
        _need("most_attempts", WHOLE),
        _need("result", JSON),
        _need("error", TEXT),
        _need("cancel_wanted", sa.Boolean()),
        _may("lease_until", TIME),
        _need("next_at", TIME),
        _need("created_at", TIME),
        _need("updated_at", TIME),
        _may("started_at", TIME),
        _may("finished_at", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_job"),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name="fk_job_site_id"),
    )
    op.create_index("ix_job_waiting", TABLE, ["state", "rank", "id"])
    op.create_index("ix_job_new", TABLE, ["created_at", "id"])
    op.create_index("ix_job_over", TABLE, ["finished_at"])


def downgrade() -> None:
    op.drop_table(TABLE)
