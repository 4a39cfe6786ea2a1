"""The database has the seed designs' tables, columns, keys and links, and migrates safely."""

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event, inspect, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from vedette.contracts.errors import InvalidInput
from vedette.contracts.event import EventState
from vedette.contracts.lifecycle import RetentionClass
from vedette.store.events import EventFilter
from vedette.store.migrate import alembic_config, downgrade, upgrade
from vedette.store.migrations import HEAD
from vedette.store.rows import plain
from vedette.store.sqlite import WRITE
from vedette.store.store import Store
from vedette.store.tables import METADATA, WITHOUT_SITE
from vedette.testing.fakes import FakeClock
from vedette.testing.store_samples import (
    HOME,
    NOON,
    add_events,
    make_artifact,
    make_event,
    with_places,
)

SEED = {
    "site": {"id": "TEXT", "name": "TEXT", "enabled": "BOOLEAN"},
    "nvr": {"id": "TEXT", "site_id": "TEXT", "name": "TEXT", "status": "TEXT"},
    "camera": {
        "id": "TEXT",
        "site_id": "TEXT",
        "nvr_id": "TEXT",
        "name": "TEXT",
        "status": "TEXT",
        "last_seen_at": "TIMESTAMP",
    },
    "ai_event": {
        "id": "UUID",
        "site_id": "TEXT",
        "camera_id": "TEXT",
        "event_type": "TEXT",
        "severity": "TEXT",
        "score": "FLOAT",
        "ts_event": "TIMESTAMP",
        "dedup_key": "TEXT",
        "metadata_json": "JSON",
    },
    "ai_artifact": {
        "id": "UUID",
        "event_id": "UUID",
        "site_id": "TEXT",
        "type": "TEXT",
        "storage_path": "TEXT",
        "metadata_json": "JSON",
    },
    "notification_log": {
        "id": "BIGINT",
        "site_id": "TEXT",
        "channel": "TEXT",
        "severity": "TEXT",
        "status": "TEXT",
        "target": "TEXT",
        "payload": "JSON",
        "error_message": "TEXT",
        "created_at": "TIMESTAMP",
    },
    "poll_state": {
        "site_id": "TEXT",
        "component": "TEXT",
        "severity": "TEXT",
        "next_poll_at": "TIMESTAMP",
        "last_latency_ms": "INTEGER",
        "consecutive_failures": "INTEGER",
        "load_shed_mode": "BOOLEAN",
    },
    "circuit_breaker_state": {
        "site_id": "TEXT",
        "target_service": "TEXT",
        "state": "TEXT",
        "failure_count": "INTEGER",
        "last_failure_at": "TIMESTAMP",
        "last_latency_ms": "INTEGER",
        "opened_at": "TIMESTAMP",
    },
    "track": {
        "id": "TEXT",
        "site_id": "TEXT",
        "camera_id": "TEXT",
        "t0": "TIMESTAMP",
        "t1": "TIMESTAMP",
        "label": "TEXT",
        "scores": "JSON",
        "zones": "JSON",
        "path": "BLOB",
    },
    "verdict": {
        "track_id": "TEXT",
        "site_id": "TEXT",
        "stage": "TEXT",
        "at": "TIMESTAMP",
        "code": "TEXT",
        "numbers": "JSON",
        "config_version": "TEXT",
    },
    "outbox": {
        "id": "BIGINT",
        "site_id": "TEXT",
        "topic": "TEXT",
        "body": "JSON",
        "lease_until": "TIMESTAMP",
        "attempts": "INTEGER",
    },
}
KEYS = {
    "site": ["id"],
    "nvr": ["id"],
    "camera": ["id"],
    "ai_event": ["id"],
    "ai_artifact": ["id"],
    "notification_log": ["id"],
    "poll_state": ["site_id", "component"],
    "circuit_breaker_state": ["site_id", "target_service"],
    "track": ["id"],
    "outbox": ["id"],
}
LINKS = {
    ("nvr", "site"): (["site_id"], ["id"]),
    ("camera", "site"): (["site_id"], ["id"]),
    ("camera", "nvr"): (["nvr_id", "site_id"], ["id", "site_id"]),
    ("ai_event", "site"): (["site_id"], ["id"]),
    ("ai_event", "camera"): (["camera_id"], ["id"]),
    ("ai_artifact", "ai_event"): (["event_id", "site_id"], ["id", "site_id"]),
    ("notification_log", "site"): (["site_id"], ["id"]),
    ("poll_state", "site"): (["site_id"], ["id"]),
    ("circuit_breaker_state", "site"): (["site_id"], ["id"]),
}
SQLITE_NAMES = {
    "TIMESTAMP": "DATETIME",
    "UUID": "CHAR(32)",
    "BIGINT": "INTEGER",
}
"""How SQLite's catalogue says it, where it differs."""


