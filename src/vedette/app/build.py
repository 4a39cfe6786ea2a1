"""Builds cameras from settings: the only place that knows which parts go where."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from vedette.app.camera_settings import CameraSettings, ModuleSettings
from vedette.app.detectors import DetectorPool
from vedette.config.secrets import reveal
from vedette.contracts.bus import Bus
from vedette.contracts.event import Event
from vedette.contracts.frame import Frame
from vedette.contracts.lifecycle import Lifecycle
from vedette.contracts.sight import Tracks
from vedette.contracts.sink import EventSink
from vedette.contracts.span import CONTROL
from vedette.contracts.trigger import Beside
from vedette.detect.server import DetectorServer
from vedette.detect.several import CameraDetector
from vedette.kit.clock import Clock, from_us
from vedette.kit.pressure import PressureBoard
from vedette.media.picture import Mark, Outline, annotated
from vedette.media.ring import PacketRing
from vedette.motion.tamper import TamperWatch
from vedette.onvif.trigger import OnvifTrigger
from vedette.pipeline.animation import Later, now
from vedette.pipeline.announce import Announcer
from vedette.pipeline.book import EventBook
from vedette.pipeline.camera import CameraPipeline
from vedette.pipeline.capture import CapturePlan, EventCapture, Work
from vedette.pipeline.decode_gate import DecodeGate
from vedette.pipeline.effort import Effort, timed
from vedette.pipeline.gate import LookGate
from vedette.pipeline.gate_plan import GateMode, GatePlan
from vedette.pipeline.guard import Guard
from vedette.pipeline.labels import LabelFilter, ScoreFilter
from vedette.pipeline.ledger import Ledger
from vedette.pipeline.live import LiveView
from vedette.pipeline.look import Look, Watcher
from vedette.pipeline.main_stream import Cost, MainStream
from vedette.pipeline.media_limit import MediaLimit
from vedette.pipeline.passed_over import PassedOver
from vedette.pipeline.passes import Passes
from vedette.pipeline.regions import Regions
from vedette.pipeline.scene import Scene
from vedette.pipeline.sight import fraction_box
from vedette.pipeline.stats import CameraStats
from vedette.pipeline.stopwatch import Stopwatch
from vedette.plugins.registry import build, configure, load
from vedette.rules.build import SOMEWHERE, build_rules
from vedette.sources.port import Source
from vedette.zones.config import ZoneMap
from vedette.zones.zones import Zones

RING_SLACK_S = 2.0
"""What the packet ring holds beyond the pre-roll: a decision comes later than its packets."""
LIVE_WIDTH = 960
"""Widest live picture of the page."""


def import_plugins(cameras: Iterable[CameraSettings]) -> None:
    """Import what these cameras are going to be made of, so that `settle` finds it there."""
    for camera in cameras:
        sources = (camera.source, camera.detect_source)
        parts: list[tuple[str, ModuleSettings | None]] = [("source", each) for each in sources]
        parts += [("motion", camera.motion), ("tracker", camera.tracker)]
        parts += [("rule", rule) for rule in camera.rules]
        for kind, settings in parts:
            if settings is not None:
                load(kind, str(settings["type"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What all cameras of a process share."""

    clock: Clock
    bus: Bus
    sink: EventSink
    detector: DetectorPool | DetectorServer
    work: Work
    parts: Path | None
    """Folder of clips in the making; None makes no media."""
    component: str = CONTROL
    """The process."""
    every_frame: bool = False
    """Look at every frame, whatever moves (for measuring)."""
    later: Later = now
    """Makes animations when there is time."""
    watchers: tuple[Watcher, ...] = ()
    passes: Passes = field(default_factory=Passes)
    """Of the trackers: cameras that are due at once share them."""
    pressure: PressureBoard = field(default_factory=PressureBoard)
    """How hard-pressed the process is; cameras obey it."""
    frames: Callable[[int, int], None] = lambda frames, in_all: None
    """Told of each decoded frame: how many so far, and in all."""


def zone_map(camera: CameraSettings) -> ZoneMap:
    """Zones and lines of a camera, validated."""
    return ZoneMap.model_validate(
        {"zones": camera.zones, "lines": camera.lines, "ground": camera.ground}
    )


def outlines_of(zones: ZoneMap) -> tuple[Outline, ...]:
    """Zones and lines as they are drawn."""
    areas = tuple(Outline(points=z.polygon, name=z.id) for z in zones.zones)
    lines = tuple(Outline(points=(n.a, n.b), name=n.id, closed=False) for n in zones.lines)
    return areas + lines


