"""What every relational store must do. Subclass, provide `opened`, and run pytest."""

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from vedette.contracts.artifact import ArtifactKind
from vedette.contracts.errors import InvalidInput, NotFound
from vedette.contracts.event import Event, EventState, Severity
from vedette.contracts.lifecycle import Lifecycle
from vedette.contracts.notice import DeliveryStatus
from vedette.store.events import EventFilter
from vedette.store.places import Camera, Site
from vedette.store.scope import SiteScope
from vedette.store.store import Store
from vedette.testing.store_samples import (
    BOTH,
    HOME,
    NOON,
    add_events,
    make_artifact,
    make_event,
    make_notice,
    make_track,
    make_verdict,
)


async def every_page(store: Store, scope: SiteScope, wanted: EventFilter, limit: int) -> list[UUID]:
    """Ids of all pages, in order."""
    found: list[UUID] = []
    after: str | None = None
    while True:
        async with store.read() as unit:
            page = await unit.events(scope).find(wanted, limit=limit, after=after)
        found += [event.id for event in page.events]
        after = page.next
        if after is None:
            return found


async def _fail_midway(store: Store) -> None:
    async with store.write() as unit:
        await unit.events(HOME).save(make_event(1), now=unit.now)
        await unit.outbox(HOME).add("event.opened", make_event(1), site_id="home", now=unit.now)
        raise KeyError("midway")