POSTGRESQL = postgresql.dialect()  # type: ignore[no-untyped-call]


def table_names(conn: Connection) -> set[str]:
    return set(inspect(conn).get_table_names())


@pytest.fixture
async def store(tmp_path: Path) -> Any:
    store = await Store.open(tmp_path / "vedette.db", FakeClock())
    yield store
    await store.close()


async def test_every_table_has_the_columns_and_types_of_the_seed(store: Store) -> None:
    def compare(conn: Connection) -> None:
        for table, columns in SEED.items():
            real = {c["name"]: str(c["type"]) for c in inspect(conn).get_columns(table)}
            for name, kind in columns.items():
                assert real[name] == SQLITE_NAMES.get(kind, kind), f"{table}.{name}"

    async with store.engine.connect() as conn:
        await conn.run_sync(compare)


@pytest.mark.parametrize("table", sorted(SEED))
def test_postgresql_would_get_the_same_types(table: str) -> None:
    made = str(CreateTable(METADATA.tables[table]).compile(dialect=POSTGRESQL))
    names = {"FLOAT": "FLOAT", "JSON": "JSONB", "BLOB": "BYTEA", "TIMESTAMP": "TIMESTAMP WITH TIME"}
    for column, kind in SEED[table].items():
        wanted = "BIGSERIAL" if kind == "BIGINT" else names.get(kind, kind)
        assert re.search(rf"\t{column} {wanted}", made), (column, made)


async def test_every_business_table_has_a_site(store: Store) -> None:
    def find(conn: Connection) -> set[str]:
        catalogue = inspect(conn)
        return {
            table
            for table in catalogue.get_table_names()
            if "site_id" not in {c["name"] for c in catalogue.get_columns(table)}
        }

    async with store.engine.connect() as conn:
        assert await conn.run_sync(find) == WITHOUT_SITE


async def test_keys_and_links_are_those_of_the_seed(store: Store) -> None:
    def compare(conn: Connection) -> None:
        catalogue = inspect(conn)
        for table, key in KEYS.items():
            assert catalogue.get_pk_constraint(table)["constrained_columns"] == key
        found = {
            (table, link["referred_table"]): (link["constrained_columns"], link["referred_columns"])
            for table in SEED
            for link in catalogue.get_foreign_keys(table)
        }
        assert found.items() >= LINKS.items()

    async with store.engine.connect() as conn:
        await conn.run_sync(compare)


async def test_an_orphan_and_a_second_row_of_a_key_are_refused(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "vedette.db", FakeClock())
    await with_places(store)
    insert = (
        "INSERT INTO poll_state (site_id, component, severity, consecutive_failures, "
        "load_shed_mode) VALUES (:site, 'nvr', 'ok', 0, false)"
    )
    async with store.write() as unit:
        await unit.conn.execute(text(insert), {"site": "home"})
    for site in ("home", "nowhere"):
        with pytest.raises(InvalidInput, match="refused a row"):
            async with store.write() as unit:
                await unit.conn.execute(text(insert), {"site": site})
    orphan = "INSERT INTO nvr (id, site_id, name, status) VALUES ('n', 'nowhere', 'N', 'ok')"
    with pytest.raises(InvalidInput, match="refused a row"):
        async with store.write() as unit:
            await unit.conn.execute(text(orphan))
    await store.close()


async def test_the_migrations_make_what_the_tables_say(store: Store) -> None:
    def differences(conn: Connection) -> list[Any]:
        context = MigrationContext.configure(conn, opts={"compare_type": True})
        return list(compare_metadata(context, METADATA))

    async with store.engine.connect() as conn:
        assert await conn.run_sync(differences) == []
        config = await conn.run_sync(alembic_config)
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


async def test_up_down_and_up_again(store: Store) -> None:
    async with store.engine.execution_options(**{WRITE: True}).begin() as conn:
        await conn.run_sync(downgrade)
        assert await conn.run_sync(table_names) == {"alembic_version"}
        await conn.run_sync(lambda c: c.execute(text("DROP TABLE alembic_version")))
        await conn.run_sync(upgrade)
        names = await conn.run_sync(table_names)
    assert names == {*METADATA.tables, "alembic_version"}


OLD_EVENT = make_event(1, state=EventState.CLOSED, ended_at=NOON)
OLD_ARTIFACT = make_artifact(OLD_EVENT)


