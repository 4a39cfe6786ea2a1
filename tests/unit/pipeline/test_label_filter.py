"""A camera follows the classes that it is asked to, and refuses those that nobody can see."""

import numpy as np
import pytest

from vedette.contracts.errors import InvalidConfig
from vedette.contracts.sight import Detections
from vedette.pipeline.labels import LabelFilter

KNOWN = ("person", "car", "dog")


def found(*classes: int) -> Detections:
    n = len(classes)
    return Detections(
        boxes=np.zeros((n, 4), dtype=np.float32),
        scores=np.arange(n, dtype=np.float32),
        classes=np.array(classes, dtype=np.int16),
        labels=KNOWN,
    )


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [((), [0, 1, 2, 1]), (("car",), [1, 1]), (("dog", "person"), [0, 2])],
)
def test_only_wanted_classes_stay(wanted: tuple[str, ...], kept: list[int]) -> None:
    left = LabelFilter(wanted, KNOWN)(found(0, 1, 2, 1))

    assert left.classes.tolist() == kept
    assert left.labels == KNOWN, "numbers of classes stay what they were"


def test_nothing_found_stays_nothing() -> None:
    assert len(LabelFilter(("car",), KNOWN)(found())) == 0


def test_an_unknown_class_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(InvalidConfig, match="does not know 'unicorn'; it knows: person, car, dog"):
        LabelFilter(("car", "unicorn"), KNOWN)


def test_another_table_of_classes_is_followed() -> None:
    keep = LabelFilter(("car", "cat"), (*KNOWN, "cat"))
    others = Detections(
        boxes=np.zeros((3, 4), dtype=np.float32),
        scores=np.zeros(3, dtype=np.float32),
        classes=np.array([0, 1, 2], dtype=np.int16),
        labels=("cat", "person", "bus"),
    )

    assert keep(found(0, 1)).classes.tolist() == [1]
    assert keep(others).classes.tolist() == [0]
    assert keep(found(1, 0)).classes.tolist() == [1]
