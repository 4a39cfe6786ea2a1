"""Changes of the settings while the product runs: wished for, refused, in force, taken back."""

from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, Field

from vedette.contracts.payload import Payload


class ConfigUpdate(Payload):
    """Topic `config.update`: somebody wants other settings. The same id twice is one update."""

    id: UUID
    at: AwareDatetime
    author: str = ""
    changes: dict[str, Any] = Field(default_factory=dict)
    """As much of the settings as is to be different: `{"retention": {"max_gb": 50}}`; cameras,
    sites, channels, zones and rules by id: `{"cameras": {"yard": {"detect": {"fps": 2}}}}`; null
    takes back an earlier change, or removes a thing with an id."""
    expected: int | None = None
    """The version that it was made for; another one in force refuses it."""


class ConfigFault(Payload):
    """One thing that is wrong with an update."""

    key: str = ""
    """`cameras[0].detect.fps`; empty where it is about the whole."""
    reason: str
    policy: str = ""
    """Name of the policy that forbids it; empty where it is simply not valid."""


class ConfigRejected(Payload):
    """Topic `config.rejected`: the settings in force stay."""

    id: UUID
    at: AwareDatetime
    author: str = ""
    faults: tuple[ConfigFault, ...]


class ConfigSnapshot(Payload):
    """Topic `config.snapshot`: a version of the settings is in force."""

    version: int
    at: AwareDatetime
    author: str = ""
    origin: str
    """`start`, `file`, `update`, `restore`."""
    fingerprint: str
    """SHA-256 of the settings, secrets by reference."""
    changed: tuple[str, ...] = ()
    """Keys that are different from the version before."""
    restarted: tuple[str, ...] = ()
    """What had to begin anew: `camera yard`, `module notifier`."""
    pending: tuple[str, ...] = ()
    """Keys that count from the next start of the product on."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """All of them; secrets as stars."""


class ConfigRollback(Payload):
    """Topic `config.rollback`: what was begun is taken back, or a drill did so on purpose."""

    at: AwareDatetime
    drill: bool = False
    version: int
    """That is in force, before and after."""
    failed: str = ""
    """The part that could not take the new settings."""
    reason: str = ""
    restored: tuple[str, ...] = ()
    """Parts that have the settings from before again."""
    before: str
    """Fingerprint of what was in force before the attempt."""
    after: str
    """Fingerprint of what is in force now."""
