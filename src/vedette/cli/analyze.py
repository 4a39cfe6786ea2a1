"""`vedette analyze`: a recording through the real pipeline, as fast as it goes."""

from pathlib import Path
from typing import Annotated, Any

import typer

from vedette.cli.look import clock_time, download_bar, err, frame_bar, out, table
from vedette.contracts.errors import InvalidInput

EXAMPLES = """Examples:

  vedette analyze visit.mp4

  vedette analyze visit.mp4 --config cameras.yaml --camera yard --artifacts found/

  vedette analyze visit.mp4 --every-frame --tracks tracks.csv --json events.jsonl
"""


def analyze(
    source: Annotated[str, typer.Argument(help="A video file, or an http(s) or rtsp address.")],
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="Settings with zones and rules; see `--camera`."),
    ] = None,
    camera: Annotated[
        str | None, typer.Option(help="Which camera of the settings; the first one if absent.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Model of the catalogue (see `vedette models list`).")
    ] = None,
    every_frame: Annotated[
        bool, typer.Option("--every-frame", help="Look at every frame, whatever moves.")
    ] = False,
    json: Annotated[
        Path | None, typer.Option(help="Write events here, one JSON object a line.")
    ] = None,
    tracks: Annotated[
        Path | None, typer.Option(help="Write tracks here, MOTChallenge rows with a header.")
    ] = None,
    artifacts: Annotated[
        Path | None, typer.Option(help="Write snapshots, previews and clips into this folder.")
    ] = None,
    names: Annotated[
        str | None,
        typer.Option(
            help="Name these after a pattern, such as {camera}_{label}{more}_{date}_{time}, all "
            "in one folder; a folder per event if absent. See docs/file-names.md."
        ),
    ] = None,
) -> None:
    """Find events and tracks in a recording, and say what was found."""
    from vedette.app.analyze import Analysis
    from vedette.app.analyze import analyze as run
    from vedette.app.one_camera import camera_for, more_detectors
    from vedette.kit.clock import SystemClock

    for path in (json, tracks):
        if path is not None and path.is_dir():
            raise InvalidInput(f"{path} is a folder; give the name of a file to write")
    chosen, detector = camera_for(source, config, camera, model)
    wanted = Analysis(
        camera=chosen,
        detector=detector,
        more=more_detectors(config),
        every_frame=every_frame,
        json=json,
        tracks=tracks,
        artifacts=artifacts,
        names=names,
    )
    with download_bar() as loading, frame_bar(f"looking at {source}") as looking:
        found = run(wanted, SystemClock(), seen=looking, progress=loading)
    _tell(found, wanted)


analyze.__doc__ = f"{analyze.__doc__}\n\n{EXAMPLES}"


def _tell(found: Any, wanted: Any) -> None:
    from vedette.kit.clock import from_us

    events = table("Events", "time", "rule", "kind", "what", "where", ">score", ">seconds")
    for held in found.events:
        event = held.event
        ended = event.ended_at or event.updated_at
        place = event.zone_id or event.line_id or ""
        events.add_row(
            clock_time(event.opened_at),
            event.rule_id,
            event.event_type,
            event.label,
            place,
            f"{event.score:.2f}",
            f"{(ended - event.started_at).total_seconds():.1f}",
        )
    tracks = table("Tracks", ">track", "what", "from", "to", ">score", ">seen", "zones")
    for track in sorted(found.tracks, key=lambda t: (t.t0_us, t.id)):
        tracks.add_row(
            track.id.rpartition("/")[2],
            track.label,
            clock_time(from_us(track.t0_us)),
            clock_time(from_us(track.t1_us)),
            f"{track.median_score:.2f}",
            str(track.samples),
            ", ".join(track.zones),
        )
    out.print(events)
    out.print(tracks)
    stats = found.stats
    speed = f", {found.video_s / found.took_s:.1f} times real time" if found.took_s > 0 else ""
    out.print(
        f"{stats.frames} frames ({found.video_s:.1f} s) in {found.took_s:.1f} s{speed}; "
        f"{stats.analysed} analysed, {stats.looked} seen by the detector; "
        f"{len(found.events)} events, {len(found.tracks)} tracks"
    )
    for what, path in (
        ("events", wanted.json),
        ("tracks", wanted.tracks),
        ("files", wanted.artifacts),
    ):
        if path is not None:
            out.print(f"{what}: {path}")
    for problem in stats.problems:
        err.print(f"[yellow]note:[/] {problem}")
