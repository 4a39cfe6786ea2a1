"""`vedette status`: how the cameras of a running product are."""

import json
import threading
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from vedette.cli.look import clock_time, out, table
from vedette.contracts.facts import CameraState
from vedette.contracts.status import (
    MEANT,
    CameraReport,
    DetectorReport,
    ProductReport,
    WorkerReport,
)

EXAMPLES = """Examples:

  vedette status

  vedette status --watch

  vedette status --json | jq '.cameras[] | select(.lag_s > 2)'
"""

STYLES = {CameraState.ONLINE: "green", CameraState.CONNECTING: "cyan", CameraState.ENDED: "dim"}
EVERY_S = 1.0


def status(
    data: Annotated[
        Path | None,
        typer.Option("--data", "-d", help="Data folder of the product; $VEDETTE_DATA if absent."),
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="Address of the product, instead of its data folder.")
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Show it anew every second, until Ctrl-C.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what the API answers.")] = False,
) -> None:
    """Show every camera: frames in and analysed, gate, lag, drops; exit code 1 if not ready."""
    from vedette.app.ask import ask_report, find_address
    from vedette.kit.clock import SystemClock

    address = url or find_address(data)
    report = ask_report(address)
    if as_json:
        typer.echo(json.dumps(report.model_dump(mode="json"), indent=2))
    elif not watch:
        out.print(picture(report))
    else:
        clock, never = SystemClock(), threading.Event()
        with Live(picture(report), console=out, auto_refresh=False, screen=False) as live:
            while True:
                clock.wait(never, EVERY_S)
                report = ask_report(address)
                live.update(picture(report), refresh=True)
    if not report.ready:
        raise typer.Exit(1)


status.__doc__ = f"{status.__doc__}\n\n{EXAMPLES}"


def picture(report: ProductReport) -> RenderableType:
    """The report as tables."""
    parts: list[RenderableType] = [_heading(report), _cameras(report.cameras)]
    if report.workers:
        parts.append(_workers(report.workers))
    if report.detectors:
        parts.append(_detectors(report.detectors))
    parts += [
        Text(f"{camera.camera_id}: {camera.problems[-1]}", style="yellow")
        for camera in report.cameras
        if camera.problems and camera.state is not CameraState.ONLINE
    ]
    parts += [
        Text(f"{camera.camera_id}: {note}", style=style)
        for camera in report.cameras
        for note, style in notes_of(camera)
    ]
    return Group(*parts)


TAMPERED = {
    "covered": "something covers the camera",
    "defocused": "the camera is out of focus",
    "shifted": "the camera looks elsewhere",
}


def notes_of(camera: CameraReport) -> list[tuple[str, str]]:
    """What a row of figures cannot say, as sentences with a style."""
    notes = []
    if camera.tamper:
        notes.append((TAMPERED.get(camera.tamper, camera.tamper), "bold red"))
    if camera.trigger is not None and not camera.trigger.connected:
        notes.append((f"its own events do not arrive: {camera.trigger.detail}", "yellow"))
    elif camera.trigger is not None:
        words = f"{camera.trigger.notices} of its own events, {camera.trigger.unknown} unknown"
        notes.append((words, "dim"))
    if camera.main_fps or camera.main_reconnects:
        words = (
            f"main stream: {camera.main_fps:.1f} fps, {camera.main_bitrate_bps / 1000:.0f} kbit/s, "
            f"{camera.main_reconnects} reconnects"
        )
        notes.append((words, "dim"))
    notes += [(note, "yellow") for note in camera.notes]
    if camera.irregular:
        put_right = ", ".join(f"{count} {kind}" for kind, count in camera.irregular.items())
        notes.append((f"put right in its stream: {put_right}".replace("_", " "), "dim"))
    if camera.gate_note and camera.state in {CameraState.ONLINE, CameraState.DEGRADED}:
        notes.append((camera.gate_note, "dim"))
    return notes


def _heading(report: ProductReport) -> Text:
    well = Text("ready", style="green") if report.ready else Text("not ready", style="bold red")
    up_s = (report.at - report.started_at).total_seconds()
    head = Text(f"Vedette {report.version}, running for {span(up_s)}: ") + well
    for name, detail in report.checks.items():
        head.append(f"\n  {name}: {detail}", style="yellow")
    return head


def _cameras(cameras: tuple[CameraReport, ...]) -> RenderableType:
    shown = table(
        "",
        "camera",
        "state",
        "gate",
        ">fps in",
        ">analysed",
        ">kbit/s",
        ">lag s",
        ">drift ms",
        ">dropped",
        ">reconnects",
        ">events",
        "last frame",
    )
    for camera in cameras:
        lost = sum(count for cause, count in camera.dropped.items() if cause not in MEANT)
        shown.add_row(
            camera.camera_id,
            Text(camera.state.value, style=STYLES.get(camera.state, "red")),
            gate_words(camera),
            f"{camera.fps_in:.1f}",
            f"{camera.fps_analysed:.1f}",
            f"{camera.bitrate_bps / 1000:.0f}",
            f"{camera.lag_s:.2f}",
            f"{camera.drift_ms:+.0f}",
            str(lost),
            str(camera.reconnects),
            str(camera.events),
            clock_time(camera.last_frame_at) if camera.last_frame_at else "never",
        )
    return shown


def gate_words(camera: CameraReport) -> str:
    """`open (adaptive)`, with what is wrong behind it."""
    words = f"{camera.gate} ({camera.gate_mode})"
    if camera.pressure:
        words += f", pressure {camera.pressure}"
    if camera.tamper:
        words += f", {camera.tamper}!"
    return words


def _workers(workers: tuple[WorkerReport, ...]) -> RenderableType:
    shown = table(
        "", "worker", "state", ">pid", ">cameras", ">restarts", ">heartbeat s", ">MB", "detail"
    )
    for worker in workers:
        shown.add_row(
            worker.name,
            worker.state,
            str(worker.pid or ""),
            str(len(worker.cameras)),
            str(worker.restarts),
            f"{worker.heartbeat_age_s:.1f}",
            f"{worker.rss_bytes / 1e6:.0f}",
            worker.detail,
        )
    return shown


def _detectors(detectors: tuple[DetectorReport, ...]) -> RenderableType:
    shown = table(
        "",
        "detector of",
        ">frames",
        ">a call",
        ">waiting",
        ">wait s",
        ">failed",
        ">no memory",
        ">hangs",
        ">restarts",
        ">exchanges",
    )
    for one in detectors:
        shown.add_row(
            one.worker or "this process",
            str(one.frames),
            f"{one.frames / one.batches:.1f} of {one.batch_limit}" if one.batches else "-",
            str(one.waiting),
            f"{one.wait_p95_s:.2f}",
            str(one.failed),
            str(one.out_of_memory),
            str(one.hangs),
            str(one.restarts),
            str(one.exchanges),
        )
    return shown


def span(seconds: float) -> str:
    """`2 d 3 h`, `4 min`, `12 s`: the two largest units."""
    whole = max(0, round(seconds))
    units = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))
    parts: list[str] = []
    for unit, size in units:
        count, whole = divmod(whole, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])
