"""Where does each object stand, since when, and which line did it cross?"""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from vedette.contracts.sample import I8, U16, U64, Samples, quantise
from vedette.contracts.sight import I32, I64, Bools, Tracks
from vedette.contracts.verdict import Numbers, Verdict
from vedette.zones.config import LineConfig, ZoneConfig, ZoneMap
from vedette.zones.ground import Ground
from vedette.zones.lines import LineMap, settle
from vedette.zones.raster import Raster
from vedette.zones.state import ZoneState, blank, follow

STAGE = "zones"


class Zones:
    """Turns the tracks of one camera into the samples that rules see. Pure: memory is in the state.

    Tentative tracks are followed but not passed on, so that a track which is confirmed late is
    inside since it really entered. Where a track was not observed, it is taken to be where it
    was last observed, and nothing about it changes: predictions enter no zone and cross no line.
    So samples follow from the observed boxes alone, which is what the track store keeps.
    """

    def __init__(self, config: ZoneMap, *, camera_id: str) -> None:
        self.config = config
        self._camera_id = camera_id
        self._foot = Raster(config.zones, "foot")
        self._centre = Raster(config.zones, "centre")
        self._lines = LineMap(config.lines)
        self._ground = None if config.ground is None else Ground(config.ground)
        count = len(config.zones)
        self._shifts = np.arange(count, dtype=np.uint64)
        self._inertia_us = np.array(
            [round(z.inertia_s * 1e6) for z in config.zones], dtype=np.int64
        )
        self._include = _bits(config.zones, "include")
        self._exclude = _bits(config.zones, "exclude")
        self._filters = self._include | self._exclude
        self._allowed = lru_cache(maxsize=8)(self._allowed_of)

    def start(self) -> ZoneState:
        """The state before the first frame."""
        return blank(0, len(self.config.zones), len(self.config.lines))

    def step(
        self, state: ZoneState, tracks: Tracks
    ) -> tuple[ZoneState, Samples, tuple[Verdict, ...]]:
        """One moment on.

        Returns:
            The next state; the samples of confirmed tracks (without excluded ones), in the
            order of `tracks`; and what is new for the ledger: `entered`, `left` (with
            `stayed_s`), `crossed` (with `direction`), `excluded`, `included`.
        """
        held = follow(state, tracks)
        seen: Bools = tracks.observed | held.fresh
        boxes: U16 = np.where(seen[:, None], quantise(tracks.boxes), held.boxes).astype(np.uint16)
        foot, centre = _anchors(boxes)
        held = replace(
            held, boxes=boxes, scores=held.scores.take(quantise(tracks.scores), tracks.observed)
        )
        before = held.entered_us
        held = self._locate(held, tracks, seen, (foot, centre))
        held, crossings = self._cross(held, tracks, foot, centre)
        verdicts = self._tell(held, tracks, crossings, before)
        confirmed = tracks.confirmed
        samples = self._samples(held, tracks, crossings, foot)
        told = np.where(confirmed, held.bits, held.told).astype(np.uint64)
        out = np.where(confirmed, self._left_out(held.bits), held.out).astype(np.bool_)
        return replace(held, told=told, out=out), samples, verdicts

    def _locate(
        self, held: ZoneState, tracks: Tracks, seen: Bools, anchors: tuple[I32, I32]
    ) -> ZoneState:
        """Zone bits after inertia."""
        if not len(self._shifts):
            return held
        raw = self._foot.bits(anchors[0]) | self._centre.bits(anchors[1])
        raw &= self._allowed(tracks.labels)[0][tracks.classes]
        # what filters must not wait: an object that appears in an excluded area never shows
        at_once = np.where(held.fresh, raw & self._filters, 0).astype(np.uint64)
        bits = held.bits | at_once
        differs = np.where(seen, raw ^ bits, 0).astype(np.uint64)
        if not (differs.any() or at_once.any() or (held.since_us >= 0).any()):
            return held
        at = np.int64(tracks.at_us)
        begin = np.where(held.fresh, tracks.first_us, at)[:, None]
        other = self._columns(differs)
        since = np.where(other, np.where(held.since_us < 0, begin, held.since_us), -1)
        since = np.where(seen[:, None], since, held.since_us)
        flip = other & (at - since >= self._inertia_us)
        entering = flip & ~self._columns(bits)
        entered = np.where(entering, since, np.where(flip, -1, held.entered_us))
        entered = np.where(self._columns(at_once), begin, entered)
        bits = bits ^ (flip.astype(np.uint64) << self._shifts).sum(axis=1, dtype=np.uint64)
        return replace(held, bits=bits, since_us=np.where(flip, -1, since), entered_us=entered)

    def _cross(
        self, held: ZoneState, tracks: Tracks, foot: I32, centre: I32
    ) -> tuple[ZoneState, I8]:
        """Line crossings of this step; tentative tracks wait where they were first seen."""
        if not len(self._lines):
            return held, np.zeros((len(tracks), 0), dtype=np.int8)
        now = self._lines.points(foot, centre)
        looked = (tracks.observed & tracks.confirmed)[:, None]
        before = np.where(held.fresh[:, None, None], now, held.points).astype(np.int32)
        passed = self._lines.passed(before, now)
        net, crossed = settle(held.net, passed, self._lines.clear(now))
        net = np.where(looked, net, held.net).astype(np.int8)
        crossed = np.where(looked, crossed, 0) * self._allowed(tracks.labels)[1][tracks.classes]
        points = np.where(looked[:, :, None], now, before).astype(np.int32)
        return replace(held, points=points, net=net), crossed.astype(np.int8)

    def _samples(self, held: ZoneState, tracks: Tracks, crossings: I8, foot: I32) -> Samples:
        keep = tracks.confirmed & ~self._left_out(held.bits)
        ended = tuple(track.id for track in tracks.ended if track.confirmed)
        return Samples(
            camera_id=self._camera_id,
            at_us=tracks.at_us,
            ids=tracks.ids[keep],
            classes=tracks.classes[keep],
            labels=tracks.labels,
            boxes=held.boxes[keep],
            scores=held.scores.medians()[keep],
            first_us=tracks.first_us[keep],
            zones=held.bits[keep],
            entered_us=held.entered_us[keep],
            crossings=crossings[keep],
            ended=ended,
            aspect=tracks.aspect,
            ground=None if self._ground is None else self._ground.locate(foot[keep]),
            keypoints=None if tracks.keypoints is None else quantise(tracks.keypoints[keep]),
        )

    def _left_out(self, bits: U64) -> Bools:
        """(n,) True for tracks in an `exclude` zone, or in none of the `include` zones."""
        out: Bools = (bits & self._exclude) != 0
        if self._include:
            out |= (bits & self._include) == 0
        return out

    def _tell(
        self, held: ZoneState, tracks: Tracks, crossings: I8, before: I64
    ) -> tuple[Verdict, ...]:
        """What the ledger does not know yet."""
        out = self._left_out(held.bits)
        news = (held.bits != held.told) | (out != held.out) | crossings.any(axis=1)
        verdicts: list[Verdict] = []
        for row in np.flatnonzero(news & tracks.confirmed).tolist():
            said = self._moves(held, row, tracks.at_us - before[row])
            said += self._excluded(held, row, bool(out[row]))
            for line in np.flatnonzero(crossings[row]).tolist():
                direction = "forward" if crossings[row, line] > 0 else "backward"
                name = self.config.lines[line].id
                said.append(("crossed", {"line": name, "direction": direction}))
            verdicts += [
                Verdict(
                    camera_id=self._camera_id,
                    track=int(held.ids[row]),
                    stage=STAGE,
                    at_us=tracks.at_us,
                    code=code,
                    numbers=numbers,
                )
                for code, numbers in said
            ]
        return tuple(verdicts)

    def _moves(self, held: ZoneState, row: int, stayed_us: I64) -> list[tuple[str, Numbers]]:
        said: list[tuple[str, Numbers]] = []
        bits, told = int(held.bits[row]), int(held.told[row])
        for bit, zone in enumerate(self.config.zones):
            inside = bits >> bit & 1
            if inside == told >> bit & 1:
                continue
            if inside:
                said.append(("entered", {"zone": zone.id}))
            else:
                stayed_s = round(int(stayed_us[bit]) / 1e6, 3)
                said.append(("left", {"zone": zone.id, "stayed_s": stayed_s}))
        return said

    def _excluded(self, held: ZoneState, row: int, out: bool) -> list[tuple[str, Numbers]]:
        if out == bool(held.out[row]):
            return []
        if not out:
            return [("included", {})]
        within = int(held.bits[row] & self._exclude)
        names = [zone.id for bit, zone in enumerate(self.config.zones) if within >> bit & 1]
        if names:
            return [("excluded", {"zone": names[0]})]
        return [("excluded", {"reason": "outside every include zone"})]

    def _columns(self, bits: U64) -> Bools:
        """(n,) bits to (n, z) booleans."""
        columns: Bools = (bits[:, None] >> self._shifts & np.uint64(1)).astype(np.bool_)
        return columns

    def _allowed_of(self, labels: tuple[str, ...]) -> tuple[U64, I8]:
        """Per class: the zones that concern it, and (classes, l) 1 for the lines that do."""
        zones = [
            sum(1 << bit for bit, zone in enumerate(self.config.zones) if _concerns(zone, label))
            for label in labels
        ]
        lines = [[_concerns(line, label) for line in self.config.lines] for label in labels]
        table = np.array(lines, dtype=np.int8).reshape(len(labels), len(self.config.lines))
        return np.array(zones, dtype=np.uint64), table


def _concerns(place: ZoneConfig | LineConfig, label: str) -> bool:
    return not place.labels or label in place.labels


def _bits(zones: Sequence[ZoneConfig], kind: str) -> np.uint64:
    return np.uint64(sum(1 << bit for bit, zone in enumerate(zones) if zone.kind == kind))


def _anchors(boxes: U16) -> tuple[I32, I32]:
    """(n, 2) middle of the lower edge, and (n, 2) middle, of quantised boxes."""
    whole = boxes.astype(np.int32)
    x = (whole[:, 0] + whole[:, 2]) >> 1
    foot: I32 = np.stack((x, whole[:, 3]), axis=1)
    centre: I32 = np.stack((x, (whole[:, 1] + whole[:, 3]) >> 1), axis=1)
    return foot, centre
