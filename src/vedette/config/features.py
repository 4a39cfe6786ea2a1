"""Feature flags: what is new, or meant for trying things out, is on where it does no harm.

A flag is a setting, `features.NAME`. Where nobody speaks of it, the environment (`VEDETTE_ENV`)
decides, so that the same build runs with it in staging and without it in production.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from vedette.config.document import Document

KEY = "features"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One flag."""

    name: str
    meaning: str
    on_in: frozenset[str]
    """Environments where it is on unless somebody says otherwise; in no other one, nor where no
    environment is named."""


FEATURES = (
    Feature(
        name="drills",
        meaning="scenarios of `resilience` may be switched on: trouble on purpose",
        on_in=frozenset({"development", "staging"}),
    ),
)


def with_features(document: Document, environment: Mapping[str, str]) -> Document:
    """The document with every flag that it does not speak of."""
    chosen = environment.get("VEDETTE_ENV", "").lower()
    said = document.data.get(KEY) or {}
    if not isinstance(said, dict):
        return document  # to be refused with its line
    flags: dict[str, Any] = {each.name: chosen in each.on_in for each in FEATURES}
    return replace(document, data={**document.data, KEY: {**flags, **said}})