async def test_a_database_of_the_first_versions_is_brought_up_with_what_it_holds(
    tmp_path: Path,
) -> None:
    store = await Store.open(tmp_path / "vedette.db", FakeClock())
    await with_places(store)
    await add_events(store, [OLD_EVENT])
    async with store.engine.execution_options(**{WRITE: True}).begin() as conn:
        await conn.run_sync(lambda c: downgrade(c, "0002"))
        new = {"expires_at", "retention_class", "lifecycle_tag"}
        body = plain(OLD_ARTIFACT, without=frozenset(new))
        row = {
            "id": OLD_ARTIFACT.id.hex,
            "event": OLD_EVENT.id.hex,
            "path": OLD_ARTIFACT.storage_path,
            "body": json.dumps(body),
        }
        insert = (
            "INSERT INTO ai_artifact (id, event_id, site_id, type, storage_path, metadata_json, "
            "revision, size_bytes, sha256, stored_at) VALUES (:id, :event, 'home', 'snapshot', "
            ":path, :body, 1, 1000, 'x', '2026-03-14 12:00:00.000000')"
        )
        await conn.execute(text(insert), row)
    await store.close()

    store = await Store.open(tmp_path / "vedette.db", FakeClock())
    async with store.read() as unit:
        assert await unit.artifacts(HOME).of_event(OLD_EVENT.id) == (OLD_ARTIFACT,)
        [old] = await unit.artifacts(HOME).oldest(limit=5)
        assert await unit.artifacts(HOME).expired(unit.now, limit=5) == ()
    await store.close()
    assert (old.expires_at, old.retention_class) == (None, RetentionClass.STANDARD)


def test_postgresql_would_get_the_same_steps() -> None:
    said = io.StringIO()
    options = {"as_sql": True, "output_buffer": said}
    context = MigrationContext.configure(dialect_name="postgresql", opts=options)
    script = Config()
    script.set_main_option("script_location", "vedette.store:migrations")
    script.set_main_option("path_separator", "os")
    steps = list(ScriptDirectory.from_config(script).walk_revisions())
    with Operations.context(context):
        for step in reversed(steps):
            step.module.upgrade()
        for step in steps:
            step.module.downgrade()

    sql = said.getvalue()
    for column in (
        "expires_at TIMESTAMP WITH TIME ZONE;",
        "retention_class TEXT DEFAULT 'standard' NOT NULL;",
        "lifecycle_tag TEXT DEFAULT '' NOT NULL;",
    ):
        assert f"ALTER TABLE ai_artifact ADD COLUMN {column}" in sql
    assert "CREATE INDEX ix_ai_artifact_expiry ON ai_artifact (expires_at, id);" in sql
    assert "ALTER TABLE ai_artifact DROP COLUMN expires_at;" in sql


async def test_a_migration_that_fails_halfway_leaves_the_old_schema(store: Store) -> None:
    def half(conn: Connection) -> None:
        downgrade(conn)
        raise KeyError("killed")

    with pytest.raises(KeyError):
        async with store.engine.execution_options(**{WRITE: True}).begin() as conn:
            await conn.run_sync(half)
    await store.check()
    async with store.engine.connect() as conn:
        names = await conn.run_sync(table_names)
    assert names == {*METADATA.tables, "alembic_version"}


FILTERS = {
    "ix_ai_event_site": EventFilter(),
    "ix_ai_event_camera": EventFilter(cameras=("yard",)),
    "ix_ai_event_type": EventFilter(types=("enter",)),
    "ix_ai_event_label": EventFilter(labels=("person",)),
    "ix_ai_event_state": EventFilter(states=(EventState.OPEN,)),
}


@pytest.mark.parametrize("index", sorted(FILTERS))
async def test_a_page_is_read_from_an_index_without_sorting(tmp_path: Path, index: str) -> None:
    store = await Store.open(tmp_path / "vedette.db", FakeClock())
    await with_places(store)
    await add_events(store, [make_event(n) for n in range(50)])
    async with store.read() as unit:
        first = await unit.events(HOME).find(FILTERS[index], limit=10)
    seen: list[str] = []

    def explain(_c: Any, cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if statement.startswith("SELECT ai_event"):
            cursor.execute("EXPLAIN QUERY PLAN " + statement, values)
            seen.extend(row[3] for row in cursor.fetchall())

    event.listen(store.engine.sync_engine, "before_cursor_execute", explain)
    async with store.read() as unit:
        await unit.events(HOME).find(FILTERS[index], limit=10, after=first.next)
    await store.close()
    assert seen
    assert any(f"USING INDEX {index} " in line and "ts_event<" in line for line in seen), seen
    assert not any("TEMP B-TREE" in line for line in seen), seen


async def test_a_commit_is_on_the_disk_and_links_are_enforced(store: Store) -> None:
    async with store.engine.connect() as conn:
        found = [
            (await conn.execute(text(f"PRAGMA {name}"))).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "application_id")
        ]
    assert found == ["wal", 2, 1, 0x56454454]
