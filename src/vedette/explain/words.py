"""Each line of the decision ledger as a sentence.

What no sentence is known for (a rule of somebody else) is said with its own words and figures.
"""

from contextlib import suppress

from vedette.contracts.verdict import Numbers, Verdict
from vedette.explain.conditions import CONDITION_OBSTACLES, CONDITION_REMEDIES
from vedette.explain.figures import Say, below, percent, span


def sentence(verdict: Verdict) -> str:
    """What a stage said, for people: no capital, no full stop."""
    if verdict.stage == "rules":
        return _rule(verdict)
    say = _WORDS.get((verdict.stage, verdict.code))
    return _said(say, verdict.code, verdict.numbers)


def obstacle(code: str, numbers: Numbers) -> str:
    """What was in a rule's way, by the code of a REJECT (`rules/base.py` lists them)."""
    return _said(_OBSTACLES.get(code), code, numbers)


def remedy(code: str, numbers: Numbers) -> str:
    """The setting that stood in the way; empty where none of the rule's did."""
    return _said(_REMEDIES[code], code, numbers) if code in _REMEDIES else ""


def _rule(verdict: Verdict) -> str:
    action, _, code = verdict.code.partition(":")
    numbers = verdict.numbers
    rule = f"rule {numbers.get('rule', '?')}"
    match action:
        case "open":
            return f"{rule} opened an event: {_said(_REASONS.get(code), code, numbers)}"
        case "close":
            return f"{rule} closed its event: {_end(code, numbers)}"
        case "reject":
            return f"{rule} opened nothing: {obstacle(code, numbers)}"
    return f"{rule} changed its event: {_plain(code, numbers)}"


def _end(code: str, numbers: Numbers) -> str:
    """Why an event is over; a condition says what did not hold any more."""
    if code not in _ENDS and code.startswith("not_"):
        return obstacle(code.removeprefix("not_"), numbers)
    return _said(_ENDS.get(code), code, numbers)


def _said(say: Say | None, code: str, numbers: Numbers) -> str:
    """The words for it; its own where there are none, or where a figure is not there."""
    if say is not None:
        with suppress(KeyError, TypeError, ValueError):
            return say(numbers)
    return _plain(code, numbers)


def _plain(code: str, numbers: Numbers) -> str:
    figures = ", ".join(
        f"{key.replace('_', ' ')} {value}" for key, value in numbers.items() if key != "rule"
    )
    said = code.replace(":", ": ").replace("_", " ")
    return f"{said} ({figures})" if figures else said


def _stay(numbers: Numbers, what: str = "it was there") -> str:
    for key in ("dwell_s", "inside_s", "stayed_s", "held_s"):
        if key in numbers:
            return f"{what} for {span(numbers[key])}"
    return what


def _excluded(numbers: Numbers) -> str:
    if "zone" in numbers:
        return f"does not count within {numbers['zone']}"
    return "does not count: it is outside of every zone that counts"


_NOT_WANTED: tuple[tuple[str, Say], ...] = (
    ("muted_until", lambda n: f"muted until {n['muted_until']}"),
    ("asked", lambda n: f"it was asked for {n['asked']} only"),
    ("site_allows", lambda n: f"the site allows {n['site_allows']}"),
    ("site_routes", lambda n: f"the site sends such alerts to {n['site_routes']}"),
    ("enabled", lambda n: f"nothing goes out of site {n['site']}"),
    ("a_minute", lambda n: f"site {n['site']} has sent {n['a_minute']} alerts within a minute"),
    ("again", lambda n: f"not at this hour; again from {n['again']}"),
    ("camera", lambda n: f"it is told of {n['wanted']} only"),
    ("of_rule", lambda n: f"it is told of the rules {n['wanted']} only"),
    ("zone", lambda n: f"it is told of the zones {n['wanted']} only"),
    ("severity", lambda n: f"{n['severity']} is less than {n['needed']}"),
    ("wanted", lambda n: f"it is told only of {n['wanted']}"),
)
"""By the figure that tells whose wish it was, the site's or the channel's; the first counts."""


def _not_wanted(numbers: Numbers) -> str:
    why = next((say(numbers) for key, say in _NOT_WANTED if key in numbers), "")
    who = f", which {numbers['person']} reads," if "person" in numbers else ""
    return f"{numbers['channel']}{who} is not to be told: {why}"


def refusal(numbers: Numbers) -> str:
    """Why a message does not go over a channel, by itself."""
    return next((say(numbers) for key, say in _NOT_WANTED if key in numbers), "not wanted")


def _passed_over(numbers: Numbers) -> str:
    times = int(numbers["times"])
    surest = f", the surest of {times} within that minute" if times > 1 else ""
    return (
        f"the detector saw: {numbers['label']}, {percent(numbers['score'])} sure{surest}; "
        f"{percent(numbers['needed'])} are needed to follow it"
    )


