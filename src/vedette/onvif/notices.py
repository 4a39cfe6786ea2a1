"""Events as a camera sends them: topic, source, data. Parsing only; what they mean: topics.py."""

from collections.abc import Iterator
from dataclasses import dataclass

from vedette.onvif.markup import Node, clean

MAX_NOTICES = 256
"""Of one answer; more are dropped, and counted."""
MAX_ITEMS = 32
"""Of one event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraNotice:
    """One event of a camera."""

    topic: str
    """Without the prefixes of names: `RuleEngine/CellMotionDetector/Motion`."""
    source: tuple[tuple[str, str], ...] = ()
    """What it is about: lens, rule ..."""
    data: tuple[tuple[str, str], ...] = ()
    """What it says: `("IsMotion", "true")`."""
    operation: str = ""
    """`Initialized`, `Changed`, `Deleted` for what has a state; empty for what just happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """What one answer brought."""

    notices: tuple[CameraNotice, ...]
    dropped: int = 0


def read_notices(answer: Node) -> Pulled:
    """Every event of an answer to `PullMessages`."""
    kept: list[CameraNotice] = []
    dropped = 0
    for node in answer.find("NotificationMessage"):
        if len(kept) >= MAX_NOTICES:
            dropped += 1
            continue
        topic = plain_topic(node.value("Topic"))
        message = next(node.find("Message"), None)
        inner = None if message is None else message.child("Message") or message
        if not topic or inner is None:
            dropped += 1
            continue
        kept.append(
            CameraNotice(
                topic=topic,
                source=_items(inner, "Source") + _items(inner, "Key"),
                data=_items(inner, "Data"),
                operation=clean(inner.attribute("PropertyOperation"), 16),
            )
        )
    return Pulled(notices=tuple(kept), dropped=dropped)


def read_topics(answer: Node) -> list[str]:
    """The topics that a camera offers, from an answer to `GetEventProperties`, at most 512."""
    found: list[str] = []
    for root in answer.find("TopicSet"):
        waiting: list[tuple[Node, str]] = [(child, "") for child in reversed(root.children)]
        while waiting and len(found) < 512:
            node, above = waiting.pop()
            if node.local == "MessageDescription":
                continue
            path = f"{above}/{node.local}" if above else node.local
            inner = [child for child in node.children if child.local != "MessageDescription"]
            if not inner or node.attribute("topic").lower() in {"true", "1"}:
                found.append(path)
            waiting.extend((child, path) for child in reversed(inner))
    return found


def plain_topic(text: str) -> str:
    """`tns1:RuleEngine/tnsaxis:VMD3/vmd3_video_1` without prefixes and white space."""
    steps = [step.strip().rpartition(":")[2] for step in text.split("/")]
    return clean("/".join(step for step in steps if step), 256)


def _items(message: Node, part: str) -> tuple[tuple[str, str], ...]:
    found = list(_simple(message, part))
    return tuple(found[:MAX_ITEMS])


def _simple(message: Node, part: str) -> Iterator[tuple[str, str]]:
    for holder in message.named(part):
        for item in holder.named("SimpleItem"):
            yield clean(item.attribute("Name"), 64), clean(item.attribute("Value"), 64)
