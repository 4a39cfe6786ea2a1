"""What every rule must do. Subclass `RuleContract`, provide `make`, and run pytest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from vedette.contracts.sample import Samples, quantise
from vedette.contracts.verdict import RuleAction, RuleVerdict
from vedette.rules.port import Rule

LABELS = ("person", "car")
ZONES = ("porch", "lawn")
LINES = ("door",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One track at one moment."""

    track: int
    label: str = "person"
    score: float = 0.9
    box: tuple[float, float, float, float] = (0.4, 0.4, 0.5, 0.8)
    first_us: int = 0
    entered_us: Mapping[str, int] = field(default_factory=dict)
    """By zone that it is in."""
    crossed: Mapping[str, int] = field(default_factory=dict)
    """By line: +1 forward, -1 backward."""


def moment(at_us: int, seen: Sequence[Seen], ended: Sequence[int] = ()) -> Samples:
    """Samples of a camera with the zones `porch` and `lawn` and the line `door`."""
    bits = [sum(1 << i for i, z in enumerate(ZONES) if z in s.entered_us) for s in seen]
    entered = [[s.entered_us.get(z, -1) for z in ZONES] for s in seen]
    crossed = [[s.crossed.get(line, 0) for line in LINES] for s in seen]
    return Samples(
        camera_id="yard",
        at_us=at_us,
        ids=np.array([s.track for s in seen], dtype=np.int32),
        classes=np.array([LABELS.index(s.label) for s in seen], dtype=np.int16),
        labels=LABELS,
        boxes=quantise(np.array([s.box for s in seen], dtype=np.float64).reshape(-1, 4)),
        scores=quantise(np.array([s.score for s in seen], dtype=np.float64)),
        first_us=np.array([s.first_us for s in seen], dtype=np.int64),
        zones=np.array(bits, dtype=np.uint64),
        entered_us=np.array(entered, dtype=np.int64).reshape(-1, len(ZONES)),
        crossings=np.array(crossed, dtype=np.int8).reshape(-1, len(LINES)),
        ended=tuple(ended),
    )


def random_story(seed: int, steps: int = 200) -> list[Samples]:
    """Tracks that come, wander through zones and over the line, flicker in score, and go."""
    rng = np.random.default_rng(seed)
    at_us, number, alive = 1_700_000_000_000_000, 0, dict[int, Seen]()
    story: list[Samples] = []
    for _ in range(steps):
        at_us += int(rng.integers(40_000, 900_000))
        ended = [track for track in alive if rng.uniform() < 0.03]
        for track in ended:
            del alive[track]
        if rng.uniform() < 0.2 and len(alive) < 6:
            number += 1
            label = "car" if rng.uniform() < 0.2 else "person"
            alive[number] = Seen(track=number, label=label, first_us=at_us)
        for track, before in alive.items():
            alive[track] = _wander(before, at_us, rng)
        story.append(moment(at_us, list(alive.values()), ended))
    return story


def _wander(before: Seen, at_us: int, rng: np.random.Generator) -> Seen:
    entered: dict[str, int] = {}
    for zone in ZONES:
        inside = zone in before.entered_us
        if inside != (rng.uniform() < 0.12):
            entered[zone] = before.entered_us.get(zone, at_us)
    return Seen(
        track=before.track,
        label=before.label,
        first_us=before.first_us,
        score=float(rng.uniform(0.3, 1.0)),
        entered_us=entered,
        crossed={"door": int(rng.choice([0, 0, 0, 0, 1, -1]))},
    )


def run(rule: Rule, story: Sequence[Samples]) -> list[RuleVerdict]:
    """All verdicts of a story, the end included."""
    state = rule.start()
    verdicts: list[RuleVerdict] = []
    for samples in story:
        state, said = rule.step(state, samples)
        verdicts += said
    at_us = story[-1].at_us if story else 0
    return [*verdicts, *rule.finish(state, at_us, "source_ended")]


