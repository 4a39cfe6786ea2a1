"""Cameras' clocks as they are: they wrap, jump, stop, run backwards; and sound beside them."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.sources.sound import APART_S, SoundTime
from vedette.sources.stats import SourceStats
from vedette.sources.timemap import FileTime, LiveTime, Stamp

KHZ_90 = Fraction(1, 90_000)
HZ_8000 = Fraction(1, 8000)
NOON_US = 1_767_268_800_000_000
FRAME = 3_600
"""Ticks of one frame at 25 frames a second."""
FRAME_US = 40_000
DAY = 86_400 * 90_000


def live(stats: SourceStats) -> LiveTime:
    return LiveTime(time_base=KHZ_90, frame_rate=25.0, stats=stats)


def play(time: LiveTime, ticks: list[int | None], jitter_us: int = 0) -> list[Stamp]:
    """Packets that arrive every 40 ms, every other one late."""
    return [
        time.stamp(each, each, FRAME, NOON_US + n * FRAME_US + (n % 2) * jitter_us)
        for n, each in enumerate(ticks)
    ]


@pytest.mark.parametrize("length", [32, 33])
def test_a_counter_that_wraps_is_one_break_and_time_goes_on(length: int) -> None:
    stats, wrap = SourceStats(), 1 << length
    stamps = play(live(stats), [(wrap - 50 * FRAME + n * FRAME) % wrap for n in range(100)])

    assert stats.jumps == 1
    assert [s.at_us for s in stamps] == [NOON_US + n * FRAME_US for n in range(100)]
    assert {b.dts - a.dts for a, b in pairwise(stamps)} == {FRAME}


@pytest.mark.parametrize("back_to", [0, 12 * FRAME])
def test_a_clock_that_begins_again_at_midnight_is_one_break(back_to: int) -> None:
    stats = SourceStats()
    before = [DAY - (50 - n) * FRAME for n in range(50)]
    after = [back_to + n * FRAME for n in range(50)]
    stamps = play(live(stats), [*before, *after])

    assert stats.jumps == 1
    assert [s.at_us for s in stamps] == [NOON_US + n * FRAME_US for n in range(100)]


@pytest.mark.parametrize("hours", [1, 24, 24 * 365])
def test_a_jump_forward_is_one_break(hours: int) -> None:
    stats = SourceStats()
    jump = hours * 3600 * 90_000
    stamps = play(live(stats), [n * FRAME + (jump if n >= 50 else 0) for n in range(100)])

    assert stats.jumps == 1
    assert stamps[-1].at_us == NOON_US + 99 * FRAME_US


def test_a_clock_that_stands_still_does_not_stop_time() -> None:
    stats = SourceStats()
    stamps = play(live(stats), [7777] * 500)

    times = [s.at_us for s in stamps]
    assert all(later > earlier for earlier, later in pairwise(times))
    assert abs(times[-1] - (NOON_US + 499 * FRAME_US)) < 2_000_000


def test_a_clock_that_runs_backwards_does_not_turn_time() -> None:
    stats = SourceStats()
    stamps = play(live(stats), [DAY - n * FRAME for n in range(500)])

    times = [s.at_us for s in stamps]
    assert all(later > earlier for earlier, later in pairwise(times))
    assert abs(times[-1] - (NOON_US + 499 * FRAME_US)) < 2_000_000


def test_packets_without_times_among_others_keep_their_place() -> None:
    stats = SourceStats()
    stamps = play(live(stats), [None if n % 3 == 1 else n * FRAME for n in range(90)])

    assert stats.missing_pts == 30
    assert [s.at_us for s in stamps] == [NOON_US + n * FRAME_US for n in range(90)]


def test_a_rate_that_varies_is_followed_exactly() -> None:
    stats, time = SourceStats(), live(SourceStats())
    at = [n * FRAME_US if n < 50 else 50 * FRAME_US + (n - 50) * 500_000 for n in range(80)]
    stamps = [time.stamp(us * 9 // 100, us * 9 // 100, 0, NOON_US + us) for us in at]

    assert [s.at_us - NOON_US for s in stamps] == at
    assert stats.jumps == 0


def test_packets_that_waited_for_the_format_do_not_put_all_others_late() -> None:
    """The first 300 ms come at once when opening is done; the rest as it is filmed."""
    stats, time = SourceStats(), live(SourceStats())
    stamps = []
    for n in range(200):
        arrived_us = NOON_US + max(0, n - 8) * FRAME_US
        stamps.append(time.stamp(n * FRAME, n * FRAME, FRAME, arrived_us))

    times = [s.at_us for s in stamps]
    assert all(later > earlier for earlier, later in pairwise(times))
    assert abs(times[-1] - (NOON_US + 191 * FRAME_US)) < 25_000
    assert stats.reanchors == 0


def test_a_file_that_begins_later_leaves_the_gap_and_one_that_began_earlier_follows() -> None:
    time = FileTime(start_us=NOON_US, time_base=KHZ_90, frame_rate=25.0, stats=SourceStats())
    first = [time.stamp(n * FRAME, n * FRAME, FRAME, 0).at_us for n in range(25)]
    time.again(NOON_US + 3_600_000_000)
    later = [time.stamp(5 + n * FRAME, 5 + n * FRAME, FRAME, 0).at_us for n in range(25)]
    time.again(NOON_US)
    last = [time.stamp(n * FRAME, n * FRAME, FRAME, 0).at_us for n in range(25)]

    assert first[0] == NOON_US
    assert later[0] == NOON_US + 3_600_000_000
    assert last[0] == later[-1] + FRAME_US
    assert time.end_us == last[-1] + FRAME_US


class Beside:
    """A video at 25 frames a second, and what its sound becomes."""

    def __init__(self) -> None:
        self.stats = SourceStats()
        self.video = live(self.stats)
        self.sound = SoundTime(self.video, time_base=HZ_8000, video_base=KHZ_90, stats=self.stats)
        self.number = 0

    def picture(self, ticks: int) -> Stamp:
        at_us = NOON_US + self.number * FRAME_US
        self.number += 1
        return self.video.stamp(ticks, ticks, FRAME, at_us)


def test_sound_on_the_clock_of_the_video_stays_beside_it() -> None:
    beside = Beside()
    for n in range(100):
        picture = beside.picture(1_000_000 + n * FRAME)
        sound = beside.sound.stamp((1_000_000 + n * FRAME) * 8 // 90, 320)
        assert sound is not None
        assert abs(sound.at_us - picture.at_us) <= 200
        assert abs(sound.pts * HZ_8000 - picture.pts * KHZ_90) <= Fraction(1, 5000)


@pytest.mark.parametrize("jump", [DAY, -2 * 90_000, 11 * 90_000])
def test_sound_follows_a_break_of_the_video(jump: int) -> None:
    beside = Beside()
    for n in range(100):
        ticks = DAY + n * FRAME + (jump if n >= 50 else 0)
        picture = beside.picture(ticks)
        sound = beside.sound.stamp(ticks * 8 // 90, 320)
        assert sound is not None
        assert abs(sound.at_us - picture.at_us) <= 200
    assert beside.stats.audio_dropped == 0


@pytest.mark.parametrize("offset", [-(10**9), 10**9])
def test_sound_on_a_clock_of_its_own_is_put_beside_the_picture(offset: int) -> None:
    beside = Beside()
    for n in range(100):
        picture = beside.picture(n * FRAME)
        sound = beside.sound.stamp(offset + n * 320, 320)
        assert sound is not None
        assert abs(sound.at_us - picture.at_us) <= 200


def test_sound_without_times_goes_on_evenly() -> None:
    beside = Beside()
    stamps = []
    for n in range(100):
        beside.picture(n * FRAME)
        stamps.append(beside.sound.stamp(None, 320))
    assert {b.pts - a.pts for a, b in pairwise(stamps) if a and b} == {320}


def test_sound_that_comes_twice_is_left_out_and_counted() -> None:
    beside = Beside()
    beside.picture(0)
    assert beside.sound.stamp(100, 320) is not None
    assert beside.sound.stamp(100, 320) is None
    assert beside.stats.audio_dropped == 1


@given(st.lists(st.none() | st.integers(-(2**40), 2**40), min_size=1, max_size=60))
def test_sound_only_moves_forward_and_never_far_from_the_picture(
    clock: list[int | None],
) -> None:
    beside, last = Beside(), None
    for n, pts in enumerate(clock):
        picture = beside.picture(n * FRAME)
        if (sound := beside.sound.stamp(pts, 320)) is not None:
            assert last is None or sound.pts > last
            assert abs(sound.at_us - picture.at_us) <= (APART_S + 0.1) * 1_000_000
            last = sound.pts
