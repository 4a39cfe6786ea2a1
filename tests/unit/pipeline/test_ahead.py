"""A camera is read on while its pictures are looked at; what waits too long is dropped."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.unit.pipeline.gate_rig import packet
from vedette.contracts.errors import SourceLost
from vedette.pipeline.ahead import END_S, MOST_ORDERS, Ahead
from vedette.pipeline.gate_plan import Order, Task
from vedette.testing.fakes import FakeClock


def order(number: int, *, key: bool = False) -> Order:
    return Order(task=Task.GO_ON, packets=(packet(number, key=key),), epoch=1, fresh=False)


class Gate:
    """Work that waits until it is let through."""

    def __init__(self) -> None:
        self.done: list[Order] = []
        self.open = threading.Event()
        self.began = threading.Event()

    def __call__(self, one: Order) -> None:
        self.began.set()
        assert self.open.wait(10.0)
        self.done.append(one)

    @property
    def numbers(self) -> list[int]:
        return [one.packets[0].pts for one in self.done]


@contextmanager
def ahead(work: Callable[[Order], None]) -> Iterator[tuple[Ahead, FakeClock]]:
    clock = FakeClock()
    with Ahead("look-yard", work, clock) as running:
        yield running, clock


def test_orders_are_carried_out_in_order_and_finish_waits_for_them() -> None:
    work = Gate()
    work.open.set()
    with ahead(work) as (running, _):
        for number in range(100):
            assert running.put(order(number)) == (0, False)
        running.finish()

    assert work.numbers == list(range(100))


def test_it_does_not_wait_for_slow_work_and_tells_how_late_it_is() -> None:
    work = Gate()
    with ahead(work) as (running, clock):
        running.put(order(0))
        work.began.wait(10.0)
        clock.advance(1.2)
        running.put(order(1))
        assert running.lag_s == pytest.approx(1.2)
        assert running.alive_s == 0.0, "it has been in the same step since then"
        running.turn()
        assert running.alive_s == pytest.approx(1.2)
        work.open.set()
        running.finish()
        assert running.lag_s == 0.0
        assert running.alive_s == pytest.approx(1.2)


def test_what_waits_too_long_is_dropped_up_to_a_recent_keyframe() -> None:
    work = Gate()
    with ahead(work) as (running, clock):
        running.put(order(0))
        work.began.wait(10.0)
        for number in range(1, 25):
            clock.advance(0.1)
            dropped, broken = running.put(order(number, key=number % 10 == 5))
            assert not broken
            if dropped:
                break
        work.open.set()
        running.finish()

    assert (number, dropped) == (21, 14), "2 s late; the keyframe is 0.6 s old"
    assert work.numbers == [0, *range(15, 22)]
    assert [one.fresh for one in work.done] == [False, True, *[False] * 6]


def test_without_a_recent_keyframe_all_is_dropped_and_that_is_said() -> None:
    work = Gate()
    with ahead(work) as (running, clock):
        running.put(order(0, key=True))
        work.began.wait(10.0)
        running.put(order(1))
        clock.advance(2.1)
        assert running.put(order(2)) == (2, True)
        assert running.put(order(3, key=True)) == (0, False)
        work.open.set()
        running.finish()

    assert work.numbers == [0, 3]


def test_the_queue_is_bounded_also_while_time_stands_still() -> None:
    work = Gate()
    with ahead(work) as (running, _):
        running.put(order(0))
        work.began.wait(10.0)
        dropped = sum(running.put(order(n))[0] for n in range(1, 3 * MOST_ORDERS))
        work.open.set()
        running.finish()

    assert len(work.done) <= MOST_ORDERS
    assert len(work.done) + dropped == 3 * MOST_ORDERS


def test_an_error_of_the_work_is_raised_where_the_camera_is_read() -> None:
    def work(one: Order) -> None:
        raise SourceLost("nothing usable in the last 1000 packets of video")

    with ahead(work) as (running, _):
        running.put(order(0))
        with pytest.raises(SourceLost, match="nothing usable"):
            running.finish()


def test_a_defect_is_raised_too() -> None:
    def work(one: Order) -> None:
        raise ValueError("a defect")

    with ahead(work) as (running, _):
        running.put(order(0))
        with pytest.raises(ValueError, match="a defect"):
            running.finish()


def test_leaving_drops_what_waits() -> None:
    work = Gate()
    with ahead(work) as (running, _):
        running.put(order(0))
        work.began.wait(10.0)
        for number in range(1, 9):
            running.put(order(number))
        threading.Timer(0.05, work.open.set).start()

    assert work.numbers in ([0], [0, 1])
    assert not running.hangs


def test_work_that_never_ends_is_left_behind_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vedette.pipeline.ahead.END_S", END_S / 100)
    work = Gate()
    running = Ahead("look-yard", work, FakeClock())

    def stop() -> None:
        with running:
            running.put(order(0))
            work.began.wait(10.0)

    with pytest.raises(SourceLost, match="look-yard does not end"):
        stop()
    assert running.hangs
    work.open.set()
    running._thread.join(10.0)
    assert not running.hangs
