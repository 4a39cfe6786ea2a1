"""What people are told, in plain English: a title of one line and two short sentences."""

from collections.abc import Callable
from datetime import UTC

from vedette.contracts.event import Event

_PLURALS = {
    "person": "people",
    "bus": "buses",
    "mouse": "mice",
    "sheep": "sheep",
    "knife": "knives",
    "skis": "skis",
}


def title_of(event: Event, camera: str) -> str:
    """`Person entered yard (Front door)`; the rule's own message where it has one."""
    if event.message:
        return f"{event.message} ({camera})"
    subject = _group(event) or event.label
    return _capital(f"{subject} {_predicate(event)} ({camera})")


def text_of(event: Event, camera: str) -> str:
    """`A person entered yard on camera Front door at 2026-11-21 14:03:22 UTC. ...`"""
    moment = event.opened_at.astimezone(UTC)
    if event.event_type == "tamper":
        return f"{event.message} ({camera}) since {moment:%Y-%m-%d %H:%M:%S} UTC. Look after it."
    if event.label == "camera":
        said = event.message or f"Rule {event.rule_id} is about the camera"
        cause = f": {event.numbers['cause']}" if event.numbers.get("cause") else ""
        since = event.started_at.astimezone(UTC)
        return f"{said} ({camera}) since {since:%Y-%m-%d %H:%M:%S} UTC{cause}."
    subject = _group(event) or _with_article(event.label)
    return (
        _capital(f"{subject} {_predicate(event)} on camera {camera} ")
        + f"at {moment:%Y-%m-%d %H:%M:%S} UTC. "
        + f"Rule {event.rule_id}; the detector was {event.score * 100:.0f} % sure."
    )


def plural(label: str) -> str:
    """`person` to `people`, `car` to `cars`; of several words the last one changes."""
    if label in _PLURALS:
        return _PLURALS[label]
    if label.endswith(("s", "x", "ch", "sh")):
        return f"{label}es"
    if label.endswith("y") and label[-2:-1] not in "aeiou":
        return f"{label[:-1]}ies"
    return f"{label}s"


def duration(seconds: float) -> str:
    """`7.2 s`, `45 s`, `2 min 5 s`, `1 h 3 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _predicate(event: Event) -> str:
    phrase = _PREDICATES.get(event.event_type)
    return phrase(event) if phrase else f"matched the rule ({event.event_type})"


def _seen(event: Event) -> str:
    return f"was seen in {event.zone_id}" if event.zone_id else "was seen"


def _entered(event: Event) -> str:
    return f"entered {event.zone_id}" if event.zone_id else "came into view"


def _left(event: Event) -> str:
    return f"left {event.zone_id}" if event.zone_id else "left the view"


def _loitered(event: Event) -> str:
    dwell_s = _number(event, "dwell_s")
    stayed = f"stayed in {event.zone_id}" if event.zone_id else "stayed in view"
    return stayed if dwell_s is None else f"{stayed} for {duration(dwell_s)}"


def _crossed(event: Event) -> str:
    crossed = f"crossed the line {event.line_id}" if event.line_id else "crossed a line"
    direction = event.numbers.get("direction")
    return f"{crossed}, direction {direction}" if direction else crossed


def _counted(event: Event) -> str:
    return f"are in {event.zone_id}" if event.zone_id else "are in view"


_PREDICATES: dict[str, Callable[[Event], str]] = {
    "presence": _seen,
    "enter": _entered,
    "leave": _left,
    "loiter": _loitered,
    "line_crossing": _crossed,
    "count": _counted,
}


def _group(event: Event) -> str | None:
    """`5 people` for a count of several; None where the event is about one object."""
    if event.event_type != "count":
        return None
    count = _number(event, "count")
    many = plural(event.label)
    return f"several {many}" if count is None or count < 2 else f"{count:.0f} {many}"


def _number(event: Event, name: str) -> float | None:
    value = event.numbers.get(name)
    return float(value) if isinstance(value, (int, float)) else None


def _with_article(label: str) -> str:
    return f"{'an' if label[:1] in 'aeiou' else 'a'} {label}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
