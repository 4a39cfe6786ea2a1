"""Pressure rises at once and falls step by step; the highest voice counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.kit.pressure import MOST, NONE, PressureBoard, Settling


def test_the_highest_level_that_anyone_asks_for_counts() -> None:
    board = PressureBoard()
    assert board.now == NONE

    board.ask("bus", 1, "the bus is half full")
    board.ask("detector", 2, "the detector answers after 0.9 s")
    assert (board.now.level, board.now.reason) == (2, "the detector answers after 0.9 s")

    board.ask("detector", 0)
    assert (board.now.level, board.now.reason) == (1, "the bus is half full")
    board.ask("bus", 0)
    assert board.now == NONE


def test_there_is_nothing_above_the_highest_level() -> None:
    board = PressureBoard()
    board.ask("bus", 7)

    assert board.now.level == MOST
    assert board.now.reason == "bus"


def test_a_level_rises_at_once_and_falls_by_one_after_calm() -> None:
    settling = Settling((1.0, 2.0, 4.0), calm_s=5.0)

    assert [settling.at(value, now_s) for now_s, value in enumerate([0, 1.5, 9, 9])] == [0, 1, 3, 3]
    assert [settling.at(0.0, 3.0 + after_s) for after_s in (1, 4.9, 5, 9.9, 10, 15)] == [
        3,
        3,
        2,
        2,
        1,
        0,
    ]


def test_what_goes_up_and_down_does_not_make_the_level_flap() -> None:
    settling = Settling((1.0,), calm_s=5.0)
    levels = [settling.at(value, n * 1.0) for n, value in enumerate([2, 0, 2, 0, 2, 0, 2])]

    assert levels == [1] * 7


@given(st.lists(st.tuples(st.floats(0.0, 5.0), st.floats(0.0, 3.0)), max_size=50))
def test_a_level_never_falls_by_more_than_one(steps: list[tuple[float, float]]) -> None:
    settling, now_s, before = Settling((1.0, 2.0, 4.0)), 0.0, 0
    for value, later_s in steps:
        now_s += later_s
        level = settling.at(value, now_s)
        assert level >= sum(value >= limit for limit in (1.0, 2.0, 4.0))
        assert level >= before - 1
        before = level


def test_slow_answers_become_pressure_and_quick_ones_take_it_back() -> None:
    board = PressureBoard()
    gauge = board.gauge("detector", (0.3, 0.8, 2.0))
    assert board.gauge("detector", ()) is gauge

    for n in range(20):
        gauge.waited(1.0, n * 0.1)
    assert board.now.level == 2
    assert board.now.reason == "the detector answers after 0.8 s"
    for n in range(200):
        gauge.waited(0.02, 2.0 + n * 0.1)
    assert board.now == NONE


def test_where_nobody_asks_any_more_pressure_ends() -> None:
    board = PressureBoard()
    gauge = board.gauge("detector", (0.3, 0.8, 2.0))
    for n in range(30):
        gauge.waited(9.0, n * 0.1)
    assert board.now.level == 3

    levels = []
    for n in range(60):
        board.tick(3.0 + n)
        levels.append(board.now.level)
    assert levels == sorted(levels, reverse=True)
    assert levels[-1] == 0


@pytest.mark.parametrize("pause_s", [0.0, 0.5])
def test_ticks_that_come_too_soon_do_nothing(pause_s: float) -> None:
    board = PressureBoard()
    gauge = board.gauge("detector", (0.3,))
    for _ in range(10):
        gauge.waited(1.0, 100.0)
    for _ in range(1000):
        board.tick(100.0 + pause_s)

    assert board.now.level == 1
