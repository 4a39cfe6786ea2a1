"""Two settings, compared key by key."""

from vedette.config.difference import differences
from vedette.config.document import MISSING

OLD = {"a": 1, "gone": {"x": 1}, "cameras": [{"id": "yard", "fps": 5}, {"id": "gate"}], "list": [1]}
NEW = {"a": 2, "cameras": [{"id": "gate"}, {"id": "yard", "fps": 2}, {"id": "attic"}], "list": [1]}


def test_only_what_is_different_is_named_and_things_by_their_id() -> None:
    assert list(differences(OLD, NEW)) == [
        ("a", 1, 2),
        ("cameras.attic", MISSING, {"id": "attic"}),
        ("cameras.yard.fps", 5, 2),
        ("gone", {"x": 1}, MISSING),
    ]


def test_equal_settings_are_not_different() -> None:
    assert list(differences(OLD, OLD)) == []
