"""Changes of one camera's settings, tried on what it followed: which spare false events, or would
have seen what was missed."""

import json
import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from vedette.app.backtest import span_us
from vedette.app.camera_settings import CameraSettings
from vedette.app.proposals import changed, milder, stricter
from vedette.app.trial import Look, look, rules_of
from vedette.contracts.errors import InvalidConfig
from vedette.contracts.feedback import ANY_RULE, EventFeedback
from vedette.contracts.suggestion import Suggestion
from vedette.evaluation.suggest import (
    Kind,
    Outcome,
    Proposal,
    Tried,
    against_false,
    for_missed,
    places,
)
from vedette.explain.words import obstacle
from vedette.kit.clock import to_us
from vedette.pipeline.past import PastTrack
from vedette.zones.config import MOST_ZONES

AROUND_US = 10_000_000
"""People say a missed moment to some seconds."""
MOST_PLACES = 3
"""Outlines that are tried for a rule: each is a pass over all tracks."""
MOST_MILDER = 8
"""Changes of a rule that are tried for what was missed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What people said of one camera's events, with what was followed meanwhile."""

    camera: CameraSettings
    own: frozenset[str]
    """Ids of rules that stand in the settings themselves; the others come from packs."""
    false: Mapping[str, frozenset[str]]
    """Tracks of the events marked false, by rule."""
    others: frozenset[str]
    """Tracks of events that nobody marked false."""
    missed: tuple[EventFeedback, ...]
    """Moments at which nothing opened."""
    tracks: tuple[PastTrack, ...]


@dataclass(frozen=True, slots=True)
class _Moment:
    """A moment that somebody missed, and who was there."""

    word: EventFeedback
    tracks: frozenset[str]

    def about(self, rule: str) -> bool:
        return self.word.rule_id in (ANY_RULE, rule)


