"""When somebody does not keep to a contract: told on `status.contract`."""

from enum import StrEnum

from pydantic import AwareDatetime

from vedette.contracts.payload import Payload


class ContractKind(StrEnum):
    """What happened."""

    REJECTED = "rejected"
    """A fact was not published: its topic or its payload is wrong."""
    DEPRECATED = "deprecated"
    """Somebody uses a topic that has a successor."""
    CONFIG_REJECTED = "config_rejected"
    """A change of the settings was refused."""
    RECONFIGURATION_FAILED = "reconfiguration_failed"
    """A change of the settings was accepted, but could not be put into effect."""


class ContractNotice(Payload):
    """Topic `status.contract`."""

    at: AwareDatetime
    kind: ContractKind
    topic: str = ""
    """Which topic it is about."""
    successor: str = ""
    """Topic to use instead."""
    who: str = ""
    """The subscriber, or the part of the product."""
    reason: str
    """A sentence."""
    errors: tuple[str, ...] = ()
    """Each thing that is wrong."""
