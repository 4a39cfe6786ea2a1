"""Which packets are decoded: what is missed, what is done twice, and what it costs."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.pipeline.gate_rig import US, PickyStream, Watcher, between, packet, stream_of
from vedette.contracts.packet import Packet
from vedette.pipeline.gate_plan import GateMode, GatePlan, Order, Task
from vedette.pipeline.held import PACKET_BYTES

NAL_B = b"\x00\x00\x00\x01\x01\x9e" + bytes(30)
NAL_P = b"\x00\x00\x00\x01\x41\x9a" + bytes(30)
NAL_I = b"\x00\x00\x00\x01\x65\x88" + bytes(300)


def plan(mode: GateMode | None = GateMode.ADAPTIVE, **more: float) -> GatePlan:
    return GatePlan(mode=mode, **more)  # type: ignore[arg-type]


def frames(start_s: float, end_s: float, fps: int = 25) -> list[int]:
    return list(range(round(start_s * fps), round(end_s * fps)))


def test_it_is_open_at_the_start_and_closes_after_quiet() -> None:
    yard = Watcher(plan=plan(close_after_s=10.0))
    yard.take(stream_of(30))

    assert yard.seen[:251] == [*frames(0, 10), 250]
    assert yard.seen[251:] == [300, 350, 400, 450, 500, 550, 600, 650, 700]
    assert not yard.gate.is_open
    assert yard.gate.skipped == {"gate": 750 - 251 - 9}


def test_motion_in_a_keyframe_shows_what_led_to_it_and_what_follows() -> None:
    yard = Watcher(moving=between((25.0, 31.0)))
    yard.take(stream_of(60))

    since = yard.seen.index(600)
    assert yard.seen[since - 1] == 550
    assert yard.seen[since : since + 26] == [*frames(24, 25), 625]
    assert yard.seen[since:].index(650) == 50, "from the keyframe before, each frame once"
    assert set(frames(24, 41)) <= set(yard.seen)
    assert yard.gate.opened == {"start": 1, "motion": 1}
    assert yard.seen == sorted(set(yard.seen))


def test_frames_that_come_out_late_are_seen_too() -> None:
    yard = Watcher(moving=between((25.0, 31.0)), stream=PickyStream(delayed=True))
    yard.take(stream_of(60))

    last = max(n for n in yard.stream.decoded if n % 50)
    assert yard.seen[:251] == frames(0, 10.04)
    assert set(range(600, last + 1)) <= set(yard.seen), "also the one in the decoder at the closing"


def test_no_packet_is_decoded_more_than_twice_and_only_keyframes_are_for_nothing() -> None:
    yard = Watcher(moving=between((25.0, 31.0), (55.0, 56.0)))
    yard.take(stream_of(90))

    decoded = yard.stream.decoded
    twice = {number for number in decoded if decoded.count(number) > 1}
    assert all(decoded.count(number) == 2 for number in twice)
    assert {n for n in twice if n % 50 == 0} == {n for n in twice if n % 50 == 0 or n in yard.seen}
    assert len(twice) <= 4, "the probed keyframe and the one before, per opening"


def test_always_decodes_everything() -> None:
    yard = Watcher(plan=plan(GateMode.ALWAYS))
    yard.take(stream_of(40))

    assert yard.seen == frames(0, 40)
    assert yard.gate.held_bytes == 0, "nothing is ever decoded again"
    assert yard.gate.mode is GateMode.ALWAYS


def test_what_comes_before_the_first_keyframe_is_not_decoded() -> None:
    yard = Watcher()
    late = [one for one in stream_of(10) if one.pts >= 17]
    yard.take(iter(late))

    assert yard.stream.decoded == frames(2, 10)
    assert yard.gate.skipped == {"no_keyframe": 33}


def test_a_trigger_opens_at_the_next_packet_and_holds_until_it_is_over() -> None:
    yard = Watcher(plan=plan(GateMode.KEYFRAME, close_after_s=2.0))
    for one in stream_of(80):
        if one.pts == 1010:
            yard.gate.trigger("onvif", one.at_us, active=True)
        if one.pts == 1510:
            yard.gate.trigger("onvif", one.at_us, active=False)
        yard.take(iter([one]))

    assert yard.gate.opened["onvif"] == 1
    assert set(frames(40, 60)) <= set(yard.seen), "from the keyframe before the trigger"
    last = max(n for n in yard.seen if n % 50)
    assert last == 1510, "quiet for long, it closes as soon as the trigger is over"


def test_a_trigger_that_never_ends_is_forgotten_after_a_minute() -> None:
    yard = Watcher(plan=plan(close_after_s=2.0))
    packets = list(stream_of(140))
    yard.take(iter(packets[:1000]))
    yard.gate.trigger("onvif", packets[1000].at_us + 3600 * US, active=True)
    yard.take(iter(packets[1000:]))

    assert 1470 <= len([n for n in yard.seen if n >= 1000 and n % 50]) <= 63.0 * 25
    assert not yard.gate.is_open


def test_what_is_not_settled_keeps_it_open_but_not_for_ever() -> None:
    patient = Watcher(plan=plan(close_after_s=4.0), unsettled=between((0.0, 9.0)))
    patient.take(stream_of(40))
    flickering = Watcher(plan=plan(close_after_s=4.0), unsettled=between((0.0, 99.0)))
    flickering.take(stream_of(40))

    assert max(n for n in patient.seen if n % 50) == 9 * 25
    assert max(n for n in flickering.seen if n % 50) <= 14.1 * 25


@pytest.mark.parametrize(("gop_s", "open_"), [(9.0, False), (11.0, True)])
def test_keyframes_that_are_too_rare_leave_it_open(gop_s: float, open_: bool) -> None:
    yard = Watcher()
    yard.take(stream_of(60, gop_s=gop_s))

    assert yard.gate.is_open == open_
    if open_:
        assert yard.seen == frames(0, 60)
        assert "keyframes come only every 11 s" in yard.gate.note


def test_one_long_distance_among_short_ones_counts() -> None:
    yard = Watcher()
    keys = {0, 300, 350, 650, 700, 1000}  # 12 s and 2 s, in turns
    yard.take(packet(n, key=n in keys) for n in range(1100))

    assert yard.gate.is_open
    assert yard.gate.rhythm.gop_s == 12.0


def test_keyframes_that_become_rare_open_it_and_nothing_is_missed() -> None:
    yard = Watcher()
    usual = list(stream_of(30))
    endless = [packet(750 + n, key=n == 0) for n in range(1000)]
    yard.take(iter([*usual, *endless]))

    assert yard.gate.is_open
    assert set(range(750, 1750)) <= set(yard.seen)


def test_a_stream_without_keyframes_is_decoded_after_a_while() -> None:
    yard = Watcher(stream=PickyStream(skippable=True))
    yard.stream._last = -1
    yard.take(packet(n, key=False) for n in range(500))

    assert yard.seen == list(range(251, 500))
    assert yard.gate.note.startswith("the stream has no keyframes")


@pytest.mark.parametrize("fps", [5.0, 10.0])
def test_of_pictures_that_are_all_keyframes_only_those_to_be_analysed_are_decoded(
    fps: float,
) -> None:
    yard = Watcher(plan=plan(fps=fps), moving=between((20.0, 22.0)), stream=PickyStream("mjpeg"))
    yard.take(stream_of(40, gop_s=0.04))

    at_20 = [n for n in yard.seen if 480 <= n < 500]
    assert len(yard.seen) < 40 * fps
    assert len([n for n in yard.seen if 100 <= n < 200]) == pytest.approx(4 * fps, abs=1), "open"
    assert 5 <= len([n for n in yard.seen if 350 <= n < 450]) <= 9, "closed: twice a second"
    assert len(at_20) >= 2
    decoded = yard.stream.decoded
    assert len(decoded) <= len(yard.seen) + 8


def test_loud_packets_open_it_at_once_and_pixels_confirm() -> None:
    busy = between((63.0, 66.0), (101.1, 104.0))
    yard = Watcher(moving=busy)
    yard.take(stream_of(130, sizes=lambda at_s: 2000 if busy(at_s) else 200))

    assert yard.gate.opened["sizes"] == 2
    assert yard.gate.false_alarms == 0
    assert yard.gate.sizes.tell
    second = [n for n in yard.seen if n > 100 * 25 and n % 50]
    assert second[0] == 2501, "from the keyframe at 100 s on"


def test_loud_packets_without_motion_close_soon_and_are_believed_less() -> None:
    loud = between(*((40.0 + 20 * n, 41.0 + 20 * n) for n in range(12)))
    yard = Watcher()
    yard.take(stream_of(300, sizes=lambda at_s: 500 if loud(at_s) else 200))

    assert 1 <= yard.gate.false_alarms <= 6, "1.3 octaves: after a few alarms nobody listens"
    assert yard.gate.sizes._alarms > 0.1, "the margin remembers"
    opened_s = len([n for n in yard.seen if n > 1000]) / 25
    assert opened_s < 0.06 * 260


def test_a_constant_rate_tells_nothing_and_opens_nothing() -> None:
    busy = between((30.0, 36.0), (80.0, 90.0))
    yard = Watcher(moving=busy)
    yard.take(stream_of(200, sizes=lambda at_s: 4000 + int(at_s * 9973) % 700))

    assert yard.gate.opened["sizes"] == 0
    assert not yard.gate.sizes.tell
    assert yard.gate.expected_delay_s == pytest.approx(2.5)


@pytest.mark.parametrize(
    ("within_s", "gop_s", "mode"),
    [
        (None, 2.0, GateMode.ADAPTIVE),
        (5.0, 2.0, GateMode.KEYFRAME),
        (2.5, 2.0, GateMode.KEYFRAME),
        (2.0, 2.0, GateMode.ALWAYS),
        (0.1, 1.0, GateMode.ALWAYS),
    ],
)
def test_the_wanted_delay_chooses_the_mode(
    within_s: float | None, gop_s: float, mode: GateMode
) -> None:
    yard = Watcher(plan=GatePlan(mode=None, alert_within_s=within_s))
    yard.take(stream_of(30, gop_s=gop_s))

    assert yard.gate.mode is mode
    assert f"{yard.gate.expected_delay_s:.1f} s" in yard.gate.note


def test_sizes_that_tell_make_the_adaptive_gate_fast_enough() -> None:
    busy = between((15.0, 25.0))
    yard = Watcher(plan=GatePlan(mode=None, alert_within_s=1.0), moving=busy)
    yard.take(stream_of(80, sizes=lambda at_s: 2000 if busy(at_s) else 200))

    assert yard.gate.mode is GateMode.ADAPTIVE
    assert not yard.gate.is_open
    assert "sizes of packets" in yard.gate.note


def test_what_is_held_is_bounded_in_bytes() -> None:
    bounded = Watcher(plan=plan(max_bytes=20_000))
    bounded.take(stream_of(60, sizes=lambda at_s: 1000))

    assert bounded.gate.held_bytes <= 20_000
    bounded.gate.trigger("onvif", 160 * US, active=True)
    bounded.take(packet(1500 + n, key=n == 20) for n in range(100))
    assert set(range(1520, 1600)) <= set(bounded.seen), "it goes on with the next keyframe"


def test_what_is_held_begins_with_the_last_keyframe_seen() -> None:
    for mode in (GateMode.ADAPTIVE, GateMode.KEYFRAME):
        yard = Watcher(plan=plan(mode))
        for one in stream_of(60):
            yard.take(iter([one]))
            assert yard.gate.held_bytes <= 2 * (6000 + 49 * 200 + 50 * PACKET_BYTES)


def test_after_a_reconnect_it_is_open_and_waits_for_a_keyframe() -> None:
    yard = Watcher()
    yard.take(stream_of(30))
    again = PickyStream()
    yard.decoding.begin(again)
    yard.take(packet(800 + n, key=n == 10) for n in range(60))

    assert again.decoded == list(range(810, 860))


@pytest.mark.parametrize(("level", "kinds"), [(0, "IPB"), (1, "IPB"), (2, "IP"), (3, "I")])
def test_pressure_leaves_out_what_matters_least(level: int, kinds: str) -> None:
    yard = Watcher(stream=PickyStream(skippable=True))
    names = {}
    for n in range(200):
        kind = "I" if n % 50 == 0 else "B" if n % 3 else "P"
        names[n] = kind
        data = {"I": NAL_I, "P": NAL_P, "B": NAL_B}[kind]
        order = yard.gate.take(packet(n, key=kind == "I", data=data), level)
        if order is not None:
            yard.decoding._carry_out(order)

    assert {names[n] for n in yard.stream.decoded} == set(kinds)
    left_out = sum(names[n] not in kinds for n in range(200))
    cause = "dispensable" if level == 2 else "pressure"
    assert yard.gate.skipped[cause] == yard.gate.skipped.total() == left_out


def test_after_pressure_it_goes_on_with_the_next_keyframe() -> None:
    yard = Watcher()
    for one in stream_of(10):
        level = 3 if 60 <= one.pts < 110 else 0
        order = yard.gate.take(one, level)
        if order is not None:
            yard.decoding._carry_out(order)

    assert yard.seen == [*range(60), 100, *range(150, 250)]


def test_a_keyframe_that_is_decoded_alone_under_pressure_opens_nothing_twice() -> None:
    yard = Watcher(moving=between((0.0, 30.0)))
    for one in stream_of(12):
        yard.decoding.effort.now = 3
        order = yard.gate.take(one, 3)
        if order is not None:
            yard.decoding._carry_out(order)

    assert yard.stream.decoded == [0, 50, 100, 150, 200, 250]


def test_after_packets_were_dropped_on_the_way_it_goes_on_with_the_next_keyframe() -> None:
    yard = Watcher()
    for one in stream_of(8):
        order = yard.gate.take(one)
        if one.pts == 70:
            yard.gate.broke()
        elif order is not None:
            yard.decoding._carry_out(order)

    assert yard.seen == [*range(70), *range(100, 200)]
    assert yard.gate.skipped["lag"] == 29
    assert yard.stream.flushes == 1, "nothing of before is left in the decoder"


def test_while_only_keyframes_are_allowed_nothing_opens_it() -> None:
    yard = Watcher(moving=between((20.0, 30.0)))
    for one in stream_of(40):
        yard.decoding.effort.now = level = 3 if one.pts > 300 else 0
        if one.pts == 420:
            yard.gate.trigger("onvif", one.at_us, active=True)
        order = yard.gate.take(one, level)
        if order is not None:
            yard.decoding._carry_out(order)

    assert all(n % 50 == 0 for n in yard.seen if n > 300)


def test_under_pressure_an_opening_looks_back_less_far() -> None:
    yard = Watcher(moving=between((25.0, 31.0)))
    yard.decoding.effort.now = 1
    for one in stream_of(40):
        order = yard.gate.take(one, 1)
        if order is not None:
            yard.decoding._carry_out(order)

    assert [n for n in yard.seen if 550 < n < 650] == [600]
    assert set(range(650, 700)) <= set(yard.seen)


def odd(chance: random.Random) -> tuple[bool, int, bool, int, int]:
    """One packet's circumstances: keyframe, size, trigger, level, orders that may wait."""
    return (
        chance.random() < 0.08,
        chance.choice([150, 160, 200, 3000]),
        chance.random() < 0.03,
        chance.choice([0] * 8 + [1, 2, 3]),
        chance.choice([0] * 6 + [1, 5, 30]),
    )


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    count=st.integers(20, 400),
    mode=st.sampled_from([*GateMode, None]),
    motion_every=st.integers(3, 40),
)
def test_whatever_happens_nothing_is_decoded_without_what_it_refers_to(
    seed: int, count: int, mode: GateMode | None, motion_every: int
) -> None:
    """Also when the orders are carried out much later, and some of them never are."""
    chance = random.Random(seed)  # noqa: S311  not a secret
    yard = Watcher(
        plan=GatePlan(mode=mode, alert_within_s=3.0, close_after_s=1.0),
        moving=lambda at_s: int(at_s * 2) % motion_every == 0,
        stream=PickyStream(skippable=True),
    )
    waiting: list[Order] = []
    for number in range(count):
        key, size, trigger, level, delay = odd(chance)
        if trigger:
            yard.gate.trigger("bell", 0, active=True)
        elif number % 40 == 0:
            yard.gate.trigger("bell", 0, active=False)
        order = yard.gate.take(packet(number, key=key, size=size, fps=10.0), level)
        if order is not None:
            assert order.epoch == yard.gate.epoch
            assert order.packets[0].is_keyframe or not order.fresh
            assert order.task is Task.GO_ON or len(order.packets) == 1
            assert _numbers(order.packets) == sorted(set(_numbers(order.packets)))
            waiting.append(order)
        if delay == 30 and len(waiting) > 5:
            yard.gate.broke()
            waiting.clear()
        while len(waiting) > delay:
            yard.decoding._carry_out(waiting.pop(0))
    assert yard.seen == sorted(set(yard.seen))
    assert yard.gate.held_bytes <= 3000 * count


def _numbers(packets: tuple[Packet, ...]) -> list[int]:
    return [one.pts for one in packets]


@settings(max_examples=60, deadline=None)
@given(
    gop_s=st.floats(0.5, 6.0),
    spans=st.lists(st.tuples(st.floats(15.0, 110.0), st.floats(0.3, 6.0)), max_size=5),
)
def test_what_a_keyframe_or_the_frames_before_it_show_is_seen_in_full(
    gop_s: float, spans: list[tuple[float, float]]
) -> None:
    """Motion that lasts over a keyframe is seen from its first frame to its last."""
    moving = between(*((start, start + lasts) for start, lasts in spans))
    yard = Watcher(plan=plan(GateMode.KEYFRAME, close_after_s=3.0), moving=moving)
    packets = list(stream_of(125, gop_s=gop_s))
    yard.take(iter(packets))

    gop = max(1, round(gop_s * 25))
    seen = set(yard.seen)
    for start in range(0, len(packets) - gop, gop):
        if moving((start + gop) / 25) and start in seen:
            assert set(range(start, start + gop)) <= seen
