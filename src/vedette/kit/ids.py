"""Identifiers: slugs that are safe in topics, paths and URLs, and ids that repeat on replay."""

import re
from uuid import NAMESPACE_URL, UUID, uuid5

SLUG = re.compile(r"[a-z0-9_-]{1,64}")
SLUG_PATTERN = r"^[a-z0-9_-]{1,64}$"

_EVENTS = uuid5(NAMESPACE_URL, "vedette/event")
_ARTIFACTS = uuid5(NAMESPACE_URL, "vedette/artifact")
_MISSED = uuid5(NAMESPACE_URL, "vedette/missed")
_ALERTS = uuid5(NAMESPACE_URL, "vedette/alert")


def is_slug(text: str) -> bool:
    """True for 1 to 64 of `a-z 0-9 _ -`: ids of cameras, sites, zones and rules."""
    return SLUG.fullmatch(text) is not None


def event_id(site: str, camera: str, rule: str, dedupe_key: str, first_us: int) -> UUID:
    """The same event seen again (a replay, a retry) gets the same id."""
    return uuid5(_EVENTS, f"{site}/{camera}/{rule}/{dedupe_key}/{first_us}")


def artifact_id(event: UUID, kind: str, revision: int) -> UUID:
    return uuid5(_ARTIFACTS, f"{event}/{kind}/{revision}")


def alert_id(event: UUID) -> UUID:
    return uuid5(_ALERTS, str(event))


def missed_id(site: str, camera: str, rule: str, at_us: int) -> UUID:
    """A moment at which a camera should have told something."""
    return uuid5(_MISSED, f"{site}/{camera}/{rule}/{at_us}")
