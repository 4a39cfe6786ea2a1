"""Little films for rules: one string per track, one character per sample.

    .  outside            P  in the porch        B  in the porch and on the lawn
    L  on the lawn        >  crosses forward     <  crosses backward (both outside)
   ' ' not in the samples (not there yet, or excluded)
    x  the track ends

`play(rule, {1: "..PPPP..x"})` gives `["4 open track-1 present", ...]`: time in seconds, action,
key and code.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vedette.contracts.sample import Samples
from vedette.contracts.verdict import RuleVerdict
from vedette.rules.port import Rule
from vedette.testing.rule_contract import Seen, moment, run

START_US = 1_700_000_000_000_000
PLACES: Mapping[str, tuple[str, ...]] = {
    ".": (),
    "P": ("porch",),
    "L": ("lawn",),
    "B": ("porch", "lawn"),
    ">": (),
    "<": (),
}


@dataclass(frozen=True, kw_only=True)
class Actor:
    """One track's film, with what it looks like; `scores` gives one score per sample."""

    film: str
    label: str = "person"
    score: float = 0.9
    scores: Sequence[float] = ()
    box: tuple[float, float, float, float] = (0.4, 0.4, 0.5, 0.8)


def film(actors: Mapping[int, Actor | str], *, step_s: float = 1.0) -> list[Samples]:
    """The samples of these films played together."""
    cast = {n: Actor(film=a) if isinstance(a, str) else a for n, a in actors.items()}
    length = max(len(actor.film) for actor in cast.values())
    story, entered, first = [], dict[int, dict[str, int]](), dict[int, int]()
    for i in range(length):
        at_us = START_US + round(i * step_s * 1e6)
        seen, ended = [], []
        for number, actor in cast.items():
            mark = actor.film[i] if i < len(actor.film) else " "
            if mark == "x":
                ended.append(number)
            elif mark != " ":
                before = entered.get(number, {})
                entered[number] = {z: before.get(z, at_us) for z in PLACES[mark]}
                seen.append(
                    Seen(
                        track=number,
                        label=actor.label,
                        score=actor.scores[i] if actor.scores else actor.score,
                        box=actor.box,
                        first_us=first.setdefault(number, at_us),
                        entered_us=entered[number],
                        crossed={"door": 1 if mark == ">" else -1 if mark == "<" else 0},
                    )
                )
        story.append(moment(at_us, seen, ended))
    return story


def line(verdict: RuleVerdict) -> str:
    at_s = (verdict.at_us - START_US) / 1e6
    return f"{at_s:g} {verdict.action} {verdict.key} {verdict.code}"


def play(rule: Rule, actors: Mapping[int, Actor | str], *, step_s: float = 1.0) -> list[str]:
    """What the rule says of these films, the end of the source included."""
    return [line(v) for v in run(rule, film(actors, step_s=step_s))]


def events(rule: Rule, actors: Mapping[int, Actor | str], *, step_s: float = 1.0) -> list[str]:
    """The same without refusals."""
    return [said for said in play(rule, actors, step_s=step_s) if " reject " not in said]
