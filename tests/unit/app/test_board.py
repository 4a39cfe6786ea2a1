"""The board makes rates of what cameras count, and names what they left out."""

import asyncio
from collections import Counter

import pytest

from vedette.app.board import WINDOW_S, Board
from vedette.contracts.facts import CameraState
from vedette.contracts.status import CameraReport
from vedette.contracts.trigger import TriggerStats
from vedette.pipeline.stats import CameraStats
from vedette.sources.stats import SourceStats
from vedette.testing.fakes import FakeClock, until


def watched(
    stats: CameraStats, clock: FakeClock, *, seconds: int, packets: int, analysed: int = 0
) -> Board:
    """A board that read the camera once a second while it delivered."""
    board = Board(lambda: {"yard": stats}, names={"yard": "The yard"}, clock=clock)
    for _ in range(seconds):
        board.read()
        clock.advance(1.0)
        stats.packets += packets
        stats.bytes += packets * 1000
        stats.analysed += analysed
    board.read()
    return board


def only(board: Board) -> CameraReport:
    (report,) = board.reports()
    return report


def test_rates_are_those_of_the_last_seconds() -> None:
    clock, stats = FakeClock(), CameraStats(state=CameraState.ONLINE)

    report = only(watched(stats, clock, seconds=20, packets=25, analysed=5))

    assert report.name == "The yard"
    assert report.fps_in == pytest.approx(25.0)
    assert report.fps_analysed == pytest.approx(5.0)
    assert report.bitrate_bps == pytest.approx(200_000)


def test_a_camera_that_falls_silent_has_no_rate_after_the_window() -> None:
    clock, stats = FakeClock(), CameraStats()
    board = watched(stats, clock, seconds=10, packets=25)

    for _ in range(round(WINDOW_S) + 1):
        clock.advance(1.0)
        board.read()

    assert only(board).fps_in == 0.0


def test_a_counter_that_begins_anew_makes_no_negative_rate() -> None:
    clock, stats = FakeClock(), CameraStats()
    board = watched(stats, clock, seconds=10, packets=25)

    stats.packets = stats.bytes = stats.analysed = 0
    clock.advance(1.0)
    board.read()
    clock.advance(1.0)
    stats.packets = 10
    board.read()

    assert only(board).fps_in == pytest.approx(10.0)


def test_before_two_readings_there_is_no_rate() -> None:
    board = Board(lambda: {"yard": CameraStats(packets=9)}, names={}, clock=FakeClock())

    assert only(board).fps_in == 0.0
    board.read()
    assert only(board).fps_in == 0.0


def test_what_was_left_out_is_named_by_cause() -> None:
    stats = CameraStats(
        stale=2,
        skipped=Counter(gate=100),
        source=SourceStats(corrupt_packets=3, drift_ms=-12.34, drift_ppm=40.0),
        tamper="covered",
        gate_open=False,
        gate_mode="adaptive",
    )

    report = only(Board(lambda: {"yard": stats}, names={}, clock=FakeClock()))

    assert report.dropped == {"corrupt": 3, "gate": 100, "stale": 2}
    assert (report.gate, report.gate_mode, report.tamper) == ("closed", "adaptive", "covered")
    assert report.drift_ms == pytest.approx(-12.3)
    assert report.last_frame_at is None


def test_gate_trigger_and_main_stream_are_told() -> None:
    clock = FakeClock()
    stats = CameraStats(
        gate_note="everything is decoded",
        trigger=TriggerStats(connected=True, detail="connected", notices=4, unknown=2),
        source=SourceStats(jumps=2, notes=["its sound is left out"]),
        main_reconnects=3,
    )
    board = watched(stats, clock, seconds=3, packets=5)
    stats.main_packets, stats.main_bytes = 60, 600_000
    board.read()

    report = only(board)

    assert report.gate_note == "everything is decoded"
    assert report.trigger is not None
    assert (report.trigger.connected, report.trigger.notices, report.trigger.unknown) == (
        True,
        4,
        2,
    )
    assert (report.main_fps, report.main_bitrate_bps, report.main_reconnects) == (
        20.0,
        1_600_000.0,
        3,
    )
    assert report.irregular == {"jumps": 2}
    assert report.notes == ("its sound is left out",)


async def test_a_loop_that_is_held_up_is_seen() -> None:
    clock = BusyClock()
    board = Board(dict, names={}, clock=clock)
    running = asyncio.ensure_future(board.run())
    await until(lambda: len(clock.waits) > 3)
    assert board.loop_lag_s == 0.0

    clock.late_s = 0.4
    await until(lambda: board.loop_lag_s > 0.0)

    assert board.loop_lag_s == pytest.approx(0.4)
    clock.late_s = 0.0
    await until(lambda: board.loop_lag_s == 0.0)  # it is over after the window
    running.cancel()


class BusyClock(FakeClock):
    """Something else holds the loop, so that whoever sleeps is called late."""

    late_s = 0.0

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        self.advance(self.late_s)


def test_a_camera_that_was_taken_away_is_forgotten() -> None:
    cameras = {"yard": CameraStats(), "door": CameraStats()}
    board = Board(lambda: cameras, names={}, clock=FakeClock())
    board.read()

    del cameras["door"]
    board.read()

    assert [report.camera_id for report in board.reports()] == ["yard"]