_WORDS: dict[tuple[str, str], Say] = {
    ("motion", "motion"): lambda n: f"something moved: {percent(n['fraction'])} of the picture",
    ("motion", "quiet"): lambda _: "nothing moved; it was looked at all the same",
    ("motion", "light_change"): lambda _: "the light changed; it was looked at all the same",
    ("motion", "learning"): lambda _: "motion had not learnt the scene yet",
    ("detect", "seen"): lambda n: f"the detector saw: {n['label']}, {percent(n['score'])} sure",
    ("detect", "passed_over"): _passed_over,
    ("track", "confirmed"): lambda n: f"seen often enough to count, after {span(n['after_s'])}",
    ("track", "returned"): lambda n: (
        f"recognised: it is track {n['before']} again, away for {span(n['away_s'])}"
    ),
    ("track", "score_low"): lambda n: (
        f"does not count: its median score is {n['median']:.2f}, and {n['needed']:.2f} is needed"
    ),
    ("track", "score_enough"): lambda n: f"counts: its median score is {n['median']:.2f} now",
    ("track", "left"): lambda n: _gone("left the picture", n),
    ("track", "lost"): lambda n: _gone("gone from view", n),
    ("track", "finished"): lambda n: _gone("the video ended", n),
    ("track", "truncated"): lambda n: f"{n['dropped']} more lines were too many to keep",
    ("zones", "entered"): lambda n: f"went into {n['zone']}",
    ("zones", "left"): lambda n: f"went out of {n['zone']} after {span(n['stayed_s'])}",
    ("zones", "excluded"): _excluded,
    ("zones", "included"): lambda _: "counts again",
    ("zones", "crossed"): lambda n: f"crossed the line {n['line']}, {n['direction']}",
    ("media", "captured"): lambda n: f"pictures and clip of event {n['event']} were begun",
    ("media", "too_many"): lambda n: (
        f"event {n['event']} got no pictures and no clip: this camera had too many within a minute"
    ),
    ("alerts", "told"): lambda _: "people are to be told",
    ("alerts", "told_critical"): lambda _: "people are to be told, whatever is quiet: critical",
    ("alerts", "quiet"): lambda n: (
        f"nobody is to be told: the same was told {span(n['passed_s'])} before, and "
        f"{span(n['quiet_s'])} are to be quiet"
    ),
    ("alerts", "quiet_hours"): lambda n: (
        f"nobody is to be told: these are quiet hours, until {n['until']}"
    ),
    ("alerts", "muted"): lambda n: (
        f"nobody is to be told: it is muted until {n['until']}"
        + (f", by {n['by']}" if n.get("by") else "")
    ),
    ("alerts", "too_few"): lambda n: (
        f"nobody is to be told yet: it happened {n['count']} of {n['needed']} times within "
        f"{span(n['within_s'])}"
    ),
    ("alerts", "too_many"): lambda n: (
        f"nobody is to be told: this camera has raised {n['a_minute']} alerts within a minute"
    ),
    ("alerts", "severity_low"): lambda n: (
        f"nobody is to be told: its severity is {n['severity']}, and {n['needed']} is needed"
    ),
    ("alerts", "not_wanted"): _not_wanted,
    ("alerts", "not_open"): lambda _: "nobody is to be told: the event was over already",
}

_REASONS: dict[str, Say] = {
    "held": lambda n: _stay(n, "its condition held"),
    "present": _stay,
    "entered": lambda _: "it came in",
    "left": lambda n: _stay(n, "it went out, having been inside"),
    "vanished": lambda _: "it was gone, having been inside",
    "loitered": _stay,
    "crossed": lambda n: f"it crossed the line, {n.get('direction', 'either way')}",
    "counted": lambda n: f"there were {n.get('count', '?')}",
}

_ENDS: dict[str, Say] = {
    "left": lambda n: _stay(n, "it was out long enough, having been there"),
    "lost": lambda n: _stay(n, "it was gone from view, having been there"),
    "done": lambda _: "it was over",
    "over": lambda _: "its condition did not hold any more",
    "returned": lambda _: "it came back",
    "cleared": lambda _: "the count did not hold any more",
    "off_schedule": lambda _: "its hours were over",
    "source_ended": lambda _: "the video ended",
    "stopped": lambda _: "Vedette was stopped",
}

_OBSTACLES: dict[str, Say] = {
    **CONDITION_OBSTACLES,
    "label": lambda n: f"it is about {n['wanted']}, and this was: {n['label']}",
    "score_low": lambda n: (
        f"the median score was {n['score']:.2f}, and {n['needed']:.2f} is needed"
    ),
    "too_small": lambda n: (
        f"it was too small: {percent(n['height'])} of the picture's height, of "
        f"{percent(n['needed'])}"
        if "height" in n
        else f"it was too small: {percent(n['area'])} of the picture, of {percent(n['needed'])}"
    ),
    "outside": lambda n: f"it was not in {n['zone']}",
    "dwell_short": lambda n: f"{span(n['dwell_s'])} of {span(n['needed_s'])} were over",
    "appeared_inside": lambda n: (
        f"it was first seen inside {n.get('zone') or 'the picture'}: nobody saw it come in"
    ),
    "direction": lambda n: f"it went {n['direction']}, and {n['needed']} counts",
    "vanished": lambda n: (
        f"it was gone inside {n.get('zone') or 'the picture'}: nobody saw it leave"
    ),
    "off_schedule": lambda n: f"it does not count at this time; again from {n['again']}",
}

_REMEDIES: dict[str, Say] = {
    **CONDITION_REMEDIES,
    "label": lambda n: f"labels: add {n['label']}",
    "score_low": lambda n: f"min_score: {below(n['score'])}",
    "too_small": lambda n: (
        f"min_height: {below(n['height'], 3)}"
        if "height" in n
        else f"min_area: {below(n['area'], 5)}"
    ),
    "outside": lambda n: f"zone: one that reaches further than {n['zone']}",
    "dwell_short": lambda n: f"dwell_s, for_s, or for: {below(n['dwell_s'], 1)}",
    "appeared_inside": lambda _: "count_appearing: true",
    "direction": lambda _: "direction: any",
    "vanished": lambda _: "count_vanishing: true",
    "off_schedule": lambda _: "schedule: a window that holds then",
}


def _gone(how: str, numbers: Numbers) -> str:
    best = percent(numbers["best_score"])
    return f"{how}; seen {numbers['seen']} times, at best {best} sure"
