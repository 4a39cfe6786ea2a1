"""What stood in the way of a condition (`rules/language`), in words, and what would not.

By the codes of `Why`: what a node says where it does not hold.
"""

from vedette.contracts.verdict import Numbers
from vedette.explain.figures import Say, below, percent, span


def _bound(what: str, numbers: Numbers, name: str, side: str, show: Say) -> str:
    measured, needed = (show({"value": numbers[key]}) for key in (name, "needed"))
    return f"{what} was {measured}, and {side} {needed} is needed"


def _fraction(numbers: Numbers) -> str:
    return percent(numbers["value"])


def _plainly(numbers: Numbers) -> str:
    return f"{float(numbers['value']):g}"


def _or(text: str, numbers: Numbers) -> str:
    """The first of several alternatives, and that there were others."""
    return f"{text} (nor did the others hold: {numbers['or']})" if "or" in numbers else text


def _near(numbers: Numbers) -> str:
    if "distance" not in numbers:
        return f"there was nobody near ({numbers['wanted']})"
    return (
        f"the nearest ({numbers['wanted']}) was {numbers['distance']} away, and "
        f"{numbers['needed']} is needed"
    )


def _speed(numbers: Numbers, side: str) -> str:
    unit = numbers.get("unit", "")
    return f"it went at {numbers['speed']} {unit}, and {side} {numbers['needed']} {unit} is needed"


_SAID: dict[str, Say] = {
    "score_high": lambda n: _bound("its score", n, "score", "at most", _plainly),
    "height_low": lambda n: _bound("its height", n, "height", "at least", _fraction),
    "height_high": lambda n: _bound("its height", n, "height", "at most", _fraction),
    "area_low": lambda n: _bound("its area", n, "area", "at least", _fraction),
    "area_high": lambda n: _bound("its area", n, "area", "at most", _fraction),
    "shape_low": lambda n: _bound("its width over height", n, "shape", "at least", _plainly),
    "shape_high": lambda n: _bound("its width over height", n, "shape", "at most", _plainly),
    "inside": lambda n: f"it was in {n['zone']}",
    "inside_already": lambda n: f"it was in {n['zone']} already: nobody saw it come in just then",
    "outside_already": lambda n: f"it was out of {n['zone']} already",
    "not_crossed": lambda n: f"it did not cross the line {n['line']}",
    "still_there": lambda _: "it was still there",
    "speed_unknown": lambda _: "it was not followed for long enough to know its speed",
    "speed_low": lambda n: _speed(n, "at least"),
    "speed_high": lambda n: _speed(n, "at most"),
    "no_direction": lambda _: "it hardly moved, so it went nowhere",
    "other_way": lambda n: (
        f"it went {n['degrees']} degrees off that way, and {n['needed']} are allowed"
    ),
    "never_moved": lambda _: "nobody saw it move before it stood",
    "stood_short": lambda n: f"it stood for {span(n['stood_s'])} of {span(n['needed_s'])}",
    "nobody_near": _near,
    "without": lambda n: f"there was nothing on it of: {n['wanted']}",
    "too_few": lambda n: f"there were {n['count']} of {n['needed']}",
    "too_many": lambda n: f"there were {n['count']}, and at most {n['needed']} are allowed",
    "unless": lambda n: f"what must not be was so: {n['what']}",
    "too_long_ago": lambda n: (
        f"it was so {span(n['ago_s'])} before, and at most {span(n['needed_s'])} are allowed"
    ),
    "sequence_short": lambda n: f"{n['done']} of {n['steps']} steps had been made",
    "camera_is": lambda n: f"the camera was {n['is']}, and not {n['needed']}",
    "no_pose": lambda n: f"too few joints were seen ({n['joints']}) to know how it stood",
    "other_pose": lambda n: f"it did not stand like that: {n['needed']}",
}

CONDITION_OBSTACLES: dict[str, Say] = {
    code: lambda numbers, say=say: _or(say(numbers), numbers)  # type: ignore[misc]
    for code, say in _SAID.items()
}

CONDITION_REMEDIES: dict[str, Say] = {
    "height_low": lambda n: f"height above: {below(n['height'], 3)}",
    "area_low": lambda n: f"area above: {below(n['area'], 5)}",
    "speed_low": lambda n: f"speed above: {below(n['speed'])} {n['unit']}",
    "stood_short": lambda n: f"for, or stood: {below(n['stood_s'], 1)}",
    "other_way": lambda n: f"degrees: {n['degrees']}",
    "too_few": lambda n: f"at_least: {n['count']}",
    "too_many": lambda n: f"at_most: {n['count']}",
    "too_long_ago": lambda n: f"within: {n['ago_s']}",
    "nobody_near": lambda n: f"distance: {n['distance']}",
}
