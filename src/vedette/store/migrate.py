"""Brings a database to this version's schema, or says why that cannot be."""

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from vedette.contracts.errors import StorageFailed
from vedette.store.migrations import HEAD
from vedette.store.sqlite import WRITE


async def migrate(engine: AsyncEngine) -> None:
    """Apply the missing steps, all in one transaction: a crash in between leaves the old schema.

    Raises:
        StorageFailed: the schema is of a newer version, or the tables are somebody else's.
    """
    async with engine.connect() as conn:
        version = await conn.run_sync(schema_version)
    if version == HEAD:
        return
    async with engine.execution_options(**{WRITE: True}).begin() as conn:
        await conn.run_sync(upgrade)


def schema_version(conn: Connection) -> str | None:
    """The step that a database is at; None where it is empty.

    Raises:
        StorageFailed: it holds tables, but not ours.
    """
    tables = set(inspect(conn).get_table_names())
    if not tables:
        return None
    if not {"alembic_version", "site"} <= tables:
        raise StorageFailed(
            f"the database {conn.engine.url.render_as_string()} holds somebody else's tables; "
            "name an empty one"
        )
    found = conn.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return None if found is None else str(found)


def upgrade(conn: Connection, target: str = "head") -> None:
    """Apply the steps up to `target`, within the caller's transaction.

    Raises:
        StorageFailed: the database is at a step that this version does not know.
    """
    config = alembic_config(conn)
    version = schema_version(conn)
    known = {step.revision for step in ScriptDirectory.from_config(config).walk_revisions()}
    if version is not None and version not in known:
        raise StorageFailed(
            f"the database {conn.engine.url.render_as_string()} was made by a newer version of "
            f"Vedette (schema {version}; this one knows up to {HEAD}): start that version, or "
            "name another data folder"
        )
    command.upgrade(config, target)


def downgrade(conn: Connection, target: str = "base") -> None:
    """Undo the steps down to `target`, within the caller's transaction."""
    command.downgrade(alembic_config(conn), target)


def alembic_config(conn: Connection) -> Config:
    """What Alembic needs to find our steps and to run them on this connection."""
    config = Config()
    config.set_main_option("script_location", "vedette.store:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = conn
    return config