class EventStoreContract:
    """Events, artifacts, outbox, messages, tracks and ledger behave the same in every store."""

    def opened(self) -> AbstractAsyncContextManager[Store]:
        """An empty store with `with_places` applied; its clock stands still."""
        raise NotImplementedError

    async def test_an_event_comes_back_as_it_was_stored(self) -> None:
        event = make_event(1, line_id="gate", correlation_id="yard/s1/9", ended_at=NOON)
        newer = Event.model_validate({**event.model_dump(), "of_a_newer_version": [1, 2]})
        async with self.opened() as store:
            await add_events(store, [newer])
            async with store.read() as unit:
                assert await unit.events(HOME).get(event.id) == newer

    async def test_an_event_of_another_site_is_not_there(self) -> None:
        event = make_event(1, site_id="farm", camera_id="barn")
        async with self.opened() as store:
            await add_events(store, [event])
            async with store.read() as unit:
                assert (await unit.events(HOME).find()).events == ()
                assert (await unit.events(BOTH).find()).events == (event,)
                with pytest.raises(NotFound, match=str(event.id)):
                    await unit.events(HOME).get(event.id)

    async def test_writing_for_a_site_outside_the_scope_is_refused(self) -> None:
        event = make_event(1, site_id="farm", camera_id="barn")
        async with self.opened() as store:
            with pytest.raises(InvalidInput, match="farm"):
                async with store.write() as unit:
                    await unit.events(HOME).save(event, now=unit.now)
            with pytest.raises(InvalidInput, match="farm"):
                async with store.write() as unit:
                    await unit.cameras(HOME).save([Camera(id="barn", site_id="home", name="Mine")])

    async def test_an_event_of_an_unknown_camera_is_refused_and_leaves_no_trace(self) -> None:
        async with self.opened() as store:
            with pytest.raises(InvalidInput, match="refused"):
                await add_events(store, [make_event(1), make_event(2, camera_id="attic")])
            async with store.read() as unit:
                assert (await unit.events(HOME).find()).events == ()

    @pytest.mark.parametrize(
        ("wanted", "numbers"),
        [
            (EventFilter(), [5, 4, 3, 2, 1, 0]),
            (EventFilter(cameras=("barn",)), [5]),
            (EventFilter(cameras=("barn", "yard")), [5, 4, 3, 2, 1, 0]),
            (EventFilter(rules=("counting",)), [1]),
            (EventFilter(types=("loiter",)), [2]),
            (EventFilter(labels=("car",)), [3]),
            (EventFilter(zones=("street",)), [3]),
            (EventFilter(severities=(Severity.CRITICAL,)), [4]),
            (EventFilter(states=(EventState.CLOSED,)), [4]),
            (EventFilter(since=NOON + timedelta(seconds=4)), [5, 4]),
            (EventFilter(until=NOON + timedelta(seconds=1)), [0]),
            (EventFilter(labels=("person",), states=(EventState.OPEN,)), [5, 2, 1, 0]),
            (EventFilter(labels=("cat",)), []),
        ],
    )
    async def test_filters_find_what_they_name(
        self, wanted: EventFilter, numbers: list[int]
    ) -> None:
        events = [
            make_event(0),
            make_event(1, rule_id="counting"),
            make_event(2, event_type="loiter"),
            make_event(3, label="car", zone_id="street"),
            make_event(4, severity=Severity.CRITICAL, state=EventState.CLOSED),
            make_event(5, site_id="farm", camera_id="barn"),
        ]
        async with self.opened() as store:
            await add_events(store, events)
            async with store.read() as unit:
                page = await unit.events(BOTH).find(wanted)
        assert [e.id for e in page.events] == [events[n].id for n in numbers]
        assert page.next is None

    @pytest.mark.parametrize("limit", [0, -1, 501])
    async def test_a_page_has_bounds(self, limit: int) -> None:
        async with self.opened() as store, store.read() as unit:
            with pytest.raises(InvalidInput, match="1 to 500"):
                await unit.events(HOME).find(limit=limit)

    async def test_pages_hold_each_event_once_even_of_the_same_moment(self) -> None:
        same = [make_event(7, dedupe_key=f"track-{n}") for n in range(9)]
        others = [make_event(n) for n in (1, 2, 30, 31)]
        async with self.opened() as store:
            await add_events(store, same + others)
            for limit in (1, 2, 3, 5, 13, 14):
                found = await every_page(store, HOME, EventFilter(), limit)
                assert found == [
                    e.id
                    for e in sorted(
                        same + others, key=lambda e: (e.started_at, e.id.hex), reverse=True
                    )
                ]

    async def test_an_artifact_needs_its_event_in_the_same_site(self) -> None:
        event = make_event(1)
        stranger = make_artifact(event).model_copy(update={"site_id": "farm"})
        async with self.opened() as store:
            await add_events(store, [event])
            with pytest.raises(InvalidInput, match="refused"):
                async with store.write() as unit:
                    await unit.artifacts(BOTH).add(stranger, now=unit.now)
            async with store.write() as unit:
                await unit.artifacts(BOTH).add(make_artifact(event), now=unit.now)
            async with store.read() as unit:
                artifacts = unit.artifacts(HOME)
                assert await artifacts.of_event(event.id) == (make_artifact(event),)
                assert await artifacts.get(make_artifact(event).id) == make_artifact(event)
                with pytest.raises(NotFound):
                    await unit.artifacts(SiteScope("farm")).get(make_artifact(event).id)

    async def test_artifacts_with_an_end_of_their_own_are_found_when_it_is_reached(self) -> None:
        days = {1: 3.0, 2: 1.0, 3: 2.0, 4: None}
        async with self.opened() as store:
            for number, keep_days in days.items():
                event = make_event(number, lifecycle=Lifecycle(keep_days=keep_days))
                await add_events(store, [event])
                async with store.write() as unit:
                    artifact = make_artifact(event).living(event.lifecycle, unit.now)
                    await unit.artifacts(HOME).add(artifact, now=unit.now)
            async with store.read() as unit:
                artifacts, ends = unit.artifacts(HOME), unit.now + timedelta(days=2)
                first, second = await artifacts.expired(ends, limit=5)
                assert [first.id, second.id] == [make_artifact(make_event(n)).id for n in (2, 3)]
                assert second.expires_at == ends
                assert await artifacts.expired(ends, limit=5, after=first) == (second,)
                assert await unit.artifacts(SiteScope("farm")).expired(ends, limit=5) == ()

    async def test_a_discarded_artifact_waits_in_the_garbage_until_it_is_dropped(self) -> None:
        event = make_event(1)
        artifact = make_artifact(event, ArtifactKind.CLIP, 3)
        async with self.opened() as store:
            await add_events(store, [event])
            async with store.write() as unit:
                await unit.artifacts(HOME).add(artifact, now=unit.now)
                assert await unit.artifacts(HOME).total_bytes() == 1000
                assert await unit.artifacts(HOME).discard([artifact.id], "age", now=unit.now) == 1
            async with store.write() as unit:
                assert await unit.artifacts(HOME).of_event(event.id) == ()
                assert await unit.artifacts(HOME).total_bytes() == 0
                (waiting,) = await unit.garbage(HOME).find()
                assert waiting.storage_path == artifact.storage_path
                assert (waiting.kind, waiting.revision) == (ArtifactKind.CLIP, 3)
                assert await unit.garbage(SiteScope("farm")).find() == ()
                await unit.garbage(HOME).drop([waiting.id])
                assert await unit.garbage(HOME).find() == ()

    async def test_the_same_fact_is_queued_once_and_leased_in_order(self) -> None:
        first, second = make_event(1), make_event(2)
        async with self.opened() as store:
            async with store.write() as unit:
                outbox = unit.outbox(BOTH)
                for event in (first, second, first):
                    await outbox.add("event.opened", event, site_id="home", now=unit.now)
                assert await outbox.waiting() == 2
                letters = await outbox.lease(10, now=unit.now, lease_s=30.0)
            assert [letter.body["id"] for letter in letters] == [str(first.id), str(second.id)]
            assert [letter.attempts for letter in letters] == [1, 1]

    async def test_a_lease_ends_so_that_a_crash_while_telling_loses_nothing(self) -> None:
        async with self.opened() as store, store.write() as unit:
            now, outbox = unit.now, unit.outbox(HOME)
            await outbox.add("event.opened", make_event(1), site_id="home", now=now)
            (letter,) = await outbox.lease(10, now=now, lease_s=30.0)
            assert await outbox.lease(10, now=now, lease_s=30.0) == ()
            early, late = now + timedelta(seconds=29), now + timedelta(seconds=30)
            assert await outbox.lease(10, now=early, lease_s=30.0) == ()
            (again,) = await outbox.lease(10, now=late, lease_s=30.0)
            assert (again.id, again.attempts) == (letter.id, 2)
            await outbox.done([letter.id], now=late)
            much_later = now + timedelta(days=1)
            assert await outbox.lease(10, now=much_later, lease_s=30.0) == ()
            assert await outbox.add("event.opened", make_event(1), site_id="home", now=now) is (
                False
            )

    async def test_two_relays_never_hold_the_same_fact(self) -> None:
        async with self.opened() as store:
            async with store.write() as unit:
                for number in range(20):
                    await unit.outbox(HOME).add(
                        "event.opened", make_event(number), site_id="home", now=unit.now
                    )

            async def lease() -> list[int]:
                async with store.write() as unit:
                    letters = await unit.outbox(HOME).lease(5, now=unit.now, lease_s=60.0)
                return [letter.id for letter in letters]

            taken = await asyncio.gather(*(lease() for _ in range(4)))
            assert len({i for ids in taken for i in ids}) == 20
            assert [len(ids) for ids in taken] == [5, 5, 5, 5]

    async def test_an_alert_goes_to_a_channel_once(self) -> None:
        notice = make_notice(make_event(1))
        async with self.opened() as store:
            async with store.write() as unit:
                now, log = unit.now, unit.notifications(HOME)
                assert await log.queue(notice, "phone", now=now)
                assert not await log.queue(notice, "phone", now=now)
                assert await log.queue(notice, "mail", now=now)
                assert await log.claim(notice.alert_id, "phone", now=now, lease_s=60.0)
                assert not await log.claim(notice.alert_id, "phone", now=now, lease_s=60.0)
                later = now + timedelta(seconds=60)
                assert await log.claim(notice.alert_id, "phone", now=later, lease_s=60.0)
                await log.sent(notice.alert_id, "phone", "chat 42", now=later)
                assert not await log.claim(
                    notice.alert_id, "phone", now=later + timedelta(days=1), lease_s=60.0
                )
                first, second = await log.of_event(notice.event_id)
            assert (first.channel, first.status, first.attempts, first.target) == (
                "phone",
                DeliveryStatus.SENT,
                2,
                "chat 42",
            )
            assert (second.channel, second.status) == ("mail", DeliveryStatus.QUEUED)
            assert first.notice == notice.model_copy(update={"picture": None})

    async def test_a_failed_attempt_is_due_again_later_until_it_failed_for_good(self) -> None:
        notice = make_notice(make_event(1))
        async with self.opened() as store, store.write() as unit:
            now, log = unit.now, unit.notifications(HOME)
            later = now + timedelta(seconds=5)
            await log.queue(notice, "phone", now=now)
            assert len(await log.due(now=now)) == 1
            assert await log.claim(notice.alert_id, "phone", now=now, lease_s=60.0)
            await log.retry(notice.alert_id, "phone", "no route", now=now, after=later)
            assert await log.due(now=now) == ()
            (due,) = await log.due(now=later)
            assert (due.error, due.attempts) == ("no route", 1)
            await log.failed(notice.alert_id, "phone", "unknown chat", now=later)
            assert await log.due(now=later + timedelta(days=1)) == ()
            (newest,) = await log.newest()
            assert (newest.status, newest.error) == (DeliveryStatus.FAILED, "unknown chat")
            assert await log.newest(statuses=[DeliveryStatus.SENT]) == ()
            assert await log.newest(channel="mail") == ()
            assert await log.of_alert(notice.alert_id) == (newest,)
            assert await log.revive(newest.id, now=later)
            assert not await log.revive(newest.id, now=later)
            (again,) = await log.due(now=later)
            assert (again, again.attempts) == (await log.get(newest.id), 0)
            with pytest.raises(NotFound):
                await unit.notifications(SiteScope("farm")).get(newest.id)

    async def test_a_track_comes_back_with_its_path_and_is_kept_once(self) -> None:
        async with self.opened() as store, store.write() as unit:
            tracks = unit.tracks(HOME)
            one, two = ("home", make_track(1)), ("home", make_track(2))
            assert await tracks.add([one], now=unit.now) == {("yard/s1/1", 0)}
            assert await tracks.add([one, two, two], now=unit.now) == {("yard/s1/2", 0)}
            assert await tracks.get("yard/s1/1") == make_track(1)
            span = (NOON + timedelta(seconds=5), NOON + timedelta(seconds=6))
            assert await tracks.find("yard", *span) == (make_track(1), make_track(2))
            assert await tracks.find("yard", NOON - timedelta(hours=1), NOON) == ()
            with pytest.raises(NotFound):
                await unit.tracks(SiteScope("farm")).get("yard/s1/1")

    async def test_later_parts_of_a_track_take_the_place_of_earlier_ones(self) -> None:
        first, later, last = (replace(make_track(1), part=n, samples=n + 5) for n in range(3))
        async with self.opened() as store, store.write() as unit:
            tracks = unit.tracks(HOME)
            both = [("home", first), ("home", later)]
            assert await tracks.add(both, now=unit.now) == {("yard/s1/1", 0), ("yard/s1/1", 1)}
            assert await tracks.get("yard/s1/1") == later
            assert await tracks.add([*both, ("home", last)], now=unit.now) == {("yard/s1/1", 2)}
            assert await tracks.add(both, now=unit.now) == frozenset()
            assert await tracks.get("yard/s1/1") == last

    async def test_the_ledger_of_a_track_keeps_its_order(self) -> None:
        said = [make_verdict(code) for code in ("seen", "confirmed", "entered", "dwell_short")]
        async with self.opened() as store, store.write() as unit:
            ledger = unit.verdicts(HOME)
            await ledger.add(
                [("home", "yard/s1/1", [*said, make_verdict("gate_closed", track=0)])],
                config_version="7",
                today=NOON.date(),
                most_per_day=100,
            )
            assert await ledger.of_track("yard/s1/1") == tuple(said)
            (camera,) = await ledger.of_track("yard/s1/0")
            assert camera.code == "gate_closed"
            found = await ledger.of_camera("yard", NOON, NOON + timedelta(seconds=1))
            assert len(found) == 5
            await ledger.add(
                [("home", "yard/s1/0-person-17", [make_verdict("passed_over", track=0)])],
                config_version="7",
                today=NOON.date(),
                most_per_day=100,
            )
            (record,) = await ledger.of_track("yard/s1/0-person-17")
            assert (record.code, record.track) == ("passed_over", 0)
            assert await unit.verdicts(SiteScope("farm")).of_track("yard/s1/1") == ()

    async def test_the_ledger_of_a_day_is_bounded_and_what_is_left_out_is_counted(self) -> None:
        async with self.opened() as store, store.write() as unit:
            ledger = unit.verdicts(HOME)
            said = {number: [make_verdict(str(n), number) for n in "0123"] for number in range(5)}
            dropped = [
                await ledger.add(
                    [("home", f"yard/s1/{number}", said[number]) for number in numbers],
                    config_version="",
                    today=NOON.date(),
                    most_per_day=10,
                )
                for numbers in ((1,), (2, 3), (4,))
            ]
            assert dropped == [0, 2, 4]
            count = await ledger.count("yard", NOON.date())
            assert (count.kept, count.dropped) == (10, 6)
            assert [v.code for v in await ledger.of_track("yard/s1/3")] == ["0", "1"]
            assert (await ledger.count("yard", NOON.date() + timedelta(days=1))).kept == 0

    async def test_places_are_taken_over_again_without_losing_their_state(self) -> None:
        async with self.opened() as store, store.write() as unit:
            cameras = unit.cameras(HOME)
            await cameras.seen("yard", "online", NOON)
            await cameras.save([Camera(id="yard", site_id="home", name="Back yard")])
            await unit.sites(HOME).save([Site(id="home", name="Main", enabled=False)])
            (yard,) = await cameras.find()
            assert (yard.name, yard.status, yard.last_seen_at) == ("Back yard", "online", NOON)
            assert await unit.sites(HOME).find() == (Site(id="home", name="Main", enabled=False),)
            assert await unit.every_site() == BOTH
            with pytest.raises(NotFound, match="attic"):
                await cameras.seen("attic", "online")

    async def test_a_reader_sees_only_what_is_committed(self) -> None:
        async with self.opened() as store:
            async with store.write() as unit:
                await unit.events(HOME).save(make_event(1), now=unit.now)
                async with store.read() as other:
                    assert (await other.events(HOME).find()).events == ()
            async with store.read() as other:
                assert len((await other.events(HOME).find()).events) == 1

    async def test_an_error_in_the_block_undoes_all_of_it(self) -> None:
        async with self.opened() as store:
            with pytest.raises(KeyError, match="midway"):
                await _fail_midway(store)
            async with store.read() as unit:
                assert (await unit.events(HOME).find()).events == ()
                assert await unit.outbox(HOME).waiting() == 0