SEEDS = range(12)


class RuleContract:
    """Rules about the zones `porch` and `lawn` or the line `door`."""

    def make(self) -> Rule:
        """The rule; on the random stories it must open at least once."""
        raise NotImplementedError

    @pytest.mark.parametrize("seed", SEEDS)
    def test_every_open_has_exactly_one_close(self, seed: int) -> None:
        opened: dict[str, RuleVerdict] = {}
        count = 0
        for verdict in run(self.make(), random_story(seed)):
            match verdict.action:
                case RuleAction.OPEN:
                    assert verdict.key not in opened, "a key is open once at a time"
                    opened[verdict.key] = verdict
                    count += 1
                case RuleAction.UPDATE:
                    assert verdict.key in opened
                case RuleAction.CLOSE:
                    before = opened.pop(verdict.key)
                    assert verdict.at_us >= before.at_us
                    assert verdict.track == before.track
                case RuleAction.REJECT:
                    assert verdict.key not in opened, "what is open is not refused"
        assert not opened
        assert count > 0

    @pytest.mark.parametrize("seed", SEEDS)
    def test_an_event_is_never_opened_twice(self, seed: int) -> None:
        opened = [v for v in run(self.make(), random_story(seed)) if v.action is RuleAction.OPEN]
        identities = [(v.key, v.first_us) for v in opened]

        assert len(set(identities)) == len(identities), "key and first_us make the event's id"
        assert all(0 < v.first_us <= v.at_us for v in opened)

    @pytest.mark.parametrize("seed", SEEDS)
    def test_the_same_state_and_samples_give_the_same_verdicts(self, seed: int) -> None:
        rule, state = self.make(), None
        state = rule.start()
        for samples in random_story(seed):
            after, said = rule.step(state, samples)
            again, said_again = rule.step(state, samples)
            assert list(said) == list(said_again)
            assert after == again
            state = after

    def test_two_cameras_of_one_rule_do_not_disturb_each_other(self) -> None:
        rule = self.make()
        one, two = random_story(1), random_story(2)
        states: list[Any] = [rule.start(), rule.start()]
        said: list[list[RuleVerdict]] = [[], []]
        for pair in zip(one, two, strict=True):
            for i, samples in enumerate(pair):
                states[i], verdicts = rule.step(states[i], samples)
                said[i] += verdicts

        alone = run(self.make(), one)
        assert said[0] == alone[: len(said[0])]

    @pytest.mark.parametrize("seed", SEEDS)
    def test_verdicts_say_when_and_why(self, seed: int) -> None:
        story = random_story(seed)
        times = {samples.at_us for samples in story}
        for verdict in run(self.make(), story):
            assert verdict.at_us in times
            assert verdict.code
            assert verdict.key

    @pytest.mark.parametrize("seed", SEEDS)
    def test_refusals_are_few(self, seed: int) -> None:
        refused: dict[tuple[str, str], int] = {}
        for verdict in run(self.make(), random_story(seed, steps=600)):
            if verdict.action is RuleAction.REJECT:
                place = (verdict.key, verdict.code)
                refused[place] = refused.get(place, 0) + 1
        assert max(refused.values(), default=0) <= 40

    def test_what_never_changes_says_nothing_new(self) -> None:
        rule = self.make()
        state = rule.start()
        said: list[RuleVerdict] = []
        still = Seen(track=1, first_us=1, label="car", score=0.1)
        for i in range(1, 100):
            state, said_now = rule.step(state, moment(i * 1_000_000, [still]))
            said += [v for v in said_now if i > 50]
        assert said == []

    def test_nothing_seen_is_no_trouble(self) -> None:
        rule = self.make()
        state, said = rule.step(rule.start(), moment(1, []))
        assert all(v.track == 0 for v in said)
        assert all(v.action is RuleAction.CLOSE for v in rule.finish(state, 2, "stopped"))
