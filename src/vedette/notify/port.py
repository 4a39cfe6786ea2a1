"""How people are told."""

from typing import Protocol

from pydantic import ConfigDict, Field

from vedette.calendar.schedule import Schedule
from vedette.contracts.event import Severity
from vedette.contracts.notice import Notice, VideoKind
from vedette.contracts.payload import Slug
from vedette.plugins.registry import PluginConfig


class ChannelConfig(PluginConfig):
    """Base of the settings of every channel. Errors never repeat the input: it may be a secret."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    id: Slug | None = Field(
        default=None,
        description="Name of the channel in topics and in the log; its type where absent.",
    )
    min_severity: Severity = Field(
        default=Severity.INFO, description="Of what it is told: this, and what is more severe."
    )
    cameras: tuple[Slug, ...] = Field(
        default=(), description="Of which cameras it is told; of all where empty."
    )
    rules: tuple[Slug, ...] = Field(
        default=(), description="Of which rules it is told; of all where empty."
    )
    zones: tuple[Slug, ...] = Field(
        default=(), description="Of what happens in which zones; everywhere where empty."
    )
    hours: Schedule | None = Field(
        default=None,
        description="When it is told, by the clocks of each site; always where absent. What comes "
        "at another time is not for it, whatever its severity.",
    )
    only_escalations: bool = Field(
        default=False, description="It is told only of what nobody acknowledged (notify.escalate)."
    )


class FollowUpConfig(ChannelConfig):
    """Of a channel that can bring videos."""

    follow_up: VideoKind | None = Field(
        default=None,
        description="What follows the picture, once it is there: the `clip`, with sound, or an "
        "`animation`, short and silent, that plays by itself. Nothing where absent.",
    )


class Channel(Protocol):
    """One way to reach people. Built as `Channel(config, clock=clock)`; one call is one attempt.

    The notifier retries, so the same notice may come again after a failure, or after a crash:
    what the far end needs to recognise it (`alert_id`) travels with it.
    """

    async def send(self, notice: Notice) -> str:
        """Deliver, and return who or what was reached (for the log, without secrets).

        Raises:
            DeliveryFailed: trying again may help.
            DeliveryRefused: trying again is useless.
        """
        ...

    async def close(self) -> None:
        """Give back connections; nothing is sent afterwards."""
        ...
