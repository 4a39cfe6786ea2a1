"""Run by Alembic: applies the steps on the connection that `store/migrate.py` hands over."""

from alembic import context

from vedette.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    compare_type=True,
    render_as_batch=True,  # SQLite changes a table by making a new one
)
context.run_migrations()