def build_camera(camera: CameraSettings, around: Surroundings) -> CameraPipeline:
    """One camera, ready to watch.

    Raises:
        InvalidConfig: settings that only fit together wrongly.
        pydantic.ValidationError: settings of a plug-in that are wrong.
    """
    stats = CameraStats()
    ring = PacketRing(max_bytes=round(camera.events.ring_mb * 2**20))
    single = camera.detect_source is None

    def larger(at_us: int, cost: Cost) -> Frame | None:
        return None if effort.now > 0 else pipeline.picture(at_us, cost)

    scene = scene_of(camera, around, ring, stats, larger=None if single else larger)
    ring.max_s = scene.ring_s
    zones = scene.zones.config
    source = _source(
        camera, camera.detect_source or camera.source, around, audio=single and camera.audio
    )
    announcer = Announcer(
        camera_id=camera.id,
        zone_ids=zones.zone_ids,
        bus=around.bus,
        clock=around.clock,
        component=around.component,
        unique_us=None if camera.detect.unique_s is None else round(camera.detect.unique_s * 1e6),
    )
    effort = Effort(board=around.pressure)
    pipeline = CameraPipeline(
        camera_id=camera.id,
        source=source,
        ring=ring,
        motion=build("motion", camera.motion),
        look=_build_look(camera, around, announcer, stats, effort),
        zones=scene.zones,
        rules=scene.rules,
        book=EventBook(
            site_id=camera.site,
            camera_id=camera.id,
            sink=around.sink,
            begin_capture=scene.begin_capture,
            lifecycle=Lifecycle(keep_days=camera.events.keep_days, tag=camera.events.tag),
            limit=MediaLimit(most_a_minute=camera.events.most_a_minute),
        ),
        ledger=Ledger(camera.id, zones.zone_ids),
        sink=around.sink,
        announcer=announcer,
        live=LiveView(draw=scene.draw),
        stats=stats,
        gate=DecodeGate(plan=_gate_plan(camera, around)),
        effort=effort,
        clock=around.clock,
        ahead=getattr(source, "realtime", None),
        counted=around.frames,
    )
    if camera.tamper.enabled and not around.every_frame:
        pipeline.guard = Guard(
            watch=TamperWatch(after_s=camera.tamper.after_s),
            book=pipeline.book,
            sink=around.sink,
            announcer=announcer,
            stats=stats,
        )
    if not single:
        pipeline.main = MainStream(
            camera_id=camera.id,
            source=_source(camera, camera.source, around, audio=camera.audio),
            ring=ring,
            lock=pipeline.lock,
            keep=pipeline.keep,
            tell=pipeline.main_status,
            clock=around.clock,
        )
    pipeline.beside = tuple(_triggers(camera, pipeline, around.clock))
    return pipeline


def change_scene(pipeline: CameraPipeline, camera: CameraSettings, around: Surroundings) -> None:
    """Give a camera that watches other zones, rules and another name; its stream goes on.

    Raises:
        InvalidConfig, pydantic.ValidationError: see `build_camera`; nothing is changed then.
    """

    def larger(at_us: int, cost: Cost) -> Frame | None:
        return None if pipeline.effort.now > 0 else pipeline.picture(at_us, cost)

    there = larger if pipeline.main is not None else None
    pipeline.judge_by(scene_of(camera, around, pipeline.ring, pipeline.stats, larger=there))


def scene_of(
    camera: CameraSettings,
    around: Surroundings,
    ring: PacketRing,
    stats: CameraStats,
    *,
    larger: Callable[[int, Cost], Frame | None] | None,
) -> Scene:
    """What the pictures of a camera are judged and drawn by.

    Args:
        larger: pictures of the stream that is only kept, where there is one.

    Raises:
        InvalidConfig, pydantic.ValidationError: see `build_camera`.
    """
    zones = zone_map(camera)
    outlines = outlines_of(zones)
    plan = CapturePlan(
        camera_title=camera.title,
        outlines=outlines,
        parts=around.parts,
        pre_roll_us=round(camera.events.pre_roll_s * 1e6),
        post_roll_us=round(camera.events.post_roll_s * 1e6),
        max_clip_s=camera.events.max_clip_s,
        clips=camera.events.clips,
        previews=camera.events.previews,
        quality=camera.events.picture_quality,
        preview_width=camera.events.preview_width,
        preview_s=camera.events.preview_s,
        work=around.work,
        later=around.later,
        larger=larger,
        failed=partial(_media_failed, stats),
    )
    return Scene(
        zones=Zones(zones, camera_id=camera.id),
        rules=build_rules(camera.rules, zones.zone_ids, zones.line_ids, camera.place or SOMEWHERE),
        draw=partial(draw_live, outlines=outlines, title=camera.title),
        begin_capture=_capture(plan, ring),
        ring_s=camera.events.pre_roll_s + RING_SLACK_S + _wait_s(camera, zones),
    )


