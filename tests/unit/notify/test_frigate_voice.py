"""What listeners to Frigate are told: tracked objects and review items, in the right order."""

import json
from collections import defaultdict
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.notify.events import an_event, closed
from vedette.contracts.event import Event, EventState, Severity
from vedette.notify.frigate import FrigateVoice, id_of, object_of
from vedette.notify.home import HomeCamera, Message, present

YARD = HomeCamera(id="yard", title="Front yard", labels=("person",))


class Stage:
    """Plays events to a voice as the product does."""

    def __init__(self, prefix: str = "frigate") -> None:
        self.voice = FrigateVoice(prefix=prefix)
        self.said: list[Message] = list(self.voice.cameras([YARD]))
        self._open: dict[Any, Event] = {}

    def plays(self, *events: Event) -> None:
        for event in events:
            if event.state is EventState.OPEN:
                self._open[event.id] = event
            else:
                self._open.pop(event.id, None)
            there = present(self._open.values())
            self.said += self.voice.event(event, "title", there, there)

    def objects(self, topic: str) -> list[dict[str, Any]]:
        return [json.loads(each.payload) for each in self.said if each.topic == topic]

    def last(self, topic: str) -> bytes:
        return [each.payload for each in self.said if each.topic == topic][-1]


def test_an_event_is_new_then_updated_then_ended() -> None:
    event = an_event(1, "a")
    surer = event.model_copy(update={"score": 0.9})
    stage = Stage()

    stage.plays(event, surer, closed(surer))

    new, update, end = stage.objects("frigate/events")
    assert [each["type"] for each in (new, update, end)] == ["new", "update", "end"]
    assert len({each["after"]["id"] for each in (new, update, end)}) == 1
    assert (update["before"]["score"], update["after"]["score"]) == (0.8, 0.9)
    assert end["before"] == update["after"]
    assert new["after"]["end_time"] is None
    assert end["after"]["end_time"] == closed(event).ended_at.timestamp()  # type: ignore[union-attr]
    assert (new["after"]["camera"], new["after"]["label"]) == ("yard", "person")
    assert new["after"]["box"] == [320, 180, 640, 540]
    assert new["after"]["entered_zones"] == ["drive"]
    assert end["after"]["current_zones"] == []


def test_events_that_overlap_are_one_review_item() -> None:
    first, second = an_event(1, "a", severity=Severity.INFO), an_event(2, "b")
    later = an_event(60, "c")
    stage = Stage()

    stage.plays(first, second, closed(first), closed(second), later, closed(later))

    reviews = stage.objects("frigate/reviews")
    kinds = [each["type"] for each in reviews]
    assert kinds == ["new", "update", "end", "new", "end"]
    ids = [each["after"]["id"] for each in reviews]
    assert ids[:3] == [id_of(first)] * 3
    assert ids[3:] == [id_of(later)] * 2
    assert [each["after"]["severity"] for each in reviews[:3]] == ["detection", "alert", "alert"]
    assert reviews[2]["after"]["data"]["detections"] == [id_of(first), id_of(second)]
    assert reviews[2]["after"]["end_time"] is not None


def test_counts_are_of_cameras_and_zones() -> None:
    event = an_event(1, "a", "b")
    stage = Stage()

    stage.plays(event)
    there = [stage.last(f"frigate/{place}/person") for place in ("yard", "drive")]
    stage.plays(closed(event))

    assert there == [b"2", b"2"]
    assert stage.last("frigate/yard/person") == b"0"
    assert stage.last("frigate/yard/all") == b"0"


def test_another_prefix_leaves_a_real_frigate_alone() -> None:
    stage = Stage("vedette-frigate")
    event = an_event(1, "a")
    stage.plays(event, closed(event))
    stage.said += stage.voice.picture("yard", "person", b"jpeg")

    assert {each.topic.partition("/")[0] for each in stage.said} == {"vedette-frigate"}
    assert stage.last("vedette-frigate/yard/person/snapshot") == b"jpeg"


def test_an_end_that_nobody_heard_the_beginning_of_has_one() -> None:
    stage = Stage()
    stage.plays(closed(an_event(1, "a")))

    assert [each["type"] for each in stage.objects("frigate/events")] == ["new", "end"]


def test_without_a_box_nothing_is_divided_by_nothing() -> None:
    told = object_of(an_event(1).model_copy(update={"box": None}))
    assert (told["area"], told["ratio"], told["has_snapshot"]) == (0, 0.0, False)


@given(
    steps=st.lists(st.tuples(st.integers(1, 4), st.sampled_from(["open", "close"])), max_size=30)
)
def test_whatever_comes_each_id_is_new_once_and_ends_once(steps: list[tuple[int, str]]) -> None:
    stage, over = Stage(), set[int]()
    for number, what in steps:
        event = an_event(number, str(number))
        if what == "close":
            over.add(number)
        elif number in over:
            continue  # it is not opened again, but may be told of again
        stage.plays(event if what == "open" else closed(event))

    for topic in ("frigate/events", "frigate/reviews"):
        kinds = defaultdict(list)
        for each in stage.objects(topic):
            kinds[each["after"]["id"]].append(each["type"])
        for said in kinds.values():
            assert said[0] == "new"
            assert set(said[1:-1]) <= {"update"}
            assert said.count("new") == 1
            assert said.count("end") <= 1
            assert "end" not in said[:-1]
