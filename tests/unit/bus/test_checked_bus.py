"""The boundary of the bus: what breaks a contract does not pass; versions understand each other."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.bus.checked import CheckedBus
from vedette.bus.memory import MemoryBus
from vedette.contracts.contract_notice import ContractKind, ContractNotice
from vedette.contracts.detection_v2 import DetectionFact2, to_v1, to_v2
from vedette.contracts.facts import DetectedObject, DetectionFact
from vedette.contracts.payload import Payload
from vedette.testing.bus_bench import Numbered, running
from vedette.testing.fakes import FakeClock

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FACT = DetectionFact(
    camera_id="yard",
    at=NOON,
    objects=(
        DetectedObject(
            label="person",
            score=0.75,
            box=(0.125, 0.25, 0.5, 1.0),
            track_id="yard/s1/4",
            attributes={"zone_matches": ["door"], "colour": "red"},
        ),
    ),
    correlation_id="yard/s1/9",
)


class Ears:
    """Who hears everything of a pattern."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, Payload]] = []

    async def __call__(self, topic: str, payload: Payload) -> None:
        self.heard.append((topic, payload))

    @property
    def notices(self) -> list[ContractNotice]:
        return [fact for _, fact in self.heard if isinstance(fact, ContractNotice)]


@pytest.fixture
def bus() -> CheckedBus:
    return CheckedBus(MemoryBus(clock=FakeClock()), FakeClock())


async def test_what_keeps_to_the_catalogue_passes_as_it_is(bus: CheckedBus) -> None:
    ears = Ears()
    bus.subscribe("process.*", ears, name="ears")
    bus.publish("process.motion.zoned", FACT)
    await bus.send("process.motion.unique", FACT)
    await bus.drain()

    assert ears.heard == [("process.motion.zoned", FACT), ("process.motion.unique", FACT)]


@pytest.mark.parametrize(
    ("topic", "payload", "reason", "errors"),
    [
        ("process.detect", FACT, "process.detect is no topic of the catalogue", ()),
        (
            "process.motion.zoned",
            {"camera_id": "yard", "at": "2026-03-01T12:00:00Z"},
            "what was published on process.motion.zoned is no DetectionFact",
            ("objects: Field required", "correlation_id: Field required"),
        ),
        (
            "process.motion.zoned",
            FACT.model_copy(update={"camera_id": "../etc"}),
            None,
            None,
        ),
        (
            "camera.yard.frame",
            Numbered(number=1),
            "what was published on camera.yard.frame is no FrameFact",
            None,
        ),
        ("process.motion.zoned", 7, "what was published on process.motion.zoned is no", None),
    ],
)
async def test_what_breaks_a_contract_is_refused_and_told(
    bus: CheckedBus, topic: str, payload: Any, reason: str | None, errors: tuple[str, ...] | None
) -> None:
    ears, contract = Ears(), Ears()
    bus.subscribe("*", ears, name="ears")
    bus.subscribe("status.contract", contract, name="contract")
    bus.publish(topic, payload)
    await bus.drain()

    if reason is None:  # a payload of the right class is trusted: checking each would cost too much
        assert [t for t, _ in ears.heard] == [topic]
        return
    [notice] = contract.notices
    assert (notice.kind, notice.topic) == (ContractKind.REJECTED, topic)
    assert notice.reason.startswith(reason)
    if errors is not None:
        assert notice.errors == errors
    assert [t for t, _ in ears.heard] == ["status.contract"]
    assert await bus.deliver(topic, payload) == (), "told again and again it would not be better"


async def test_plain_data_becomes_the_payload_and_keeps_what_is_not_known(bus: CheckedBus) -> None:
    ears = Ears()
    bus.subscribe("process.motion.zoned", ears, name="ears")
    data: Any = {**FACT.model_dump(mode="json"), "weather": "rain"}
    bus.publish("process.motion.zoned", data)
    await bus.drain()

    [(_, fact)] = ears.heard
    assert isinstance(fact, DetectionFact)
    assert fact.model_extra == {"weather": "rain"}
    assert fact.objects == FACT.objects


async def test_old_and_new_versions_of_a_topic_understand_each_other(bus: CheckedBus) -> None:
    old, new, contract = Ears(), Ears(), Ears()
    bus.subscribe("status.contract", contract, name="contract")
    bus.subscribe("process.detected.v2", new, name="modern")
    assert bus.wanted("process.detected"), "a publisher of version 1 must not stay silent"
    assert set(bus.patterns()) >= {"process.detected", "process.detected.v2"}
    bus.publish("process.detected", FACT)
    await bus.drain()
    [(topic, fact)] = new.heard
    assert topic == "process.detected.v2"
    assert isinstance(fact, DetectionFact2)
    assert fact.objects[0].zones == ("door",)
    assert fact.objects[0].box.bottom == 1.0
    assert contract.notices == []

    bus.subscribe("process.detected", old, name="veteran")
    bus.subscribe("process.detected", Ears(), name="veteran")
    async with running(bus):
        bus.publish("process.detected.v2", fact)
        assert await bus.deliver("process.detected.v2", fact) == ()
        await bus.drain()
    assert old.heard == [("process.detected", FACT)] * 2
    [notice] = contract.notices
    assert (notice.kind, notice.who, notice.topic, notice.successor) == (
        ContractKind.DEPRECATED,
        "veteran",
        "process.detected",
        "process.detected.v2",
    )


SIDES = st.floats(0, 1)
OBJECTS = st.builds(
    DetectedObject,
    label=st.text(max_size=9),
    score=SIDES,
    box=st.tuples(SIDES, SIDES, SIDES, SIDES),
    track_id=st.none() | st.text(max_size=9),
    attributes=st.builds(
        lambda zones, rest: {**rest, **({"zone_matches": zones} if zones else {})},
        st.lists(st.from_regex(r"[a-z0-9_-]{1,8}", fullmatch=True), max_size=3),
        st.dictionaries(st.sampled_from(["a", "b"]), st.integers(), max_size=2),
    ),
)


@given(st.lists(OBJECTS, max_size=4))
def test_nothing_is_lost_on_the_way_there_and_back(objects: list[DetectedObject]) -> None:
    fact = FACT.model_copy(update={"objects": tuple(objects)})

    assert to_v1(to_v2(fact)) == fact


def test_silence_needs_no_check(bus: CheckedBus) -> None:
    bus.publish("process.detect", FACT)  # nobody listens, not even to complaints

    assert not bus.wanted("process.detected")
    assert bus.stats() == ()
