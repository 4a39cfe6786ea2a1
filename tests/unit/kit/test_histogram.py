"""How long things take, counted by length."""

import json

import pytest

from vedette.kit.histogram import BOUNDS_S, Histogram


def test_each_length_is_counted_up_to_its_bound() -> None:
    took = Histogram()
    for seconds in (0.0, 0.0005, 0.0006, 0.2, 99.0):
        took.add(seconds)

    buckets = dict(took.cumulative())

    assert buckets["0.0005"] == 2, "a bound belongs to its own bucket"
    assert buckets["0.001"] == 3
    assert (buckets["0.1"], buckets["0.25"]) == (3, 4)
    assert (buckets["10.0"], buckets["+Inf"]) == (4, 5)
    assert took.count == 5
    assert took.total_s == pytest.approx(99.2011)


def test_a_clock_that_went_back_takes_nothing_away() -> None:
    took = Histogram()
    took.add(1.0)
    took.add(-5.0)

    assert (took.count, took.total_s) == (2, 1.0)


def test_histograms_add_up_and_cross_a_wire() -> None:
    one, other = Histogram(), Histogram()
    one.add(0.002)
    other.add(0.002)
    other.add(3.0)

    whole = Histogram.sum([one, Histogram.read(json.loads(json.dumps(other.plain())))])

    assert whole.count == 3
    assert whole.total_s == pytest.approx(3.004)
    assert (one.count, other.count) == (1, 2), "those that were added stay as they are"


@pytest.mark.parametrize(
    "plain",
    [
        None,
        {},
        {"counts": [1], "total_s": 0.0},
        {"counts": [0] * (len(BOUNDS_S) + 1), "total_s": "long"},
        {"counts": [-1] + [0] * len(BOUNDS_S), "total_s": 0.0},
        {"counts": [True] + [0] * len(BOUNDS_S), "total_s": 0.0},
        {"counts": ["1"] * (len(BOUNDS_S) + 1), "total_s": 0.0},
    ],
)
def test_what_is_none_is_refused(plain: object) -> None:
    with pytest.raises(ValueError, match="a histogram has 15 counts and a total"):
        Histogram.read(plain)
