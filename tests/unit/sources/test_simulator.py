"""The simulator delivers real packets whose pixels agree with its truth, at the right time."""

from datetime import UTC, datetime
from itertools import islice

import numpy as np
import pytest

from vedette.contracts.frame import Frame
from vedette.kit.clock import to_us
from vedette.plugins.registry import build
from vedette.sources.simulator import SimulatorStream
from vedette.testing.fakes import FakeClock

CAR = {
    "label": "car",
    "size": (0.2, 0.25),
    "colour": (20, 30, 230),
    "path": ((0.0, 0.1, 0.4), (3.0, 0.9, 0.6)),
}
SCENE = {"width": 320, "height": 240, "fps": 10, "duration_s": 3.0, "actors": [CAR]}


def opened(clock: FakeClock | None = None, **settings: object) -> SimulatorStream:
    chosen = {"type": "simulator", "scene": SCENE, "pace": "fast", "loop": False, **settings}
    source = build("source", chosen, camera_id="yard", clock=clock or FakeClock())
    stream: SimulatorStream = source.open()
    return stream


def blue_box(frame: Frame) -> tuple[float, float, float, float]:
    """Box of what is clearly blue, fractions of the frame."""
    bgr = frame.bgr().astype(int)
    rows, columns = np.nonzero((bgr[:, :, 0] > 150) & (bgr[:, :, 2] < 100))
    return (
        columns.min() / frame.width,
        rows.min() / frame.height,
        (columns.max() + 1) / frame.width,
        (rows.max() + 1) / frame.height,
    )


def test_truth_is_where_the_decoded_pixels_are() -> None:
    stream = opened()
    frames = [frame for packet in stream.packets() for frame in stream.decode(packet)]

    assert len(frames) == 30
    for frame in frames:
        [truth] = stream.truth(frame.at_us)
        assert blue_box(frame) == pytest.approx(truth.box, abs=0.012)
        assert (truth.id, truth.label, truth.visible) == (1, "car", 1.0)


def test_two_runs_give_the_same_packets_whatever_the_clock() -> None:
    runs = [
        [packet.data for packet in opened(FakeClock(datetime(year, 1, 1, tzinfo=UTC))).packets()]
        for year in (2026, 2030)
    ]

    assert runs[0] == runs[1]


def test_a_keyframe_comes_every_two_seconds() -> None:
    keys = [packet.pts for packet in opened().packets() if packet.is_keyframe]

    assert keys == [0, 20]


def test_a_paced_scene_begins_now_and_takes_its_time() -> None:
    clock = FakeClock()
    now_us = to_us(clock.now())
    stream = opened(clock, pace="realtime")
    seen = [(packet.at_us - now_us, clock.monotonic()) for packet in stream.packets()]

    assert [at_us for at_us, _ in seen] == [n * 100_000 for n in range(30)]
    assert [arrived for _, arrived in seen] == pytest.approx([n / 10 for n in range(30)])


def test_a_fast_scene_begins_in_1970_or_as_told() -> None:
    start = datetime(2026, 5, 1, tzinfo=UTC)

    assert next(iter(opened().packets())).at_us == 0
    assert next(iter(opened(start=start).packets())).at_us == to_us(start)


def test_a_loop_goes_on_with_someone_else() -> None:
    stream = opened(loop=True)
    packets = list(islice(stream.packets(), 45))
    stream.close()

    assert [packet.at_us for packet in packets] == [n * 100_000 for n in range(45)]
    assert [truth.id for truth in stream.truth(packets[5].at_us)] == [1]
    assert [truth.id for truth in stream.truth(packets[40].at_us)] == [2]
