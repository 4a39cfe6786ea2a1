"""The page of one camera: live video, what is recorded, and a player for any moment of it."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from vedette.api.context import context_of
from vedette.api.page import asset, render
from vedette.api.recordings import card_of
from vedette.contracts.status import MEANT, CameraReport

router = APIRouter(include_in_schema=False)


@router.get("/cameras/{camera_id}")
async def camera(request: Request, camera_id: str) -> HTMLResponse:
    context = context_of(request)
    card = card_of(context, camera_id)
    told = await context.report()
    reports = (each for each in told.cameras if each.camera_id == camera_id)
    figures = [line for report in reports for line in figures_of(report)]
    streams = camera_id in context.streams()
    return render("camera.html", camera=card, streams=streams, figures=figures)


def figures_of(camera: CameraReport) -> list[tuple[str, str]]:
    """Names and words: what the camera sends, what of it is looked at, and what is wrong."""
    sent = (
        f"{camera.fps_in:.1f} frames a second, {camera.bitrate_bps / 1000:.0f} kbit/s, "
        f"{camera.source_lag_s:.2f} s late"
    )
    lost = {cause: count for cause, count in camera.dropped.items() if cause not in MEANT}
    lines = [
        ("Arrives", sent),
        ("Looked at", f"{camera.fps_analysed:.1f} frames a second, {camera.lag_s:.2f} s late"),
        ("Decode gate", f"{camera.gate} ({camera.gate_mode}). {camera.gate_note}"),
        ("Its clock", f"{camera.drift_ms:+.0f} ms, {camera.drift_ppm:+.0f} ppm"),
        ("Left out", ", ".join(f"{count} {cause}" for cause, count in lost.items()) or "nothing"),
        ("Reconnects", str(camera.reconnects)),
    ]
    if camera.main_fps or camera.main_reconnects:
        main = f"{camera.main_fps:.1f} frames a second, {camera.main_bitrate_bps / 1000:.0f} kbit/s"
        lines.insert(1, ("Main stream", f"{main}, {camera.main_reconnects} reconnects"))
    if camera.trigger is not None:
        told = f"{camera.trigger.notices} known, {camera.trigger.unknown} unknown"
        lines.append(("Its own events", f"{camera.trigger.detail}; {told}"))
    if camera.irregular:
        put_right = ", ".join(f"{count} {kind}" for kind, count in camera.irregular.items())
        lines.append(("Put right", put_right.replace("_", " ")))
    lines += [("Note", note) for note in camera.notes]
    if camera.pressure:
        lines.append(("Pressure", f"{camera.pressure} of 3"))
    if camera.tamper:
        lines.insert(0, ("Tampering", f"the camera is {camera.tamper}"))
    return lines


@router.get("/camera.js")
async def script() -> Response:
    return asset("camera.js", "text/javascript; charset=utf-8")
