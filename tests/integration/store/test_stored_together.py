"""What waits is stored in one transaction, and still each thing as if it were alone."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event as hooks

from tests.integration.store.bench import Bench, media
from vedette.contracts.artifact import ArtifactKind
from vedette.contracts.errors import InvalidInput
from vedette.contracts.event import EventState
from vedette.contracts.sink import EventChange
from vedette.link.messages import Story
from vedette.services.event_writer import TOGETHER
from vedette.testing.store_samples import make_event, make_track, make_verdict

MANY = 24


def commits_of(bench: Bench) -> list[int]:
    """Grows with every commit of the store."""
    seen: list[int] = []
    hooks.listen(bench.store.engine.sync_engine, "commit", lambda _: seen.append(1))
    return seen


def stories(count: int) -> list[Story]:
    numbers = range(1, count + 1)
    return [Story(track=make_track(n), verdicts=(make_verdict("seen", n),)) for n in numbers]


async def test_what_waits_costs_one_commit(bench: Bench) -> None:
    changes = [EventChange(event=make_event(n), artifacts=(media(),)) for n in range(MANY)]
    async with bench.writing() as writer:
        seen = commits_of(bench)
        await asyncio.gather(*(writer.keep(each) for each in changes))
    assert len(seen) <= 2 * (2 + 1), f"{len(seen)} commits: of what is known, and of what is new"
    assert writer.counts.stored == MANY
    for change in changes:
        assert await bench.event(change.event) == change.event
        assert len(await bench.artifacts(change.event)) == 1
    assert await bench.consistent()


async def test_one_that_is_refused_spoils_it_for_nobody(bench: Bench) -> None:
    events = [make_event(n) for n in range(6)]
    events[3] = events[3].model_copy(update={"camera_id": "nowhere"})
    async with bench.writing() as writer:
        kept = await asyncio.gather(
            *(writer.keep(EventChange(event=each, artifacts=(media(),))) for each in events),
            return_exceptions=True,
        )
    refused = [number for number, each in enumerate(kept) if isinstance(each, InvalidInput)]
    assert refused == [3]
    assert [each for number, each in enumerate(kept) if number != 3] == [None] * 5
    assert (writer.counts.stored, writer.counts.failed) == (5, 1)
    assert len(bench.on_disk()) == 5, "its picture is still there"
    assert await bench.consistent()


async def test_changes_of_one_event_get_their_revisions_in_order(bench: Bench) -> None:
    event = make_event(1)
    pictures = [media(revision=number + 1, data=b"%d" % number) for number in range(3)]
    gif = media(ArtifactKind.GIF, data=b"gif")
    async with bench.writing() as writer:
        changes = [EventChange(event=event, artifacts=(each,)) for each in [*pictures, gif]]
        await asyncio.gather(*(writer.keep(each) for each in changes))
    found = {(a.kind, a.revision) for a in await bench.artifacts(event)}
    assert found == {(ArtifactKind.SNAPSHOT, 3), (ArtifactKind.GIF, 1)}


@pytest.mark.parametrize("count", [1, 5, 70])
async def test_tracks_and_events_are_stored_in_the_order_in_which_they_were_said(
    bench: Bench, count: int
) -> None:
    async with bench.writing() as writer:
        await asyncio.gather(*(writer.keep(each) for each in stories(count)))
        event = make_event(1)
        await writer.keep(EventChange(event=event))
    assert writer.counts.stored == count + 1
    assert [topic for topic, _ in await bench.outbox()] == ["event.opened"]


async def test_many_changes_cost_as_many_statements_as_one(bench: Bench) -> None:
    async def statements(first: int, count: int) -> int:
        said: list[str] = []

        def note(conn: Any, cursor: Any, statement: str, *more: Any) -> None:
            said.append(statement)

        made = await bench.keeper.write_all([event_with_picture(first + n) for n in range(count)])
        hooks.listen(bench.store.engine.sync_engine, "before_cursor_execute", note)
        async with bench.store.write() as unit:
            await bench.keeper.add_rows(unit, *made)
        hooks.remove(bench.store.engine.sync_engine, "before_cursor_execute", note)
        return len(said)

    assert await statements(100, MANY) == await statements(0, 1) > 3


async def test_all_changes_of_an_event_are_told_and_the_last_is_kept(bench: Bench) -> None:
    opened = make_event(1)
    moved = opened.model_copy(update={"updated_at": opened.updated_at + timedelta(seconds=2)})
    closed = moved.model_copy(
        update={"state": EventState.CLOSED, "updated_at": moved.updated_at + timedelta(seconds=2)}
    )
    made = await bench.keeper.write_all([EventChange(event=e) for e in (opened, moved, closed)])
    async with bench.store.write() as unit:
        await bench.keeper.add_rows(unit, *made, made[1])  # the last one comes late

    assert await bench.event(opened) == closed
    topics = [topic for topic, _ in await bench.outbox()]
    assert topics == ["event.opened", "event.updated", "event.closed"]


def event_with_picture(number: int) -> EventChange:
    return EventChange(event=make_event(number), artifacts=(media(data=b"%d" % number),))


async def in_turns(writer: Any, said: dict[str, Any]) -> list[str]:
    """Hand these over at once; their names in the order in which they were stored."""
    stored: list[str] = []

    async def keep(name: str, each: Any) -> None:
        await writer.keep(each)
        stored.append(name)

    await asyncio.gather(*(keep(name, each) for name, each in said.items()))
    return stored


async def test_an_event_that_opens_waits_for_nothing_but_what_is_being_stored(
    bench: Bench,
) -> None:
    before: dict[str, Any] = {f"story {n}": each for n, each in enumerate(stories(4 * TOGETHER))}
    event = make_event(1)
    closed = event.model_copy(
        update={
            "state": EventState.CLOSED,
            "updated_at": event.opened_at + timedelta(seconds=9),
            "ended_at": event.opened_at + timedelta(seconds=9),
        }
    )
    changes = {"opens": EventChange(event=event), "closes": EventChange(event=closed)}
    async with bench.writing() as writer:
        stored = await in_turns(writer, before | changes)
    assert stored.index("opens") <= TOGETHER
    assert stored[-1] == "closes"
    assert [topic for topic, _ in await bench.outbox()] == ["event.opened", "event.closed"]


async def test_events_that_open_without_end_leave_the_others_their_turns(bench: Bench) -> None:
    said: dict[str, Any] = {"story": stories(1)[0]}
    for number in range(6 * TOGETHER):
        said[f"event {number}"] = EventChange(event=make_event(number))
    async with bench.writing() as writer:
        stored = await in_turns(writer, said)
    assert stored.index("story") < 2 * TOGETHER
