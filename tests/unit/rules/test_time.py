"""Rules count seconds, not samples; and what is stored gives the same verdicts again."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.rules.script import film
from vedette.contracts.sample import QUANTUM, Samples, dequantise, quantise
from vedette.contracts.verdict import RuleAction, RuleVerdict
from vedette.rules.build import build_rule
from vedette.rules.port import Rule
from vedette.testing.rule_contract import LINES, ZONES, random_story, run

EVERY_RULE: list[dict[str, object]] = [
    {"type": "presence", "zone": "porch", "for_s": 1.7, "min_score": 0.35},
    {"type": "presence", "for_s": 3.0},
    {"type": "enter", "zone": "porch", "end_after_s": 1.0},
    {"type": "leave", "zone": "porch", "end_after_s": 1.0},
    {"type": "loiter", "zone": "lawn", "dwell_s": 2.2, "forgive_s": 0.9},
    {"type": "line_crossing", "line": "door", "direction": "any"},
    {"type": "count", "zone": "porch", "at_least": 1, "for_s": 0.8},
    {"type": "count", "zone": "porch", "at_most": 0, "for_s": 0.8},
]
KINDS = [f"{s['type']}-{i}" for i, s in enumerate(EVERY_RULE)]


def rule(settings_: dict[str, object]) -> Rule:
    return build_rule({"id": "r", **settings_}, ZONES, LINES).rule


def opened(verdicts: list[RuleVerdict]) -> list[RuleVerdict]:
    return [v for v in verdicts if v.action is RuleAction.OPEN]


def stretched(marks: str, each: int) -> str:
    """The same film with every sample repeated: a higher frame rate."""
    return "".join(mark + mark * (each - 1) for mark in marks)


@pytest.mark.parametrize("settings_", EVERY_RULE, ids=KINDS)
def test_five_and_twenty_five_frames_a_second_open_within_one_sample(
    settings_: dict[str, object],
) -> None:
    marks = ".." + "P" * 20 + "B" * 20 + "." * 15 + "L" * 25 + "....."
    if settings_["type"] == "line_crossing":
        marks = "....>......<....."
        fast_marks = "".join(m + "...." for m in marks)
    else:
        fast_marks = stretched(marks, 5)
    slow = opened(run(rule(settings_), film({1: marks}, step_s=0.2)))
    fast = opened(run(rule(settings_), film({1: fast_marks}, step_s=0.04)))

    assert len(slow) == len(fast) > 0
    for a, b in zip(slow, fast, strict=True):
        assert abs(a.at_us - b.at_us) <= 200_000


@settings(max_examples=100, deadline=None)
@given(
    kind=st.sampled_from(["presence", "loiter", "count"]),
    stay=st.integers(1, 30),
    each=st.integers(2, 8),
    needed_s=st.floats(0.1, 15.0),
)
def test_finer_steps_change_no_dwell_decision_by_more_than_a_step(
    kind: str, stay: int, each: int, needed_s: float
) -> None:
    step_s = 0.6
    needed = {"dwell_s" if kind == "loiter" else "for_s": needed_s}
    count = {"at_least": 1} if kind == "count" else {}
    judge = rule({"type": kind, "zone": "porch", **needed, **count})
    marks = ".." + "P" * stay + "......"
    coarse = opened(run(judge, film({1: marks}, step_s=step_s)))
    fine = opened(run(judge, film({1: stretched(marks, each)}, step_s=step_s / each)))

    if coarse:
        assert 0 <= coarse[0].at_us - fine[0].at_us <= step_s * 1e6
    elif fine:
        assert needed_s - (stay - 1) * step_s <= step_s
    else:
        assert needed_s > (stay - 1) * step_s


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), which=st.sampled_from(EVERY_RULE))
def test_replay_of_stored_samples_gives_the_same_verdicts(
    seed: int, which: dict[str, object]
) -> None:
    story = random_story(seed, steps=80)

    assert run(rule(which), [stored(samples) for samples in story]) == run(rule(which), story)


def stored(samples: Samples) -> Samples:
    """Through 16 bits and back, as the track store does."""
    boxes, scores = dequantise(samples.boxes), dequantise(samples.scores)
    return replace(samples, boxes=quantise(boxes), scores=quantise(scores))


def test_every_quantised_value_survives_storing() -> None:
    every = np.arange(QUANTUM + 1, dtype=np.uint16)

    assert np.array_equal(quantise(dequantise(every)), every)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), which=st.sampled_from(EVERY_RULE))
def test_the_state_is_all_the_memory_there_is(seed: int, which: dict[str, object]) -> None:
    """A new rule object at every step, which takes over the state, tells the same story."""
    story = random_story(seed, steps=80)
    state, said = rule(which).start(), list[RuleVerdict]()
    for samples in story:
        state, verdicts = rule(which).step(state, samples)
        said += verdicts
    said += rule(which).finish(state, story[-1].at_us, "source_ended")

    assert said == run(rule(which), story)
