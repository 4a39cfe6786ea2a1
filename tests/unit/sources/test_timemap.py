"""A stream's clock becomes UTC: live and recorded, broken and whole."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.sources.stats import SourceStats
from vedette.sources.timemap import DRIFT_US, FileTime, LiveTime, Stamp, ticks_to_us, us_to_ticks

KHZ_90 = Fraction(1, 90_000)
NOON_US = 1_767_268_800_000_000
FRAME = 9_000
"""Ticks of one frame at 10 frames a second."""


def live(stats: SourceStats) -> LiveTime:
    return LiveTime(time_base=KHZ_90, frame_rate=10.0, stats=stats)


def recorded(stats: SourceStats, start_us: int = 0) -> FileTime:
    return FileTime(start_us=start_us, time_base=KHZ_90, frame_rate=10.0, stats=stats)


def plain(time: LiveTime | FileTime, pts: int | None, arrived_us: int = 0) -> Stamp:
    return time.stamp(pts, pts, FRAME, arrived_us)


def test_the_first_live_packet_is_now() -> None:
    stats = SourceStats()
    time = live(stats)
    stamps = [plain(time, 777_000 + n * FRAME, NOON_US + n * 100_000) for n in range(50)]

    assert [s.at_us for s in stamps] == [NOON_US + n * 100_000 for n in range(50)]
    assert stats == SourceStats()


def test_jitter_of_arrival_is_not_seen() -> None:
    stats = SourceStats()
    time = live(stats)
    late = [0, 90_000, 400_000, 20_000, 480_000, 0]
    stamps = [plain(time, n * FRAME, NOON_US + n * 100_000 + d) for n, d in enumerate(late)]

    assert [s.at_us - NOON_US for s in stamps] == [n * 100_000 for n in range(6)]
    assert stats.reanchors == 0


def test_a_burst_after_a_stall_is_not_drift() -> None:
    stats = SourceStats()
    time = live(stats)
    plain(time, 0, NOON_US)
    stamps = [plain(time, n * FRAME, NOON_US + 3_000_000 + n * 2_000) for n in range(1, 31)]
    stamps += [plain(time, n * FRAME, NOON_US + n * 100_000) for n in range(31, 60)]

    assert [s.at_us - NOON_US for s in stamps] == [n * 100_000 for n in range(1, 60)]
    assert stats.reanchors == 0


def test_a_camera_whose_clock_is_slow_is_put_right_forward_at_once() -> None:
    stats = SourceStats()
    time = live(stats)
    stamps = [plain(time, n * FRAME, NOON_US + n * 103_000) for n in range(1000)]

    assert stats.reanchors >= 3
    error = [abs(s.at_us - (NOON_US + n * 103_000)) for n, s in enumerate(stamps)]
    assert max(error) <= DRIFT_US + 1_100_000 * 3 // 100


def test_a_camera_whose_clock_is_fast_is_put_right_without_going_back() -> None:
    stats = SourceStats()
    time = live(stats)
    stamps = [plain(time, n * FRAME, NOON_US + n * 97_000) for n in range(2000)]
    times = [s.at_us for s in stamps]

    assert stats.reanchors >= 3
    assert all(later > earlier for earlier, later in pairwise(times))
    assert abs(times[-1] - (NOON_US + 1999 * 97_000)) < 1_200_000


def test_a_wall_clock_that_is_set_back_slows_time_and_never_turns_it() -> None:
    stats = SourceStats()
    time = live(stats)
    before = [plain(time, n * FRAME, NOON_US + n * 100_000).at_us for n in range(100)]
    after = [
        plain(time, n * FRAME, NOON_US + n * 100_000 - 20_000_000).at_us for n in range(100, 1200)
    ]
    times = before + after

    assert all(later > earlier for earlier, later in pairwise(times))
    assert abs(times[-1] - (NOON_US + 1199 * 100_000 - 20_000_000)) <= DRIFT_US


@pytest.mark.parametrize(
    "restart_at", [0, -90_000_000, 2**33, 90_000 * 3600], ids=["zero", "minus", "wrap", "hour"]
)
def test_a_clock_that_jumps_is_anchored_again_at_once(restart_at: int) -> None:
    stats = SourceStats()
    time = live(stats)
    first = 500_000_000
    for n in range(20):
        plain(time, first + n * FRAME, NOON_US + n * 100_000)
    stamps = [
        plain(time, first + restart_at + n * FRAME, NOON_US + (n + 20) * 100_000)
        if restart_at
        else plain(time, n * FRAME, NOON_US + (n + 20) * 100_000)
        for n in range(20)
    ]

    assert stats.jumps == 1
    assert [s.at_us - NOON_US for s in stamps] == [(n + 20) * 100_000 for n in range(20)]
    assert [s.dts for s in stamps] == [first + (n + 20) * FRAME for n in range(20)]


def test_a_pause_that_really_happened_is_no_jump() -> None:
    stats = SourceStats()
    time = live(stats)
    plain(time, 0, NOON_US)
    later = plain(time, 60 * 90_000, NOON_US + 60_000_000)

    assert (later.at_us, stats.jumps) == (NOON_US + 60_000_000, 0)


def test_packets_without_a_time_follow_one_frame_after_the_last() -> None:
    stats = SourceStats()
    time = recorded(stats)
    stamps = [plain(time, pts) for pts in (None, 0, FRAME, None, None, 4 * FRAME)]

    assert [s.pts for s in stamps] == [0, FRAME, 2 * FRAME, 3 * FRAME, 4 * FRAME, 5 * FRAME]
    assert stats.missing_pts == 3


def test_pictures_that_are_shown_out_of_order_keep_their_own_times() -> None:
    time = recorded(SourceStats())
    order = [(0, -2), (3, -1), (1, 0), (2, 1), (6, 2), (4, 3), (5, 4)]
    stamps = [time.stamp(pts * FRAME, dts * FRAME, FRAME, 0) for pts, dts in order]

    assert [s.at_us // 100_000 for s in stamps] == [pts for pts, _ in order]
    assert [s.dts // FRAME for s in stamps] == [dts for _, dts in order]


def test_no_two_pictures_have_the_same_time() -> None:
    time = recorded(SourceStats())
    order = [(0, -2), (3, -1), (3, 0), (3, 1), (7, 2)]
    stamps = [time.stamp(pts * FRAME, dts * FRAME, FRAME, 0) for pts, dts in order]

    assert len({s.pts for s in stamps}) == len({s.at_us for s in stamps}) == 5


def test_a_recording_begins_at_its_start_whatever_its_first_tick() -> None:
    time = recorded(SourceStats(), NOON_US)

    assert plain(time, 123_456_789).at_us == NOON_US
    assert plain(time, 123_456_789 + FRAME).at_us == NOON_US + 100_000


def test_a_loop_goes_on_where_the_file_ended() -> None:
    time = recorded(SourceStats(), NOON_US)
    times = []
    for turn in range(3):
        if turn:
            time.again()
        times += [plain(time, 5_000 + n * FRAME).at_us for n in range(4)]

    assert times == [NOON_US + n * 100_000 for n in range(12)]


def test_a_time_lapse_keeps_its_long_steps() -> None:
    stats = SourceStats()
    time = recorded(stats)
    steps = [plain(time, n * 90_000 * 600).at_us for n in range(4)]

    assert steps == [n * 600_000_000 for n in range(4)]
    assert stats.jumps == 0


@given(
    packets=st.lists(
        st.tuples(
            st.one_of(st.none(), st.integers(-(2**40), 2**40)),
            st.integers(0, 200_000),
        ),
        min_size=2,
        max_size=60,
    )
)
def test_live_time_never_goes_back_whatever_the_camera_says(
    packets: list[tuple[int | None, int]],
) -> None:
    time = live(SourceStats())
    arrived = NOON_US
    stamps = []
    for pts, passed in packets:
        arrived += passed
        stamps.append(plain(time, pts, arrived))

    for earlier, later in pairwise(stamps):
        assert later.at_us > earlier.at_us
        assert later.dts > earlier.dts
        assert later.pts >= later.dts


@given(
    steps=st.lists(st.integers(-300_000, 300_000), min_size=2, max_size=60),
    wall=st.lists(st.integers(-5_000_000, 5_000_000), min_size=60, max_size=60),
)
def test_live_time_never_goes_back_whatever_the_wall_clock_says(
    steps: list[int], wall: list[int]
) -> None:
    time = live(SourceStats())
    pts, arrived, times = 0, NOON_US, []
    for step, moved in zip(steps, wall, strict=False):
        pts += step
        arrived += moved
        times.append(plain(time, pts, arrived).at_us)

    assert all(later > earlier for earlier, later in pairwise(times))


@given(
    packets=st.lists(st.one_of(st.none(), st.integers(-(2**50), 2**50)), min_size=2, max_size=60),
    again=st.integers(1, 59),
)
def test_recorded_time_strictly_grows(packets: list[int | None], again: int) -> None:
    time = recorded(SourceStats(), NOON_US)
    times = []
    for number, pts in enumerate(packets):
        if number == again:
            time.again()
        times.append(plain(time, pts).at_us)

    assert times[0] == NOON_US
    assert all(later > earlier for earlier, later in pairwise(times))


@given(ticks=st.integers(-(2**50), 2**50), den=st.integers(1, 1_000_000))
def test_ticks_and_microseconds_agree(ticks: int, den: int) -> None:
    time_base = Fraction(1, den)
    micros = ticks_to_us(ticks, time_base)

    assert 0 <= ticks * time_base * 1_000_000 - micros < 1
    assert us_to_ticks(micros, time_base) in {ticks, ticks - 1}