@dataclass(slots=True)
class CameraTrial:
    """Tries changes at one camera."""

    case: Said
    notes: list[str] = field(default_factory=list)
    rules: tuple[dict[str, Any], ...] = ()
    base: Look = field(default_factory=lambda: Look(opened=[]))
    moments: tuple[_Moment, ...] = ()

    def suggestions(self) -> Iterator[Suggestion]:
        """In the order of the camera's rules; first against false events, then for missed ones."""
        case = self.case
        self.rules = case.camera.rules
        self.moments = tuple(_Moment(word, _there(case.tracks, word.at)) for word in case.missed)
        false = frozenset(track for tracks in case.false.values() for track in tracks)
        self.base = look(
            case.camera,
            rules_of(case.camera, self.rules),
            case.tracks,
            watched=false | case.others,
            missed=frozenset(track for moment in self.moments for track in moment.tracks),
        )
        wanted: list[tuple[int, list[Proposal], bool]] = []
        for index in range(len(self.rules)):
            wanted.append((index, self._stricter(index), True))
            wanted.append((index, self._milder(index), False))
        tried = self._try([(index, one) for index, many, _ in wanted for one in many])
        for index, many, against in wanted:
            outcomes = [(one, tried[index, one.path, repr(one.new)]) for one in many]
            if against:
                best = against_false([*outcomes, *self._places(index)], len(self._false(index)))
                if best is None and self._false(index):
                    self._note(index, "no single change keeps the false ones out")
            else:
                best = for_missed(outcomes)
            if best is not None:
                yield self._told(index, best)
        self._explain_missed(tried)

    def _false(self, index: int) -> frozenset[str]:
        """False ones that the settings in force still open."""
        marked = self.case.false.get(str(self.rules[index]["id"]), frozenset())
        return marked & self.base.opened[index]

    def _missed(self, index: int) -> list[_Moment]:
        """Moments that the rule could have been about, and opens nothing at."""
        rule = str(self.rules[index]["id"])
        opened = self.base.opened[index]
        return [one for one in self.moments if one.about(rule) and not one.tracks & opened]

    def _stricter(self, index: int) -> list[Proposal]:
        false = self._false(index)
        if not false:
            marked = self.case.false.get(str(self.rules[index]["id"]))
            if marked:
                self._note(index, "the settings in force open none of the false ones any more")
            return []
        zone = str(self.rules[index].get("zone") or "")
        seen = {track: one.spans for (place, track), one in self.base.seen.items() if place == zone}
        others = self.base.opened[index] - false
        return list(
            stricter(
                self.rules[index],
                [spans for track, spans in sorted(seen.items()) if track in false],
                [spans for track, spans in sorted(seen.items()) if track in others],
            )
        )

    def _milder(self, index: int) -> list[Proposal]:
        found: dict[str, Proposal] = {}
        for moment in self._missed(index):
            for track in sorted(moment.tracks):
                for code, numbers in self.base.refused.get((index, track), ()):
                    one = milder(self.rules[index], code, numbers)
                    if one is not None:
                        found.setdefault(repr((one.path, one.new)), one)
        return sorted(found.values(), key=lambda one: (one.step, repr(one.new)))[:MOST_MILDER]

    def _try(
        self, wanted: Sequence[tuple[int, Proposal]]
    ) -> dict[tuple[int, tuple[str, ...], str], Outcome]:
        """All changes of rules in one pass; one that the rule refuses does nothing."""
        built = []
        for index, one in wanted:
            rule = changed(self.rules[index], one.path[2:], one.new)
            try:
                built.append((index, one, rules_of(self.case.camera, [rule])[0]))
            except (ValidationError, InvalidConfig):
                continue
        outcomes = {(index, one.path, repr(one.new)): Outcome() for index, one in wanted}
        if built:
            after = look(self.case.camera, [rule for _, _, rule in built], self.case.tracks)
            for (index, one, _), opened in zip(built, after.opened, strict=True):
                outcomes[index, one.path, repr(one.new)] = self._outcome(index, opened)
        return outcomes

    def _outcome(self, index: int, opened: Collection[str]) -> Outcome:
        before, false = self.base.opened[index], self._false(index)
        after = frozenset(opened)
        return Outcome(
            removed=len(false - after),
            lost=len(before - false - after),
            found=sum(bool(one.tracks & after) for one in self._missed(index)),
            more=len(after - before),
        )

    def _places(self, index: int) -> Iterator[Tried]:
        """An area to be ignored, with what it does to every rule of the camera."""
        camera, false = self.case.camera, self._false(index)
        zone = str(self.rules[index].get("zone") or "")
        there = sorted(track for place, track in self.base.seen if place == zone and track in false)
        feet = [self.base.seen[zone, track].points for track in there]
        if len(camera.zones) >= MOST_ZONES or not feet:
            return
        taken = {str(each["id"]) for each in camera.zones}
        name = next(
            name for n in range(MOST_ZONES + 1) if (name := f"ignored-{n + 1}") not in taken
        )
        labels = sorted({t.label for t in self.case.tracks if _name(t) in false})
        marked = {track for tracks in self.case.false.values() for track in tracks}
        for number, corners in enumerate(places(feet)):
            if number == MOST_PLACES:
                break
            polygon = [list(corner) for corner in corners]
            zone_settings = {"kind": "exclude", "labels": labels, "polygon": polygon}
            fresh = (*camera.zones, {"id": name, **zone_settings})
            other = camera.model_copy(update={"zones": fresh})
            after = look(other, rules_of(other, self.rules), self.case.tracks).opened
            lost = sum(
                len(before - marked - now)
                for before, now in zip(self.base.opened, after, strict=True)
            )
            more = sum(
                len(now - before) for before, now in zip(self.base.opened, after, strict=True)
            )
            outcome = Outcome(removed=len(false - after[index]), lost=lost, more=more)
            step = float(number)
            yield (
                Proposal(
                    kind=Kind.PLACE, path=("zones", name), old=None, new=zone_settings, step=step
                ),
                outcome,
            )

    def _told(self, index: int, best: Tried) -> Suggestion:
        proposal, outcome = best
        camera, rule = self.case.camera, self.rules[index]
        path, new = proposal.path, proposal.new
        if path[0] == "rules" and str(rule["id"]) not in self.case.own:  # a pack's: taken over
            path, new = path[:2], {**changed(rule, path[2:], new)}
            del new["id"]
        setting = ".".join(("cameras", camera.id, *path))
        first_us, last_us = span_us(self.case.tracks)
        of_all = proposal.kind is Kind.PLACE
        marked = {track for tracks in self.case.false.values() for track in tracks}
        others = [
            len(opened - marked)
            for at, opened in enumerate(self.base.opened)
            if of_all or at == index
        ]
        value = json.dumps(new, separators=(", ", ": "))
        false, missed = len(self._false(index)), len(self._missed(index))
        return Suggestion(
            camera_id=camera.id,
            rule_id=str(rule["id"]),
            kind=proposal.kind.value,
            setting=setting,
            old=proposal.old,
            new=new,
            why=_why(proposal, outcome, false, missed),
            apply=f"vedette config set {setting} {shlex.quote(value)}",
            false=false,
            false_removed=outcome.removed,
            others=sum(others),
            others_lost=outcome.lost,
            missed=missed,
            missed_found=outcome.found,
            more=outcome.more,
            days=round((last_us - first_us) / 86_400e6, 2),
            tracks=len(self.case.tracks),
        )

    def _explain_missed(self, tried: Mapping[tuple[int, tuple[str, ...], str], Outcome]) -> None:
        """Say of each missed moment that no change is found for, what was in the way."""
        for moment in self.moments:
            when = f"{self.case.camera.id}, {moment.word.at:%Y-%m-%d %H:%M:%S} UTC"
            if not moment.tracks:
                self.notes.append(
                    f"{when}: nobody was followed, so no rule could tell of it; `vedette replay` "
                    "tries another model, motion or detector on what was recorded"
                )
                continue
            for index, rule in enumerate(self.rules):
                if not moment.about(str(rule["id"])):
                    continue
                if moment.tracks & self.base.opened[index]:
                    self.notes.append(f"{when}: rule {rule['id']} opens an event now")
                elif not any(o.found for (at, _, _), o in tried.items() if at == index):
                    said = [
                        why
                        for track in sorted(moment.tracks)
                        for why in self.base.refused.get((index, track), ())
                    ]
                    why = obstacle(*said[-1]) if said else "it had no word about it"
                    self.notes.append(f"{when}: rule {rule['id']} opens nothing: {why}")

    def _note(self, index: int, sentence: str) -> None:
        self.notes.append(f"{self.case.camera.id}, rule {self.rules[index]['id']}: {sentence}")


def _why(proposal: Proposal, outcome: Outcome, false: int, missed: int) -> str:
    if outcome.found:
        cost = f"{outcome.more} other events would open besides" if outcome.more else "no other"
        return f"{outcome.found} of {missed} missed moments would open an event; {cost}"
    what = {
        Kind.SCORE: "were less sure",
        Kind.SIZE: "were of another size",
        Kind.SHAPE: "were of another shape",
        Kind.PLACE: "stood at one place",
    }.get(proposal.kind, "were different")
    verb = "are" if outcome.lost > 1 else "is"
    cost = f"{outcome.lost or 'none'} of the others {verb} lost"
    return f"{outcome.removed} of {false} false events {what}; {cost}"


def _there(tracks: Sequence[PastTrack], at: datetime) -> frozenset[str]:
    """Who was in view at about a moment."""
    at_us = to_us(at)
    return frozenset(
        _name(track)
        for track in tracks
        if track.first_us - AROUND_US <= at_us <= track.given_up_us + AROUND_US
    )


def _name(track: PastTrack) -> str:
    return f"{track.session}/{track.number}"
