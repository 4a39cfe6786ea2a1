"""What may be written in a condition, what may not, and that any that may be written behaves."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from vedette.contracts.errors import InvalidConfig
from vedette.contracts.verdict import RuleAction
from vedette.rules.build import build_rule
from vedette.rules.language.words import Condition
from vedette.testing.rule_contract import LINES, ZONES, random_story, run


@pytest.mark.parametrize(
    ("when", "sentence"),
    [
        ({}, "a condition says what must hold"),
        ({"for": 5}, "a condition says what must hold"),
        ({"inside": None}, "a condition says what must hold"),
        ({"insid": "porch"}, "insid"),
        ({"inside": "porch", "for": "5 parsecs"}, "'5 parsecs' is no time; write for example"),
        ({"inside": "porch", "for": -1}, "greater than or equal to 0"),
        ({"inside": "porch", "for": "nan"}, "'nan' is no time"),
        ({"inside": "porch", "for": float("nan")}, "for"),
        ({"inside": "porch", "for": 5, "within": 5}, "`for` and `within` of one condition"),
        ({"enters": "porch", "for": 5}, "`enters` is a moment, which does not last"),
        ({"speed": {"above": "fast"}}, "'fast' is no speed; write for example '12 km/h'"),
        ({"speed": {"above": "5 km/h", "below": "3 m/s"}}, "use one unit"),
        ({"speed": {}}, "one bound is needed: `above` or `below`"),
        ({"height": {"above": 0.5, "below": 0.2}}, "nothing lies between 0.5 and 0.2"),
        ({"count": {}}, "one bound is needed: `at_least` or `at_most`"),
        ({"count": {"at_least": 5, "at_most": 3}}, "nothing lies between 5 and 3"),
        ({"near": {"labels": "person", "distance": "2 ft"}}, "'2 ft' is no distance"),
        ({"along": {"arrow": [[0, 0], [0, 0]]}}, "an arrow needs two different ends"),
        ({"sequence": [{"inside": "porch"}]}, "sequence"),
        ({"all": []}, "all"),
        ({"pose": "dancing"}, "pose"),
        ({"camera": "stolen"}, "camera"),
        ({"vanishes": False}, "vanishes"),
        ("inside porch", "dictionary"),
        ([{"inside": "porch"}], "dictionary"),
    ],
)
def test_what_is_wrong_is_said(when: Any, sentence: str) -> None:
    with pytest.raises(ValidationError) as caught:
        build_rule({"type": "when", "id": "r", "when": when}, ZONES, LINES)

    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("when", "sentence"),
    [
        ({"any": [{"inside": "poarch"}]}, "there is no zone 'poarch'; there are: porch, lawn"),
        ({"unless": {"crosses": "gate"}, "inside": "lawn"}, "there is no line 'gate'"),
        ({"all": [{"inside": "lawn"}] * 201}, "more than 200 conditions; make several rules"),
    ],
)
def test_what_does_not_fit_the_camera_is_said(when: Any, sentence: str) -> None:
    with pytest.raises(InvalidConfig, match=sentence):
        build_rule({"type": "when", "id": "r", "when": when}, ZONES, LINES)


def test_conditions_without_end_are_refused() -> None:
    deep: dict[str, Any] = {"inside": "porch"}
    for _ in range(5000):
        deep = {"not": deep}

    with pytest.raises(ValidationError, match="deep within each other"):
        build_rule({"type": "when", "id": "r", "when": deep}, ZONES, LINES)


def test_short_forms_mean_the_long_ones() -> None:
    short = Condition.model_validate(
        {
            "labels": "person",
            "crosses": "door",
            "still": "1 min",
            "near": "car",
            "without": "helmet",
            "sequence": [{"inside": "a"}, {"inside": "b"}],
        }
    )
    long = Condition.model_validate(
        {
            "labels": ["person"],
            "crosses": {"line": "door"},
            "still": {"for": 60},
            "near": {"labels": ["car"]},
            "without": {"labels": ["helmet"]},
            "sequence": {"steps": [{"inside": "a"}, {"inside": "b"}]},
        }
    )

    assert short == long


def test_the_zone_of_its_events_is_the_first_that_it_names() -> None:
    when = {"any": [{"labels": "car"}, {"nobody": {"inside": "lawn"}}], "crosses": "door"}
    built = build_rule({"type": "when", "id": "r", "when": when}, ZONES, LINES)

    assert (built.kind, built.zone, built.line) == ("r", "lawn", "door")


def test_an_event_is_of_the_type_that_the_rule_says() -> None:
    settings = {"type": "when", "id": "r", "when": {"inside": "lawn"}, "event": "trespass"}

    assert build_rule(settings, ZONES, LINES).kind == "trespass"


TIMES = st.sampled_from([0, 1, "2s", 5.5])
SIMPLE = st.one_of(
    st.builds(lambda zone: {"inside": zone}, st.sampled_from(ZONES)),
    st.builds(lambda zone: {"outside": zone}, st.sampled_from(ZONES)),
    st.builds(lambda zone: {"enters": zone}, st.sampled_from(ZONES)),
    st.builds(lambda zone: {"leaves": zone}, st.sampled_from(ZONES)),
    st.sampled_from([{"crosses": "door"}, {"crosses": {"line": "door", "direction": "forward"}}]),
    st.builds(lambda label: {"labels": label}, st.sampled_from(["person", "car"])),
    st.builds(lambda low: {"score": {"above": low}}, st.sampled_from([0.4, 0.8])),
    st.builds(lambda high: {"speed": {"below": f"{high} /s"}}, st.sampled_from([0.0, 0.1])),
    st.builds(lambda time: {"still": time}, TIMES),
    st.builds(lambda time: {"removed": time}, TIMES),
    st.builds(lambda count: {"crowd": {"at_least": count}}, st.sampled_from([2, 3])),
    st.sampled_from([{"vanishes": True}, {"near": "car"}, {"without": "car"}, {"pose": "fallen"}]),
    st.just({"left_behind": "2s"}),
)


def _around(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    several = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        st.builds(lambda parts: {"all": parts}, several),
        st.builds(lambda parts: {"any": parts}, several),
        st.builds(lambda part: {"not": part}, inner),
        st.builds(lambda part, time: {"all": [part], "for": time}, inner, TIMES),
        st.builds(lambda part, time: {"all": [part], "within": time}, inner, TIMES),
        st.builds(lambda part: {"someone": part}, inner),
        st.builds(lambda part: {"nobody": part}, inner),
        st.builds(lambda part: {"tally": {"of": part, "at_least": 2, "within": 9}}, inner),
        st.builds(lambda part: {"count": {"of": part, "at_most": 1}}, inner),
        st.builds(
            lambda steps, time, by: {"sequence": {"steps": steps, "within": time, "by": by}},
            st.lists(inner, min_size=2, max_size=3),
            TIMES,
            st.sampled_from(["track", "anyone"]),
        ),
    )


CONDITIONS = st.recursive(SIMPLE, _around, max_leaves=6)


@given(
    when=CONDITIONS,
    seed=st.integers(0, 50),
    once=st.sampled_from(["track", "camera"]),
    end_after_s=st.sampled_from([0.0, 2.0]),
)
@settings(max_examples=300)
def test_whatever_can_be_written_keeps_the_contract_of_rules(
    when: dict[str, Any], seed: int, once: str, end_after_s: float
) -> None:
    """See `RuleContract`: pairs of open and close, no event twice, times of the story."""
    try:
        built = build_rule(
            {"type": "when", "id": "r", "when": when, "once_per": once, "end_after_s": end_after_s},
            ZONES,
            LINES,
        )
    except InvalidConfig as error:
        assert "must be about objects" in str(error)  # noqa: PT017  a count of the scene
        return
    story = random_story(seed, steps=80)
    open_, identities, refused = set[str](), set[tuple[str, int]](), 0
    for verdict in run(built.rule, story):
        match verdict.action:
            case RuleAction.OPEN:
                assert verdict.key not in open_
                assert (verdict.key, verdict.first_us) not in identities
                assert 0 < verdict.first_us <= verdict.at_us
                identities.add((verdict.key, verdict.first_us))
                open_.add(verdict.key)
            case RuleAction.CLOSE:
                open_.remove(verdict.key)
            case _:
                assert verdict.key not in open_
                refused += 1
        assert all(isinstance(value, int | float | str) for value in verdict.numbers.values())
    assert not open_
    assert refused <= 10 * len(story)


@given(when=CONDITIONS, seed=st.integers(0, 50))
@settings(max_examples=60)
def test_a_step_leaves_the_state_alone_and_can_be_repeated(when: dict[str, Any], seed: int) -> None:
    try:
        rule = build_rule({"type": "when", "id": "r", "when": when}, ZONES, LINES).rule
    except InvalidConfig:
        return
    state = rule.start()
    for samples in random_story(seed, steps=40):
        after, said = rule.step(state, samples)
        again, said_again = rule.step(state, samples)
        assert after == again
        assert list(said) == list(said_again)
        state = after


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 10) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from([*Condition.model_fields, "all", "any", "not", "for", "with", "x"]),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(when=JSON)
@settings(max_examples=500)
def test_nonsense_is_refused_in_words(when: Any) -> None:
    try:
        build_rule({"type": "when", "id": "r", "when": when}, ZONES, LINES)
    except (ValidationError, InvalidConfig) as error:
        assert str(error)  # noqa: PT017  any other exception fails the test
