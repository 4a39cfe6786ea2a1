"""What cameras' events mean in our words, by makers; and what is going on at each moment."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.servers.onvif_words import envelope, notice_xml
from vedette.contracts.errors import SourceRefused
from vedette.onvif.board import BELIEVED_S, MAX_KEYS, MOMENT_S, Change, SignalBoard
from vedette.onvif.markup import parse
from vedette.onvif.notices import (
    MAX_NOTICES,
    CameraNotice,
    plain_topic,
    read_notices,
    read_topics,
)
from vedette.onvif.topics import WORDS, Word, signals_of, word_of, words_of

NOW_S = 1000.0


def notice(
    topic: str, data: str = "", operation: str = "Changed", source: str = ""
) -> CameraNotice:
    xml = envelope(notice_xml(topic, data, operation=operation, source=source))
    (read,) = read_notices(parse(xml)).notices
    return read


@pytest.mark.parametrize(
    ("topic", "data", "source", "said"),
    [
        # The standard
        ("RuleEngine/CellMotionDetector/Motion", "IsMotion=true", "", {"motion": True}),
        ("RuleEngine/CellMotionDetector/Motion", "IsMotion=false", "", {"motion": False}),
        ("RuleEngine/MotionRegionDetector/Motion", "State=1", "", {"motion": True}),
        ("VideoSource/MotionAlarm", "State=true", "Source=0", {"motion": True}),
        ("RuleEngine/FieldDetector/ObjectsInside", "IsInside=true", "", {"area": True}),
        ("RuleEngine/FieldDetector/ObjectsInside", "ObjectId=1 IsInside=false", "",
         {"area": False}),
        ("RuleEngine/LineDetector/Crossed", "ObjectId=1", "Rule=Line_1", {"line": None}),
        ("RuleEngine/ObjectDetection/Object", "ClassTypes=Human", "",
         {"person": True, "vehicle": False, "animal": False, "face": False, "plate": False}),
        ("RuleEngine/ObjectDetection/Object", "ClassTypes=Vehicle_Person", "",
         {"person": True, "vehicle": True, "animal": False, "face": False, "plate": False}),
        ("RuleEngine/ObjectDetection/Object", "ClassTypes=", "",
         {"person": False, "vehicle": False, "animal": False, "face": False, "plate": False}),
        ("RuleEngine/TamperDetector/Tamper", "IsTamper=true", "", {"tamper": True}),
        ("VideoSource/GlobalSceneChange/ImagingService", "State=true", "", {"tamper": True}),
        ("VideoSource/ImageTooBlurry/AnalyticsService", "State=false", "", {"tamper": False}),
        # Reolink
        ("RuleEngine/MyRuleDetector/PeopleDetect", "State=true", "Source=000", {"person": True}),
        ("RuleEngine/MyRuleDetector/VehicleDetect", "State=false", "", {"vehicle": False}),
        ("RuleEngine/MyRuleDetector/DogCatDetect", "State=true", "", {"animal": True}),
        ("RuleEngine/MyRuleDetector/FaceDetect", "State=true", "", {"face": True}),
        ("RuleEngine/MyRuleDetector/Visitor", "State=true", "", {"visitor": True}),
        ("RuleEngine/MyRuleDetector/Package", "State=true", "", {"package": True}),
        # TP-Link
        ("RuleEngine/TPSmartEventDetector/TPSmartEvent", "IsVehicle=true", "", {"vehicle": True}),
        ("RuleEngine/CellMotionDetector/TpSmartEvent", "IsPet=true", "", {"animal": True}),
        ("RuleEngine/PeopleDetector/People", "IsPeople=true", "", {"person": True}),
        ("RuleEngine/CellMotionDetector/LineCross", "IsLineCross=true", "", {"line": True}),
        ("RuleEngine/CellMotionDetector/Intrusion", "IsIntrusion=false", "", {"area": False}),
        # Dahua and its kin
        ("UserAlarm/IVA/HumanShapeDetect", "State=true", "", {"person": True}),
        ("VehicleAlarm/IVB/VehicleDetect", "State=true", "", {"vehicle": True}),
        ("RuleEngine/LineDetector/Crossed", "ObjectId=7 ObjectType=Human", "", {"person": None}),
        ("RuleEngine/FieldDetector/ObjectsInside", "IsInside=true", "Rule=Vehicle",
         {"vehicle": True}),
        # Hikvision
        ("RuleEngine/VehicleDetector/tnshik:Vehicle", "PlateNumber=X", "", {"vehicle": None}),
        ("VideoAnalytics/tnshik:MaskAlarm", "State=true", "", {"tamper": True}),
        # Axis
        ("tnsaxis:CameraApplicationPlatform/VMD/Camera1Profile1", "active=1", "", {"motion": True}),
        ("RuleEngine/tnsaxis:VMD3/vmd3_video_1", "active=0", "areaid=0", {"motion": False}),
        ("tnsaxis:CameraApplicationPlatform/ObjectAnalytics/Device1Scenario1", "active=1", "",
         {"area": True}),
        ("tnsaxis:CameraApplicationPlatform/ObjectAnalytics/Device1Scenario1",
         "active=1 objectClassification=human", "", {"person": True}),
        # What is none of our business
        ("Monitoring/ProcessorUsage", "Value=20", "", {}),
        ("Device/Trigger/Relay", "LogicalState=true", "", {}),
        ("RuleEngine", "State=true", "", {}),
    ],
)  # fmt: skip
def test_events_in_our_words(
    topic: str, data: str, source: str, said: dict[str, bool | None]
) -> None:
    full = topic if topic.startswith("tnsaxis:") else f"tns1:{topic}"
    signals = signals_of(notice(full, data, source=source))
    assert {signal.word.value: signal.active for signal in signals} == said


def test_what_was_deleted_is_over() -> None:
    gone = notice("tns1:VideoSource/MotionAlarm", "State=true", operation="Deleted")
    assert [signal.active for signal in signals_of(gone)] == [False]


def test_every_line_of_the_table_is_a_topic_without_prefixes() -> None:
    assert [topic for topic in WORDS if plain_topic(topic) != topic] == []
    assert all(word_of(f"{topic}/more") is word for topic, word in WORDS.items())


def test_topics_that_a_camera_offers_become_words() -> None:
    offered = read_topics(
        parse(
            b"<A><TopicSet><tns1:RuleEngine><CellMotionDetector><Motion w:topic='true'>"
            b"<tt:MessageDescription><tt:Data/></tt:MessageDescription></Motion>"
            b"</CellMotionDetector></tns1:RuleEngine><tns1:Device w:topic='true'><Port/>"
            b"</tns1:Device></TopicSet></A>"
        )
    )
    assert offered == ["RuleEngine/CellMotionDetector/Motion", "Device", "Device/Port"]
    assert words_of(offered) == (Word.MOTION,)
    assert words_of(["RuleEngine/TPSmartEventDetector/TPSmartEvent"]) == (
        Word.PERSON,
        Word.VEHICLE,
        Word.ANIMAL,
    )


def motion(active: bool, source: str = "Source=0") -> CameraNotice:
    return notice("tns1:VideoSource/MotionAlarm", f"State={str(active).lower()}", source=source)


def test_a_word_is_active_while_any_of_its_sources_is() -> None:
    board = SignalBoard()

    assert board.feed(motion(True, "Source=0"), NOW_S) == [Change(word=Word.MOTION, active=True)]
    assert board.feed(motion(True, "Source=1"), NOW_S) == []
    assert board.feed(motion(False, "Source=0"), NOW_S) == []
    assert board.feed(motion(False, "Source=1"), NOW_S) == [Change(word=Word.MOTION, active=False)]


def test_what_just_happened_is_over_after_a_moment() -> None:
    board = SignalBoard()
    crossed = notice("tns1:RuleEngine/LineDetector/Crossed", "ObjectId=1", operation="")

    assert board.feed(crossed, NOW_S) == [Change(word=Word.LINE, active=True)]
    assert board.next_s() == NOW_S + MOMENT_S
    assert board.expire(NOW_S + MOMENT_S / 2) == []
    assert board.expire(NOW_S + MOMENT_S) == [Change(word=Word.LINE, active=False)]
    assert board.next_s() is None


def test_an_event_that_never_ends_is_not_believed_for_ever() -> None:
    board = SignalBoard()
    board.feed(motion(True), NOW_S)
    board.feed(motion(True), NOW_S + 10)

    assert board.expire(NOW_S + BELIEVED_S) == []
    assert board.expire(NOW_S + 10 + BELIEVED_S) == [Change(word=Word.MOTION, active=False)]


def test_a_lost_camera_ends_everything() -> None:
    board = SignalBoard()
    board.feed(motion(True), NOW_S)
    board.feed(notice("tns1:UserAlarm/IVA/HumanShapeDetect", "State=true"), NOW_S)

    assert {change.word for change in board.clear()} == {Word.MOTION, Word.PERSON}
    assert board.active == frozenset()


def test_a_camera_cannot_make_us_remember_without_end() -> None:
    board = SignalBoard()
    for number in range(MAX_KEYS + 50):
        board.feed(motion(True, f"Source={number}"), NOW_S)
    board.feed(motion(True, "Source=3"), NOW_S + 1)  # a known one is still followed

    assert board.dropped == 50
    assert len(board._until) == MAX_KEYS
    assert board.expire(NOW_S + BELIEVED_S) == []


def test_events_for_which_there_is_no_word_are_counted() -> None:
    board = SignalBoard()
    board.feed(notice("tns1:Monitoring/ProcessorUsage", "Value=5"), NOW_S)
    board.feed(motion(False), NOW_S)
    assert (board.known, board.unknown) == (1, 1)


def test_more_events_than_are_read_are_dropped_and_counted() -> None:
    one = notice_xml("tns1:VideoSource/MotionAlarm", "State=true", operation="Changed")
    pulled = read_notices(parse(envelope(one * (MAX_NOTICES + 7))))
    assert (len(pulled.notices), pulled.dropped) == (MAX_NOTICES, 7)


def test_changes_alternate_whatever_a_camera_says() -> None:
    """The port's promise: each name is told at its changes only."""

    @given(
        st.lists(
            st.tuples(
                st.sampled_from(
                    ["tns1:VideoSource/MotionAlarm", "tns1:RuleEngine/LineDetector/Crossed",
                     "tns1:RuleEngine/ObjectDetection/Object"]
                ),
                st.sampled_from(["State=true", "State=false", "ObjectId=1", "ClassTypes=Human"]),
                st.sampled_from(["Changed", "Initialized", "Deleted", ""]),
                st.floats(0, 400),
            ),
            max_size=30,
        )
    )  # fmt: skip
    def law(events: list[tuple[str, str, str, float]]) -> None:
        board, active, now_s = SignalBoard(), set[Word](), 0.0
        for topic, data, operation, later_s in events:
            now_s += later_s
            changes = board.expire(now_s) + board.feed(notice(topic, data, operation), now_s)
            for change in changes:
                assert (change.word in active) is not change.active
                (active.add if change.active else active.discard)(change.word)
        assert active == board.active

    law()


NAMES = st.sampled_from(
    ["NotificationMessage", "Topic", "Message", "Source", "Data", "SimpleItem", "TopicSet", "x"]
)
TREES = st.recursive(
    st.tuples(NAMES, st.text("tns1:/ab", max_size=20)).map(lambda t: f"<{t[0]}>{t[1]}</{t[0]}>"),
    lambda inner: st.tuples(NAMES, st.lists(inner, max_size=5)).map(
        lambda t: f'<n:{t[0]} Name="State" Value="true" topic="1">{"".join(t[1])}</n:{t[0]}>'
    ),
    max_leaves=20,
)


@given(TREES)
def test_events_of_any_shape_are_read_or_left_out(tree: str) -> None:
    root = parse(f"<Envelope>{tree}</Envelope>".encode())
    board = SignalBoard()
    for read in read_notices(root).notices:
        board.feed(read, NOW_S)
    read_topics(root)


@given(st.binary(max_size=500))
def test_any_bytes_as_events_give_a_result_or_our_error(data: bytes) -> None:
    with suppress(SourceRefused):
        read_notices(parse(data))
