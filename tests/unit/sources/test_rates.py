"""Rate, delay and drift of a stream, by its arrivals."""

import random
from fractions import Fraction

import pytest

from vedette.contracts.errors import SourceLost
from vedette.sources.gauges import Gauges
from vedette.sources.rates import BASE_S, US, ClockWatch, RateMeter
from vedette.sources.stats import SourceStats
from vedette.sources.timemap import LiveTime, us_to_ticks

KHZ_90 = Fraction(1, 90_000)
NOON_US = 1_767_268_800_000_000


@pytest.mark.parametrize("fps", [1, 5, 25, 120])
def test_the_rate_is_that_of_the_last_seconds(fps: int) -> None:
    meter = RateMeter()
    for number in range(20 * fps):
        meter.add(number / fps, 1000, picture=True)

    assert meter.fps == pytest.approx(fps, rel=0.15)
    assert meter.bps == pytest.approx(8000 * fps, rel=0.15)


def test_a_rate_that_changes_is_followed_within_the_window() -> None:
    meter = RateMeter()
    for number in range(250):
        meter.add(number / 25, 1000, picture=True)
    for number in range(60):
        meter.add(10 + number / 5, 1000, picture=True)

    assert meter.fps == pytest.approx(5, rel=0.15)


def test_sound_counts_as_bits_and_not_as_pictures() -> None:
    meter = RateMeter()
    for number in range(200):
        meter.add(number / 20, 100, picture=False)

    assert meter.fps == 0.0
    assert meter.bps == pytest.approx(16_000, rel=0.15)


def test_what_is_kept_is_bounded_however_much_comes() -> None:
    meter = RateMeter()
    for number in range(100_000):
        meter.add(number / 10_000, 1, picture=True)

    assert len(meter._buckets) <= 12


def watched(ppm: float, seconds: int, jitter_ms: float, seed: int = 1) -> ClockWatch:
    """A camera at 10 frames a second whose clock is fast by `ppm`, behind a network with jitter."""
    chance, watch = random.Random(seed), ClockWatch()  # noqa: S311  not for secrets
    for number in range(seconds * 10):
        made_us = number * 100_000
        true_us = round(made_us / (1 + ppm / 1e6))
        watch.note(NOON_US + true_us + round(chance.expovariate(1) * jitter_ms * 1000), made_us)
    return watch


@pytest.mark.parametrize("ppm", [-20_000, -200, 0, 50, 1000])
def test_drift_is_measured_through_jitter(ppm: float) -> None:
    watch = watched(ppm, 300, jitter_ms=8)
    assert watch.ppm == pytest.approx(ppm, abs=20 + abs(ppm) * 0.02)


def test_drift_is_not_said_before_it_can_be_known() -> None:
    assert watched(5000, 20, jitter_ms=8).ppm == 0.0


def test_lag_is_what_a_packet_took_longer_than_the_quickest() -> None:
    watch = ClockWatch()
    for number in range(50):
        watch.note(NOON_US + number * 100_000, number * 100_000)
    assert watch.lag_s == 0.0
    watch.note(NOON_US + 50 * 100_000 + 2_300_000, 50 * 100_000)
    assert watch.lag_s == pytest.approx(2.3)
    for number in range(51, 51 + 10 * (BASE_S + 3)):  # it stays so: this is the way it is now
        watch.note(NOON_US + number * 100_000 + 2_300_000, number * 100_000)
    assert watch.lag_s == pytest.approx(0.0, abs=0.01)


def test_a_clock_of_ours_that_is_set_is_forgotten() -> None:
    watch = watched(0, 60, jitter_ms=0)
    watch.note(NOON_US - 3_600 * US, 60 * US)
    assert (watch.ppm, watch.lag_s) == (0.0, 0.0)


def gauges() -> tuple[Gauges, LiveTime, SourceStats]:
    stats = SourceStats()
    live = LiveTime(time_base=KHZ_90, frame_rate=10.0, stats=stats)
    return Gauges(stats, live), live, stats


@pytest.mark.parametrize("ppm", [3000, -3000])
def test_drift_is_shown_in_the_stats_and_put_right(ppm: int) -> None:
    meters, live, stats = gauges()
    worst = 0.0
    for number in range(6000):
        arrived_us = NOON_US + number * 100_000
        ticks = us_to_ticks(round(number * 100_000 * (1 + ppm / 1e6)), KHZ_90)
        stamp = live.stamp(ticks, ticks, 9000, arrived_us)
        meters.timed(arrived_us, stamp.at_us)
        worst = max(worst, abs(stats.drift_ms))

    assert stats.drift_ppm == pytest.approx(ppm, rel=0.05)
    assert worst <= 520
    assert stats.reanchors >= 3


def test_a_stream_that_runs_ahead_of_time_is_given_up() -> None:
    meters, live, _ = gauges()

    def ten_times_as_fast_as_time() -> None:
        for number in range(10_000):
            arrived_us = NOON_US + number * 10_000
            stamp = live.stamp(number * 9000, number * 9000, 9000, arrived_us)
            meters.timed(arrived_us, stamp.at_us)

    with pytest.raises(SourceLost, match="s ahead of time"):
        ten_times_as_fast_as_time()


def test_more_bits_than_any_camera_needs_is_a_flood() -> None:
    meters, _, _ = gauges()

    def gigabytes() -> None:
        for number in range(1000):
            meters.count(number / 100, 10_000_000, picture=True)

    with pytest.raises(SourceLost, match="which no camera needs"):
        gigabytes()
