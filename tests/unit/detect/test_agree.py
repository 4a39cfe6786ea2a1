"""Agreement of detectors, and the one that the others confirm most."""

import numpy as np
import pytest

from vedette.contracts.sight import Detections
from vedette.detect.agree import agreement, consensus

A, B, C = (0.1, 0.1, 0.3, 0.5), (0.5, 0.1, 0.7, 0.5), (0.7, 0.6, 0.9, 0.9)
NEAR_A = (0.12, 0.1, 0.32, 0.5)
LABELS = ("person", "car")


def seen(
    *boxes: tuple[float, float, float, float],
    label: str = "person",
    labels: tuple[str, ...] = LABELS,
) -> list[Detections]:
    count = len(boxes)
    return [
        Detections(
            boxes=np.array(boxes, dtype=np.float32).reshape(-1, 4),
            scores=np.linspace(0.9, 0.5, count, dtype=np.float32),
            classes=np.full(count, labels.index(label), dtype=np.int16),
            labels=labels,
        )
    ]


@pytest.mark.parametrize(
    ("judged", "right", "recall", "precision"),
    [
        (seen(A, B), seen(A, B), 1.0, 1.0),
        (seen(NEAR_A), seen(A, B), 0.5, 1.0),
        (seen(A, B, C), seen(A), 1.0, 1 / 3),
        (seen(A, NEAR_A), seen(A), 1.0, 0.5),  # one box is one object
        (seen(A), seen(A, label="car"), 0.0, 0.0),
        (seen(), seen(A), 0.0, 1.0),
        (seen(A), seen(), 1.0, 0.0),
        (seen(), seen(), 1.0, 1.0),
        (seen(A, labels=("dog", "person")), seen(A), 1.0, 1.0),  # by name, not by number
        (seen(A, B, label="car"), seen(A, labels=("person",)), 0.0, 1.0),  # it knows no cars
    ],
)
def test_table(
    judged: list[Detections], right: list[Detections], recall: float, precision: float
) -> None:
    found = agreement(judged, right)

    assert found.recall == pytest.approx(recall)
    assert found.precision == pytest.approx(precision)


def test_the_one_that_most_others_confirm_is_the_best() -> None:
    answers = {"blind": seen(), "most": seen(A, B), "more": seen(A, B, C), "less": seen(A)}

    assert consensus(answers) == "most"


def test_kin_do_not_count_where_there_are_strangers() -> None:
    answers = {"one": seen(C), "one large": seen(C), "two": seen(A, B), "three": seen(A)}
    families = {"one": "c", "one large": "c"}

    assert consensus(answers) == "one"
    assert consensus(answers, families) == "two"
    assert consensus({"one": seen(C), "one large": seen(C)}, families) == "one"
    with pytest.raises(ValueError, match="nobody"):
        consensus({})
