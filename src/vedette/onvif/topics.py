"""What cameras call what they see, and our words for it. Pure; tested by a table.

Standard topics are in the ONVIF Analytics and Imaging specifications and in the topic namespace of
ONVIF Core. Vendors' own ones are not documented by them in public; they are taken from messages
that owners of cameras published (see docs/howto/add-your-cameras.md for the table with makers).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from vedette.onvif.notices import CameraNotice


class Word(StrEnum):
    """Names of triggers."""

    MOTION = "motion"
    PERSON = "person"
    VEHICLE = "vehicle"
    ANIMAL = "animal"
    FACE = "face"
    PLATE = "plate"
    PACKAGE = "package"
    LINE = "line"
    """Something crossed a line that is drawn in the camera."""
    AREA = "area"
    """Something is in an area that is drawn in the camera."""
    VISITOR = "visitor"
    """The bell of a door was rung."""
    TAMPER = "tamper"
    """The camera is covered, turned away, blinded or defocused."""


WORDS: Mapping[str, Word] = {
    # Motion, by the standard
    "VideoSource/MotionAlarm": Word.MOTION,
    "RuleEngine/CellMotionDetector/Motion": Word.MOTION,
    "RuleEngine/MotionRegionDetector/Motion": Word.MOTION,
    "VideoAnalytics/Motion": Word.MOTION,
    # Areas, lines and classes, by the standard
    "RuleEngine/FieldDetector": Word.AREA,
    "RuleEngine/LoiteringDetector": Word.AREA,
    "RuleEngine/LineDetector": Word.LINE,
    "RuleEngine/Recognition/Face": Word.FACE,
    "RuleEngine/Recognition/LicensePlate": Word.PLATE,
    # Tampering, by the standard
    "RuleEngine/TamperDetector": Word.TAMPER,
    "VideoSource/GlobalSceneChange": Word.TAMPER,
    "VideoSource/ImpairedVisibility": Word.TAMPER,
    "VideoSource/ImageTooBlurry": Word.TAMPER,
    "VideoSource/SignalLoss": Word.TAMPER,
    # Reolink (and others that copied it)
    "RuleEngine/MyRuleDetector/PeopleDetect": Word.PERSON,
    "RuleEngine/MyRuleDetector/HumanDetect": Word.PERSON,
    "RuleEngine/MyRuleDetector/VehicleDetect": Word.VEHICLE,
    "RuleEngine/MyRuleDetector/DogCatDetect": Word.ANIMAL,
    "RuleEngine/MyRuleDetector/FaceDetect": Word.FACE,
    "RuleEngine/MyRuleDetector/Package": Word.PACKAGE,
    "RuleEngine/MyRuleDetector/Visitor": Word.VISITOR,
    # TP-Link Tapo and Vigi
    "RuleEngine/CellMotionDetector/People": Word.PERSON,
    "RuleEngine/PeopleDetector/People": Word.PERSON,
    "RuleEngine/CellMotionDetector/LineCross": Word.LINE,
    "RuleEngine/CellMotionDetector/Intrusion": Word.AREA,
    "RuleEngine/CellMotionDetector/Tamper": Word.TAMPER,
    # Dahua and the many cameras of other names with its firmware
    "UserAlarm/IVA/HumanShapeDetect": Word.PERSON,
    "VehicleAlarm/IVB/VehicleDetect": Word.VEHICLE,
    # Hikvision
    "RuleEngine/VehicleDetector/Vehicle": Word.VEHICLE,
    "VideoAnalytics/MaskAlarm": Word.TAMPER,
    # Axis
    "RuleEngine/VideoMotionDetection": Word.MOTION,
    "RuleEngine/VMD3": Word.MOTION,
    "CameraApplicationPlatform/VMD": Word.MOTION,
    "CameraApplicationPlatform/MotionGuard": Word.MOTION,
    "CameraApplicationPlatform/FenceGuard": Word.LINE,
    "CameraApplicationPlatform/LoiteringGuard": Word.AREA,
    "CameraApplicationPlatform/ObjectAnalytics": Word.AREA,
    "VideoSource/Tampering": Word.TAMPER,
    # Ajax
    "RuleEngine/MotionDetector/Detection": Word.MOTION,
    "RuleEngine/LineDetector/Crossing": Word.LINE,
}
"""By topic; what is below a topic counts as the topic."""

ITEMS: Mapping[str, Word] = {
    "IsPeople": Word.PERSON,
    "IsVehicle": Word.VEHICLE,
    "IsPet": Word.ANIMAL,
    "IsLineCross": Word.LINE,
    "IsIntrusion": Word.AREA,
    "IsTamper": Word.TAMPER,
}
"""By name of the datum, whatever the topic: Tapo's `TPSmartEvent` says only there what it is."""

