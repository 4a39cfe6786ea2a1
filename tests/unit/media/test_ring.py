"""The packet ring: bounded, begins with a keyframe, cuts without missing the moment."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.contracts.packet import Packet, StreamInfo
from vedette.media.ring import PacketRing

STEP_US = 100_000


def info() -> StreamInfo:
    return StreamInfo(codec="h264", width=64, height=48, time_base=Fraction(1, 10), frame_rate=10.0)


def packet(number: int, *, key: bool = False, size: int = 100) -> Packet:
    return Packet(
        data=bytes(size),
        pts=number,
        dts=number,
        duration=1,
        is_keyframe=key,
        at_us=number * STEP_US,
    )


def filled(count: int, *, gop: int = 10, size: int = 100, **bounds: float) -> PacketRing:
    ring = PacketRing(max_s=bounds.get("max_s", 5.0), max_bytes=int(bounds.get("max_bytes", 1e9)))
    stream = info()
    for number in range(count):
        ring.add(stream, packet(number, key=number % gop == 0, size=size))
    return ring


def test_what_is_older_than_wanted_goes_by_whole_groups() -> None:
    ring = filled(100)

    kept = [p.pts for p in ring.cut(0)]
    assert kept == list(range(40, 100))
    assert ring.seconds == 5.9
    assert ring.bytes == 6_000


def test_nothing_is_kept_before_the_first_keyframe() -> None:
    ring, stream = PacketRing(), info()
    for number in range(5):
        ring.add(stream, packet(number))
    assert (len(ring), ring.seconds, ring.cut(0)) == (0, 0.0, [])

    ring.add(stream, packet(5, key=True))
    assert [p.pts for p in ring.cut(0)] == [5]


def test_many_tiny_packets_are_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vedette.media.ring.MOST_PACKETS", 25)
    ring = filled(38, max_s=60.0, size=1)

    assert [p.pts for p in ring.cut(0)] == list(range(20, 38))
    assert (len(ring), ring.bytes, ring.dropped_bytes) == (18, 18, 20)


def test_too_many_bytes_drop_the_oldest_group_and_are_counted() -> None:
    ring = filled(35, max_s=60.0, max_bytes=2_500)

    assert [p.pts for p in ring.cut(0)] == list(range(10, 35))
    assert ring.bytes == 2_500
    assert ring.dropped_bytes == 1_000


def test_a_group_that_alone_is_too_large_is_dropped() -> None:
    ring = filled(29, gop=1000, max_bytes=2_000)

    assert (len(ring), ring.bytes) == (0, 0)


def test_a_cut_begins_at_the_last_keyframe_before_the_moment() -> None:
    ring = filled(60, max_s=60.0)

    assert [p.pts for p in ring.cut(35 * STEP_US)] == list(range(30, 60))
    assert [p.pts for p in ring.cut(30 * STEP_US)] == list(range(30, 60))
    assert [p.pts for p in ring.cut(-1)] == list(range(60))
    assert [p.pts for p in ring.cut(10**9)] == list(range(50, 60))


def test_another_opening_of_the_camera_begins_from_nothing() -> None:
    ring = filled(15)
    other = info()
    ring.add(other, packet(3, key=True))

    assert [p.pts for p in ring.cut(0)] == [3]
    assert ring.info is other


@given(
    stream=st.lists(st.tuples(st.booleans(), st.integers(1, 400)), max_size=80),
    max_s=st.floats(0.1, 4.0),
    max_bytes=st.integers(1, 3_000),
    moment=st.integers(-10, 90),
)
def test_a_ring_is_bounded_and_a_cut_begins_in_time(
    stream: list[tuple[bool, int]], max_s: float, max_bytes: int, moment: int
) -> None:
    ring, opened = PacketRing(max_s=max_s, max_bytes=max_bytes), info()
    longest_gap, since_key, keys = 0, 0, 0
    for number, (key, size) in enumerate(stream):
        ring.add(opened, packet(number, key=key, size=size))
        since_key = 0 if key else since_key + 1
        longest_gap, keys = max(longest_gap, since_key), keys + key

    assert ring.bytes <= max_bytes
    assert ring.bytes == sum(len(p.data) for p in ring.cut(-(10**9)))
    assert ring.seconds <= max_s + (longest_gap + 1) * STEP_US / 1e6
    whole, cut = ring.cut(-(10**9)), ring.cut(moment * STEP_US)
    assert cut == whole[len(whole) - len(cut) :]
    if cut:
        assert cut[0].is_keyframe
        missed = [p for p in whole[: len(whole) - len(cut)] if p.at_us >= moment * STEP_US]
        assert missed == []
        later_keys = [p for p in cut[1:] if p.is_keyframe and p.at_us <= moment * STEP_US]
        assert later_keys == []
