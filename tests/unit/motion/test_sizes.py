"""What the sizes of packets are worth is learnt from what the pictures showed."""

import numpy as np
import pytest

from vedette.motion.sizes import PacketSizes

STEP_US = 40_000


class Stream:
    """Packets of some sizes, and what the pictures say of them."""

    def __init__(self, seed: int = 1) -> None:
        self.sizes = PacketSizes()
        self.number = 0
        self._rng = np.random.default_rng(seed)

    def send(self, count: int, size: float, *, busy: bool | None, spread: float = 0.2) -> int:
        """Send packets; how many of them were loud."""
        loud = 0
        for _ in range(count):
            each = int(size * np.exp(self._rng.normal(0.0, spread)))
            self.number += 1
            loud += self.sizes.add(each, self.number * STEP_US, key=False)
            if self.number % 5 == 0:
                self.sizes.label(self.number * STEP_US, busy=busy)
        return loud


def test_a_free_rate_tells_busy_from_idle() -> None:
    camera = Stream()
    assert camera.send(500, 300, busy=False) == 0
    assert camera.sizes.armed
    assert not camera.sizes.tell, "nothing busy was seen so far"

    assert camera.send(100, 2000, busy=True) >= 98
    assert camera.sizes.tell
    assert camera.sizes.power == pytest.approx(1.0, abs=0.05)
    assert camera.send(5000, 300, busy=False) < 25


def test_a_constant_rate_disarms_it() -> None:
    camera = Stream()
    camera.send(500, 6000, busy=False)
    camera.send(300, 6200, busy=True)

    assert not camera.sizes.armed
    assert camera.sizes.power is not None
    assert camera.sizes.power < 0.05
    assert camera.send(300, 60_000, busy=None) == 0, "nobody listens any more"


def test_false_alarms_make_it_harder_of_hearing_and_time_makes_it_forget() -> None:
    camera = Stream()
    camera.send(500, 300, busy=False, spread=0.05)
    assert camera.send(20, 500, busy=None, spread=0.05) > 10
    camera.send(50, 300, busy=False, spread=0.05)
    for _ in range(4):
        camera.sizes.false_alarm()
    assert camera.send(20, 500, busy=None, spread=0.05) == 0
    camera.send(30_000, 300, busy=False, spread=0.05)
    assert camera.send(20, 500, busy=None, spread=0.05) > 10


def test_dusk_makes_packets_larger_and_it_follows() -> None:
    camera = Stream()
    camera.send(500, 300, busy=False)
    loud = sum(camera.send(200, 300 * 1.02**n, busy=False) for n in range(150))

    assert loud < 0.01 * 150 * 200


def test_an_encoder_that_alternates_is_averaged() -> None:
    camera = Stream()
    for _ in range(200):
        camera.send(1, 3000, busy=False, spread=0.0)
        camera.send(1, 300, busy=False, spread=0.0)
    loud = 0
    for _ in range(100):
        loud += camera.send(1, 3000, busy=False, spread=0.0)
        loud += camera.send(1, 300, busy=False, spread=0.0)

    assert loud == 0


def test_keyframes_and_what_is_unclear_teach_nothing() -> None:
    camera = Stream()
    camera.send(500, 300, busy=None)
    for number in range(500, 600):
        assert not camera.sizes.add(10**6, number * STEP_US, key=True)

    assert not camera.sizes.armed


def test_after_another_opening_what_is_known_stays() -> None:
    camera = Stream()
    camera.send(500, 300, busy=False)
    camera.sizes.begin()

    assert camera.send(20, 3000, busy=None) > 10


@pytest.mark.parametrize("size", [0, 1, 2**31])
def test_absurd_sizes_do_no_harm(size: int) -> None:
    sizes = PacketSizes()
    for number in range(3000):
        sizes.add(size, number, key=False)
    sizes.label(3000, busy=False)
    sizes.label(-5, busy=True)


def test_a_light_that_goes_on_is_no_quiet_time() -> None:
    camera = Stream()
    camera.send(500, 300, busy=False)
    camera.send(100, 2000, busy=True)
    camera.send(8, 300, busy=False)
    camera.send(20, 20_000, busy=False)
    camera.sizes.false_alarm()
    camera.send(200, 300, busy=False)

    assert camera.sizes.tell
    assert camera.send(100, 2000, busy=True) >= 95


def test_a_quiet_that_is_louder_from_now_on_is_learnt_by_false_alarms() -> None:
    camera = Stream()
    camera.send(500, 300, busy=False)
    alarms = 0
    for _ in range(60):
        loud = camera.send(50, 900, busy=False)
        if loud:
            alarms += 1
            camera.sizes.false_alarm()

    assert 1 <= alarms <= 8
    assert camera.send(100, 4000, busy=True) >= 90
