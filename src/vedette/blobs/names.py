"""Names of files that leave the product: `yard_person_20260131_140322.jpg`, after a pattern."""

import re
from dataclasses import dataclass, field
from datetime import UTC
from string import Formatter
from uuid import UUID

from vedette.contracts.artifact import ArtifactKind
from vedette.contracts.errors import InvalidInput
from vedette.contracts.event import Event

DEFAULT_PATTERN = "{camera}_{label}{more}_{date}_{time}"
FIELDS = ("site", "camera", "rule", "type", "label", "more", "date", "time", "id")
LONGEST_PATTERN = 120
LONGEST_LABEL = 40

_LITERAL = re.compile(r"[A-Za-z0-9_-]*")
_ODD = re.compile(r"[^A-Za-z0-9]+")


def demand_pattern(text: str) -> str:
    """The pattern itself, where file names can be made after it.

    Raises:
        InvalidInput: an unknown field, an odd character, too long, or without a moment.
    """
    try:
        parts = list(Formatter().parse(text))
    except ValueError as error:
        raise InvalidInput(f"{text!r} is no pattern for file names: {error}") from error
    used = [name for _, name, _, _ in parts if name is not None]
    there = ", ".join(f"{{{name}}}" for name in FIELDS)
    if strange := [name for name in used if name not in FIELDS]:
        raise InvalidInput(
            f"the pattern {text!r} for file names has {{{strange[0]}}}; there are: {there}"
        )
    plain = all(_LITERAL.fullmatch(words) and not (spec or as_) for words, _, spec, as_ in parts)
    if not plain or not 0 < len(text) <= LONGEST_PATTERN:
        raise InvalidInput(
            f"the pattern {text[:LONGEST_PATTERN]!r} for file names may have letters, digits, "
            f"`_`, `-` and the fields {there}, {LONGEST_PATTERN} characters in all"
        )
    if not {"date", "time"} <= {*used} and "id" not in used:
        raise InvalidInput(
            f"the pattern {text!r} for file names needs {{date}} and {{time}}, or {{id}}"
        )
    return text


def file_name(
    event: Event,
    kind: ArtifactKind,
    extension: str,
    *,
    part: int = 1,
    pattern: str = DEFAULT_PATTERN,
    apart: bool = False,
) -> str:
    """What a file of an event is called outside; says nothing of its bytes.

    Times are UTC, of the event's beginning, so that all of its files stand together.

    Args:
        extension: with the dot.
        pattern: one that `demand_pattern` lets pass.
        apart: another event has that name; this one gets a piece of its id.
    """
    began = event.started_at.astimezone(UTC)
    more = "_annotated" if kind is ArtifactKind.SNAPSHOT_ANNOTATED else ""
    more += f"_part{part}" if part > 1 else ""
    more += f"_{event.id.hex[:8]}" if apart else ""
    stem = pattern.format(
        site=event.site_id,
        camera=event.camera_id,
        rule=event.rule_id,
        type=event.event_type,
        label=_ODD.sub("-", event.label[:LONGEST_LABEL]).strip("-") or "object",
        more=more,
        date=f"{began:%Y%m%d}",
        time=f"{began:%H%M%S}",
        id=event.id.hex,
    )
    return f"{stem}{'' if '{more}' in pattern else more}{extension}"


@dataclass(slots=True, kw_only=True)
class NamesGiven:
    """Names for the files of one folder: none is given to two events."""

    pattern: str = DEFAULT_PATTERN
    _owners: dict[str, UUID] = field(default_factory=dict)

    def give(self, event: Event, kind: ArtifactKind, extension: str, *, part: int = 1) -> str:
        """See `file_name`; the same for the same file."""
        name = file_name(event, kind, extension, part=part, pattern=self.pattern)
        if self._owners.setdefault(name, event.id) == event.id:
            return name
        return file_name(event, kind, extension, part=part, pattern=self.pattern, apart=True)