def _source(
    camera: CameraSettings, settings: ModuleSettings, around: Surroundings, *, audio: bool
) -> Source:
    source: Source = build(
        "source", reveal(settings), camera_id=camera.id, clock=around.clock, audio=audio
    )
    return source


def _triggers(camera: CameraSettings, pipeline: CameraPipeline, clock: Clock) -> Iterator[Beside]:
    """Those besides moving pixels who may open the gate."""

    def changed(name: str, at_us: int, *, active: bool) -> None:
        pipeline.trigger(f"onvif_{name}", at_us, active=active)

    if "onvif" in camera.gate.triggers and camera.onvif is not None:
        trigger = OnvifTrigger(
            camera.onvif.config(),
            camera_id=camera.id,
            clock=clock,
            on_change=changed,
            on_problem=pipeline.stats.problem,
        )
        pipeline.stats.trigger = trigger.stats
        yield trigger


def _gate_plan(camera: CameraSettings, around: Surroundings) -> GatePlan:
    settings = camera.gate
    within_s = settings.alert_within_s
    mode = GateMode(settings.mode) if settings.mode is not None else None
    if around.every_frame:
        mode = GateMode.ALWAYS
    elif mode is None and within_s is None:
        mode = GateMode.ADAPTIVE
    return GatePlan(
        mode=mode,
        alert_within_s=within_s,
        close_after_s=settings.close_after_s,
        fps=camera.detect.fps,
        max_bytes=round(camera.events.ring_mb * 2**20),
    )


def _build_look(
    camera: CameraSettings,
    around: Surroundings,
    announcer: Announcer,
    stats: CameraStats,
    effort: Effort,
) -> Look:
    detector = _detector_of(camera, around)
    tracker, followed = configure("tracker", camera.tracker)
    return Look(
        camera_id=camera.id,
        gate=LookGate(
            fps=camera.detect.fps,
            recheck_s=camera.detect.recheck_s,
            every_frame=around.every_frame,
            enabled=camera.detect.enabled,
        ),
        detect=timed(detector.submit, around.pressure, around.clock),
        keep=LabelFilter(camera.detect.labels, detector.labels),
        sure=ScoreFilter(camera.detect.min_score, detector.labels, camera.id),
        regions=Regions(enabled=camera.detect.regions),
        still_recheck_s=camera.detect.still_recheck_s,
        pressed=lambda: effort.now > 0,
        tracker=around.passes.share(tracker(followed)),
        passed_over=PassedOver(
            camera.id,
            lambda: announcer.session,
            around.sink,
            needed=getattr(followed, "new_score", 0.0),
            sure=getattr(followed, "high_score", 0.0),
        ),
        announcer=announcer,
        stats=stats,
        watchers=around.watchers,
        stopwatch=Stopwatch(clock=around.clock),
    )


def _detector_of(camera: CameraSettings, around: Surroundings) -> CameraDetector:
    """The models that look for this camera; a lone server (in measurements) looks for all."""
    if isinstance(around.detector, DetectorServer):
        return CameraDetector((around.detector,), wanted=camera.detect.labels)
    return around.detector.for_camera(camera.detect)


def _wait_s(camera: CameraSettings, zones: ZoneMap) -> float:
    """How long before its opening an event may have begun, as the settings have it.

    At most half a clip: who waits for longer sees the latest part, with the opening in it.
    """
    rules = [configure("rule", each)[1] for each in camera.rules]
    waits = [getattr(rule, name, 0.0) for rule in rules for name in ("for_s", "dwell_s")]
    inertia_s = max((zone.inertia_s for zone in zones.zones), default=0.0)
    return min(max(waits, default=0.0) + inertia_s, camera.events.max_clip_s / 2)


def _capture(plan: CapturePlan, ring: PacketRing) -> Callable[[Event, int], EventCapture]:
    def begin(event: Event, first_us: int) -> EventCapture:
        capture = EventCapture(plan=plan, first_us=first_us)
        capture.begin_clip(event, ring)
        return capture

    return begin


def _media_failed(stats: CameraStats, sentence: str) -> None:
    stats.media_failures += 1
    stats.problem(sentence)


def draw_live(frame: Frame, tracks: Tracks, *, outlines: tuple[Outline, ...], title: str) -> bytes:
    """The live picture: zones, lines, and a box around every object in view."""
    marks = [
        Mark(
            box=fraction_box(tracks.boxes[row]),
            label=tracks.labels[int(tracks.classes[row])],
            score=float(tracks.scores[row]),
            strong=bool(tracks.observed[row]),
        )
        for row in np.flatnonzero(tracks.confirmed).tolist()
    ]
    caption = f"{title} - {from_us(frame.at_us):%Y-%m-%d %H:%M:%S} UTC"
    return annotated(
        frame, marks=marks, outlines=outlines, caption=caption, quality=75, max_width=LIVE_WIDTH
    )
