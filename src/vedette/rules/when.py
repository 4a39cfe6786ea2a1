"""Opens when a condition holds that is written in the settings; see `rules/language`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, field_validator, model_validator

from vedette.contracts.payload import Slug
from vedette.contracts.sample import Samples
from vedette.contracts.sight import I32
from vedette.contracts.verdict import Numbers, RuleAction, RuleVerdict
from vedette.rules.base import (
    Judged,
    Refusals,
    RuleConfig,
    microseconds,
    refuse,
    seconds,
    track_key,
)
from vedette.rules.language.compose import compose
from vedette.rules.language.tree import F64, UNKNOWN, View, Why
from vedette.rules.language.words import OF_THE_CAMERA, OFFLINE, Condition

MOST_DEEP = 24
"""Mappings and lists within each other, in a condition."""

SCENE_KEY = "scene"

GROWING = frozenset({"dwell_short", "stood_short", "sequence_short"})
"""Codes of what grows until it is enough, or ends too early."""


class WhenConfig(RuleConfig):
    """`type: when`"""

    when: Condition = Field(description="What must hold (docs/rules.md).")
    event: Slug | None = Field(default=None, description="The type of its events; absent: its id.")
    complexity: Literal["easy", "medium", "hard"] | None = Field(
        default=None, description="How much has to be right for it: for those who choose rules."
    )
    about: str = Field(default="", max_length=400, description="What it is for.")
    once_per: Literal["track", "camera"] = Field(
        default="track", description="`camera`: one event at a time, whoever it is."
    )
    end_after_s: float = Field(
        default=2.0, ge=0.0, le=3600.0, description="It closes when it did not hold this long."
    )

    @property
    def zone(self) -> str | None:
        """The first zone that it names, which its events are said to be about."""
        return self.when.first_of("inside", "enters", "leaves", "outside")

    @property
    def line(self) -> str | None:
        """The first line that it names."""
        return self.when.first_of("crosses")

    @property
    def blind(self) -> bool:
        """It asks whether the camera gives pictures, so it is asked without any, too."""
        return any(each.camera == OFFLINE for each in self.when.inner())

    @model_validator(mode="after")
    def _nothing_is_seen_without_pictures(self) -> Self:
        if self.blind:
            said = {name for each in self.when.inner() for name in each.model_fields_set}
            if seen := sorted(name.rstrip("_") for name in said - OF_THE_CAMERA):
                raise ValueError(
                    f"when: `camera: offline` and `{seen[0]}` cannot be together: nothing is seen "
                    "while no pictures come; make two rules"
                )
        return self

    @field_validator("when", mode="before")
    @classmethod
    def _not_too_deep(cls, value: Any) -> Any:
        layer, depth = [value], 0
        while layer:
            depth += 1
            if depth > MOST_DEEP:
                raise ValueError(
                    f"conditions lie more than {MOST_DEEP} deep within each other; make "
                    "several rules"
                )
            layer = [
                inner
                for outer in layer
                if isinstance(outer, dict | list | tuple)
                for inner in (outer.values() if isinstance(outer, dict) else outer)
            ]
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """An event that is not over."""

    track: int
    since_us: int
    last_us: int
    """When it last held."""
    gone: bool = False
    """Its track has ended; it is about that."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WhenState:
    """Never changed in place."""

    last: Samples | None = None
    memory: F64
    """(n, k) a row for each track of `last`."""
    scene: F64
    open: Mapping[str, Open] = field(default_factory=dict)
    done_us: Mapping[str, int] = field(default_factory=dict)
    """By key: when its last event closed; the next one began later."""
    told: Refusals = field(default_factory=dict)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, WhenState):
            return NotImplemented
        return (
            np.array_equal(self.memory, other.memory, equal_nan=True)
            and np.array_equal(self.scene, other.scene, equal_nan=True)
            and (self.open, self.done_us, self.told) == (other.open, other.done_us, other.told)
        )

    __hash__ = None  # type: ignore[assignment]


