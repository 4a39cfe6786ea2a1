"""What `vedette status` makes of a report."""

from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from vedette.cli.status import gate_words, picture, span
from vedette.contracts.facts import CameraState
from vedette.contracts.status import (
    CameraReport,
    DetectorReport,
    ProductReport,
    TriggerReport,
    WorkerReport,
)

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def shown(report: ProductReport) -> str:
    console = Console(width=200, record=True, file=None, force_terminal=False)
    with console.capture() as capture:
        console.print(picture(report))
    return capture.get()


def report(*cameras: CameraReport, **others: object) -> ProductReport:
    fields = {"version": "1.2", "at": AT, "started_at": AT - timedelta(hours=3), "ready": True}
    return ProductReport.model_validate({**fields, "cameras": cameras, **others})


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "0 s"),
        (59, "59 s"),
        (61, "1 min 1 s"),
        (7200, "2 h"),
        (90_061, "1 d 1 h"),
        (-5, "0 s"),
    ],
)
def test_a_span_is_said_in_its_two_largest_units(seconds: float, words: str) -> None:
    assert span(seconds) == words


def test_a_camera_is_a_line_with_its_figures() -> None:
    camera = CameraReport(
        camera_id="yard",
        name="Yard",
        state=CameraState.ONLINE,
        fps_in=24.96,
        fps_analysed=5.0,
        bitrate_bps=1_500_000,
        lag_s=0.12,
        dropped={"gate": 900, "corrupt": 7},
        gate="closed",
        gate_mode="adaptive",
        last_frame_at=AT,
    )

    text = shown(report(camera))

    assert "running for 3 h: ready" in text
    line = next(line for line in text.splitlines() if "yard" in line)
    assert line.split()[:4] == ["yard", "online", "closed", "(adaptive)"]
    assert [word for word in ("25.0", "5.0", "1500", "0.12", "7") if word not in line.split()] == []
    assert "900" not in line  # the closed gate loses nothing


def test_what_is_wrong_is_said_beside_the_gate_and_below() -> None:
    camera = CameraReport(
        camera_id="yard",
        name="Yard",
        state=CameraState.LOST,
        pressure=2,
        tamper="covered",
        problems=("it fell down",),
    )
    text = shown(report(camera, ready=False, checks={"store": "the disk is full"}))

    assert gate_words(camera) == "open (always), pressure 2, covered!"
    assert "not ready" in text
    assert "store: the disk is full" in text
    assert "yard: it fell down" in text


def test_what_a_row_cannot_say_is_a_sentence_below() -> None:
    camera = CameraReport(
        camera_id="yard",
        name="Yard",
        state=CameraState.ONLINE,
        tamper="shifted",
        gate_note="keyframes come only every 10 s",
        trigger=TriggerReport(detail="it refused the user name"),
        main_fps=25.0,
        main_bitrate_bps=4_000_000,
        irregular={"missing_pts": 3},
        notes=("its sound is left out",),
    )
    text = shown(report(camera))

    for sentence in (
        "yard: the camera looks elsewhere",
        "yard: keyframes come only every 10 s",
        "yard: its own events do not arrive: it refused the user name",
        "yard: main stream: 25.0 fps, 4000 kbit/s, 0 reconnects",
        "yard: put right in its stream: 3 missing pts",
        "yard: its sound is left out",
    ):
        assert sentence in text

    well = camera.model_copy(update={"trigger": TriggerReport(connected=True, notices=9)})
    assert "yard: 9 of its own events, 0 unknown" in shown(report(well))


def test_the_detector_tells_how_full_its_calls_are() -> None:
    detector = DetectorReport(worker="media-1", frames=90, batches=20, batch_limit=8, failed=3)

    assert "detector of" not in shown(report())
    text = shown(report(detectors=(detector,)))

    line = next(line for line in text.splitlines() if "media-1" in line)
    assert "4.5 of 8" in line
    assert [word for word in ("90", "3") if word not in line.split()] == []


def test_workers_are_listed_where_there_are_any() -> None:
    worker = WorkerReport(
        name="media-1",
        state="running",
        pid=77,
        cameras=("yard",),
        restarts=2,
        rss_bytes=150_000_000,
    )

    assert "media-1" not in shown(report())
    line = next(line for line in shown(report(workers=(worker,))).splitlines() if "media-1" in line)
    assert [word for word in ("running", "77", "2", "150") if word not in line.split()] == []
