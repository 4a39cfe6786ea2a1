"""Every topic of the bus, with its payload and delivery class; names as in the seed designs.

Names follow `<domain>.<entity>[.<action>]`; what stands in braces is a slug.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from vedette.contracts.artifact import Artifact
from vedette.contracts.bus_status import BusStatus
from vedette.contracts.config_change import (
    ConfigRejected,
    ConfigRollback,
    ConfigSnapshot,
    ConfigUpdate,
)
from vedette.contracts.contract_notice import ContractNotice
from vedette.contracts.control import ControlCommand, ResilienceEvent
from vedette.contracts.detection_v2 import DetectionFact2
from vedette.contracts.event import Event
from vedette.contracts.facts import (
    CameraStatus,
    DetectionFact,
    FrameFact,
    MotionFact,
    NotifyFact,
    StorageFact,
    TamperFact,
)
from vedette.contracts.health import (
    HealthSummary,
    ModuleHealth,
    ShutdownProgress,
    StatusReport,
)
from vedette.contracts.payload import Payload
from vedette.contracts.span import Span


class Delivery(StrEnum):
    TRANSIENT = "transient"
    """Best effort: nobody misses one."""
    DURABLE = "durable"
    """Stored with its cause first (outbox), delivered at least once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One line of the catalogue."""

    name: str
    payload: type[Payload]
    delivery: Delivery
    summary: str


def _topic(name: str, payload: type[Payload], delivery: Delivery, summary: str) -> Topic:
    return Topic(name=name, payload=payload, delivery=delivery, summary=summary)


BUS_STATUS = "status.bus"
CONTRACT = "status.contract"
HEALTH_SUMMARY = "status.health.summary"
HEALTH_ANALYTICS = "analytics.health.summary"
STATUS_REPORT = "status.report"
SHUTDOWN = "status.shutdown.progress"
RESILIENCE = "status.resilience.event"
COMMAND = "dashboard.control.command"
CONFIG_UPDATE = "config.update"
CONFIG_SNAPSHOT = "config.snapshot"
CONFIG_REJECTED = "config.rejected"
CONFIG_ROLLBACK = "config.rollback"
SPAN = "telemetry.span"

_T, _D = Delivery.TRANSIENT, Delivery.DURABLE

TOPICS: tuple[Topic, ...] = (
    _topic("camera.{id}.frame", FrameFact, _T, "A frame was looked at (its numbers, no pixels)."),
    _topic("camera.{id}.status", CameraStatus, _T, "A camera came, was lost, or is retried."),
    _topic("camera.{id}.tamper", TamperFact, _T, "A camera was covered, defocused or turned."),
    _topic("process.motion.detected", MotionFact, _T, "Something moved."),
    _topic("process.detected", DetectionFact, _T, "The detector found objects."),
    _topic("process.detected.v2", DetectionFact2, _T, "The same, zones and boxes by name."),
    _topic("process.motion.unique", DetectionFact, _T, "An object was seen for the first time."),
    _topic("process.motion.zoned", DetectionFact, _T, "Objects with the zones that they are in."),
    _topic("event.opened", Event, _D, "A rule was satisfied."),
    _topic("event.updated", Event, _D, "An open event changed."),
    _topic("event.closed", Event, _D, "An event is over."),
    _topic("event.snapshot.ready", Artifact, _D, "A picture of an event is stored."),
    _topic("event.clip.ready", Artifact, _D, "A clip of an event is stored."),
    _topic("event.media.ready", Artifact, _D, "Any artifact of an event is stored."),
    _topic("notify.{channel}.queued", NotifyFact, _D, "A message waits for its channel."),
    _topic("notify.{channel}.sent", NotifyFact, _D, "A message was delivered."),
    _topic("notify.{channel}.failed", NotifyFact, _D, "A message could not be delivered."),
    _topic("storage.artifact.stored", StorageFact, _T, "A file was written."),
    _topic("storage.artifact.deleted", StorageFact, _T, "A file was deleted by retention."),
    _topic(CONTRACT, ContractNotice, _T, "Somebody does not keep to a contract."),
    _topic(BUS_STATUS, BusStatus, _T, "How the bus is: periodically, and when it is in trouble."),
    _topic("module.{name}.health", ModuleHealth, _T, "How a module is, once in a health period."),
    _topic(STATUS_REPORT, StatusReport, _T, "The state or the level of a module has changed."),
    _topic(HEALTH_SUMMARY, HealthSummary, _T, "How all modules are, once in a health period."),
    _topic(HEALTH_ANALYTICS, HealthSummary, _T, "The same, under the name that analytics uses."),
    _topic(SHUTDOWN, ShutdownProgress, _T, "A stage of the end has begun or is over."),
    _topic(CONFIG_UPDATE, ConfigUpdate, _T, "Somebody wants other settings."),
    _topic(CONFIG_REJECTED, ConfigRejected, _T, "Other settings were refused, and why."),
    _topic(CONFIG_SNAPSHOT, ConfigSnapshot, _T, "A version of the settings is in force."),
    _topic(CONFIG_ROLLBACK, ConfigRollback, _T, "Settings were taken back, or a drill did so."),
    _topic(COMMAND, ControlCommand, _T, "Somebody wants something of the running product."),
    _topic("dashboard.commands", ControlCommand, _T, "The same, under an older name."),
    _topic("dashboard.{surface}.commands", ControlCommand, _T, "The same, by where it is said."),
    _topic(SPAN, Span, _T, "How long one thing took of what began with one picture."),
    _topic(RESILIENCE, ResilienceEvent, _T, "A drill began or ended (`resilience.toggle`)."),
)


def frame_topic(camera_id: str) -> str:
    return f"camera.{camera_id}.frame"


def status_topic(camera_id: str) -> str:
    return f"camera.{camera_id}.status"


def tamper_topic(camera_id: str) -> str:
    return f"camera.{camera_id}.tamper"


def notify_topic(channel: str, action: str) -> str:
    return f"notify.{channel}.{action}"


def health_topic(module: str) -> str:
    return f"module.{module}.health"


def request_topic(module: str) -> str:
    """Where a module answers questions (`ModuleRequest`); no fact is published there."""
    return f"module.{module}.request"


def find_topic(name: str) -> Topic | None:
    """The line of the catalogue for a name with its ids filled in; None where there is none."""
    for pattern, topic in _patterns():
        if pattern.fullmatch(name):
            return topic
    return None


def pattern_of(text: str) -> re.Pattern[str]:
    """`camera.*.frame` as a regular expression: `*` is one or more characters, dots included."""
    return re.compile(".+".join(re.escape(part) for part in text.split("*")))


def topics_of(pattern: str) -> tuple[Topic, ...]:
    """Lines of the catalogue that a subscription with this pattern can hear of."""
    if "*" not in pattern:
        found = find_topic(pattern)
        return () if found is None else (found,)
    wanted = pattern_of(pattern)
    return tuple(t for t in TOPICS if wanted.fullmatch(re.sub(r"\{[a-z]+\}", "x", t.name)))


def matches(pattern: str, topic: str) -> bool:
    """True where a subscription with this pattern gets facts on this topic."""
    return pattern_of(pattern).fullmatch(topic) is not None


@cache
def _patterns() -> Sequence[tuple[re.Pattern[str], Topic]]:
    return [
        (re.compile(re.sub(r"\\{[a-z]+\\}", "[a-z0-9_-]+", re.escape(topic.name))), topic)
        for topic in TOPICS
    ]