class WhenRule:
    """A condition holds: one event for each track that it holds for, or for the scene."""

    Config: ClassVar = WhenConfig

    def __init__(
        self, config: WhenConfig, *, zones: Sequence[str] = (), lines: Sequence[str] = ()
    ) -> None:
        """
        Raises:
            InvalidConfig: see `compose`.
        """
        self.config = config
        tree = compose(config.when, config, zones, lines)
        self._root, self._slots = tree.root, tree.slots
        self.blind = config.blind
        self.needs = tree.needs
        self._end_us = max(microseconds(config.end_after_s), 1)

    def start(self) -> WhenState:
        """Nobody was seen yet."""
        return WhenState(
            memory=np.zeros((0, self._slots.tracks)), scene=np.full(self._slots.scene, UNKNOWN)
        )

    def step(self, state: WhenState, samples: Samples) -> tuple[WhenState, Sequence[RuleVerdict]]:
        """One moment on; see `rules/port.py`."""
        view = _view(state, samples)
        truth = self._root.look(view)
        if self._root.about_scene:
            holding = {SCENE_KEY: (0, int(truth.since))} if truth.holds else {}
            reasons = {} if truth.holds else {0: self._root.why(view, 0)}
        else:
            rows = np.flatnonzero(truth.holds).tolist()
            ids = view.samples.ids.tolist()
            holding = self._holding((ids[row], int(truth.since[row])) for row in rows)
            missing = np.flatnonzero(~truth.holds).tolist()
            reasons = {ids[row]: self._root.why(view, row) for row in missing}
        opened, ended = self._events(state, holding, reasons, samples)
        told, refused = self._refuse(state, samples, reasons, opened)
        done = dict(state.done_us)
        for verdict in ended:
            if verdict.action is RuleAction.CLOSE and not state.open[verdict.key].gone:
                done[verdict.key] = verdict.at_us
        for track in samples.ended:
            done.pop(track_key(track), None)
        after = WhenState(
            last=samples,
            memory=view.memory[~view.gone],
            scene=view.scene,
            open=opened,
            done_us=done,
            told=told,
        )
        return after, [*ended, *refused]

    def finish(self, state: WhenState, at_us: int, code: str) -> Sequence[RuleVerdict]:
        """The camera ends."""
        return [_close(key, event, at_us, code, {}) for key, event in state.open.items()]

    def _holding(self, tracks: Any) -> dict[str, tuple[int, int]]:
        """By key: the track, and since when it holds for it."""
        if self.config.once_per == "track":
            return {track_key(track): (track, since) for track, since in tracks}
        first = min(tracks, key=lambda each: each[1], default=None)
        return {} if first is None else {SCENE_KEY: first}

    def _events(
        self,
        state: WhenState,
        holding: Mapping[str, tuple[int, int]],
        reasons: Mapping[int, Why],
        samples: Samples,
    ) -> tuple[dict[str, Open], list[RuleVerdict]]:
        """What is open now, and what opened and closed."""
        still_open, said = dict(state.open), list[RuleVerdict]()
        at_us = samples.at_us
        for key, event in state.open.items():
            if key in holding:
                still_open[key] = replace(event, last_us=at_us, gone=event.track in samples.ended)
                continue
            lost = event.track in samples.ended and key != SCENE_KEY
            if lost or at_us - event.last_us >= self._end_us:
                code, numbers = self._end(reasons.get(event.track), lost=lost)
                said.append(_close(key, event, at_us, code, numbers))
                del still_open[key]
        for key, (track, since_us) in holding.items():
            if key not in state.open:
                begun = state.done_us.get(key)
                first_us = at_us if begun is not None and since_us <= begun else since_us
                gone = track in samples.ended
                still_open[key] = Open(track=track, since_us=first_us, last_us=at_us, gone=gone)
                opened = self._opened(key, still_open[key])
                if samples.away:
                    opened = replace(opened, numbers={**opened.numbers, "cause": samples.away})
                said.append(opened)
        return still_open, said

    def _opened(self, key: str, event: Open) -> RuleVerdict:
        return RuleVerdict(
            action=RuleAction.OPEN,
            key=key,
            at_us=event.last_us,
            code="held",
            track=event.track,
            first_us=event.since_us,
            numbers={"held_s": seconds(event.last_us - event.since_us)},
        )

    def _end(self, why: Why | None, *, lost: bool) -> tuple[str, Numbers]:
        if lost:
            return "lost", {}
        if self._root.moment:
            return "done", {}
        return ("over", {}) if why is None else (f"not_{why.code}", why.numbers)

    def _refuse(
        self,
        state: WhenState,
        samples: Samples,
        reasons: Mapping[int, Why],
        opened: Mapping[str, Open],
    ) -> tuple[Refusals, list[RuleVerdict]]:
        counted = {event.track for event in opened.values()}
        if self._root.about_scene:
            return state.told, []
        ids = samples.ids.tolist()
        judged = Judged(
            samples=samples,
            faults=tuple(reasons[track].code if track in reasons else "" for track in ids),
            inside=(),
            entered_us=(),
        )
        return refuse(_Reasons(ids, reasons), judged, state.told, counted, GROWING)


@dataclass(frozen=True, slots=True)
class _Reasons:
    """The figures of every no, as `refuse` asks for them."""

    ids: Sequence[int]
    reasons: Mapping[int, Why]

    def measure(self, judged: Judged, row: int) -> tuple[Numbers, float]:
        del judged
        why = self.reasons[self.ids[row]]
        return why.numbers, why.closeness


def _view(state: WhenState, samples: Samples) -> View:
    """This moment, with the last rows of tracks that ended, and what is remembered of each."""
    last = state.last
    before: I32 = np.zeros(0, dtype=np.int32) if last is None else last.ids
    place = {track: row for row, track in enumerate(before.tolist())}
    ghosts = [place[track] for track in samples.ended if track in place]
    shown = samples
    if ghosts and last is not None and last.labels == samples.labels:
        shown = samples.followed_by(last, ghosts)
    rows = np.array([place.get(track, -1) for track in shown.ids.tolist()], dtype=np.intp)
    fresh = rows < 0
    memory = np.full((len(shown), state.memory.shape[1]), UNKNOWN)
    memory[~fresh] = state.memory[rows[~fresh]]
    gone = np.arange(len(shown)) >= len(samples)
    return View(samples=shown, gone=gone, memory=memory, scene=state.scene.copy())


def _close(key: str, event: Open, at_us: int, code: str, numbers: Numbers) -> RuleVerdict:
    held_s = seconds(event.last_us - event.since_us)
    return RuleVerdict(
        action=RuleAction.CLOSE,
        key=key,
        at_us=at_us,
        code=code,
        track=event.track,
        numbers={**numbers, "held_s": held_s},
    )