CLASSES: Mapping[str, Word] = {
    **dict.fromkeys(("human", "person", "people", "pedestrian"), Word.PERSON),
    **dict.fromkeys(("vehicle", "car", "truck", "bus", "motorcycle", "motor"), Word.VEHICLE),
    **dict.fromkeys(("vehical", "nonmotor", "bicycle", "bike"), Word.VEHICLE),
    **dict.fromkeys(("animal", "pet", "dog", "cat", "dogcat"), Word.ANIMAL),
    **dict.fromkeys(("face", "humanface"), Word.FACE),
    "licenseplate": Word.PLATE,
}
"""By the class that a camera names beside an area or a line."""

_CLASS_ITEMS = ("ObjectType", "ClassType", "ClassTypes", "objectClassification", "TargetType")
_OBJECTS = "RuleEngine/ObjectDetection/Object"
_BY_CLASS = {Word.AREA, Word.LINE, Word.MOTION}
"""Where a class is named, it says more than these."""
_STATES = {
    **dict.fromkeys(("true", "1", "on", "active", "yes"), True),
    **dict.fromkeys(("false", "0", "off", "inactive", "no"), False),
}
_NUMBERS = {"objectid", "count", "direction", "level", "id", "objectids", "likelihood"}
"""Data whose 0 and 1 are no states."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One thing that a camera's event says."""

    word: Word
    active: bool | None
    """None: it happened, and has no end of its own (a line was crossed)."""


def signals_of(notice: CameraNotice) -> tuple[Signal, ...]:
    """What an event says in our words; nothing where we have no word for it."""
    classes = _classes(notice)
    if notice.topic == _OBJECTS:
        return _objects(classes, notice)
    by_item = tuple(
        Signal(word=ITEMS[name], active=_STATES.get(value.lower(), False))
        for name, value in notice.data
        if name in ITEMS
    )
    if by_item:
        return by_item
    word = word_of(notice.topic)
    if word is None:
        return ()
    if word in _BY_CLASS and classes:
        return tuple(Signal(word=each, active=_state(notice)) for each in classes)
    return (Signal(word=word, active=_state(notice)),)


def word_of(topic: str) -> Word | None:
    """Our word for a topic without prefixes; None where we have none."""
    steps = topic.split("/")
    for length in range(len(steps), 1, -1):
        if (word := WORDS.get("/".join(steps[:length]))) is not None:
            return word
    return None


def words_of(topics: list[str]) -> tuple[Word, ...]:
    """Our words for what a camera offers, each once, in the order of `Word`."""
    found = {word for topic in topics if (word := word_of(topic)) is not None}
    if any("smartevent" in topic.lower() for topic in topics):  # Tapo: says in its data what it is
        found |= {Word.PERSON, Word.VEHICLE, Word.ANIMAL}
    if _OBJECTS in topics:
        found |= {Word.PERSON, Word.VEHICLE}
    return tuple(word for word in Word if word in found)


def _objects(classes: tuple[Word, ...], notice: CameraNotice) -> tuple[Signal, ...]:
    """The standard's detector of objects lists the classes in view; the others are gone."""
    gone = notice.operation.lower() == "deleted"
    return tuple(
        Signal(word=word, active=word in classes and not gone)
        for word in (Word.PERSON, Word.VEHICLE, Word.ANIMAL, Word.FACE, Word.PLATE)
    )


def _classes(notice: CameraNotice) -> tuple[Word, ...]:
    """The classes that an event names; Dahua and others name them in the rule."""
    named: list[str] = []
    for name, value in notice.data:
        if name in _CLASS_ITEMS:
            named += value.replace(",", " ").split()
    named += [value for name, value in notice.source if name == "Rule"]
    found = (CLASSES.get(each.lower()) for each in named)
    return tuple(dict.fromkeys(word for word in found if word is not None))


def _state(notice: CameraNotice) -> bool | None:
    if notice.operation.lower() == "deleted":
        return False
    for name, value in notice.data:
        if name.lower() not in _NUMBERS and value.lower() in _STATES:
            return _STATES[value.lower()]
    return None
