"""A subscription to a camera's events (PullPoint): subscribe, pull, renew, give up.

ONVIF Core, section 9.2 (real-time pull-point notification interface), and OASIS WS-BaseNotification
1.3, section 6.1 (renewal).
"""

import asyncio
from contextlib import suppress

from vedette.contracts.errors import SourceLost, SourceRefused
from vedette.kit.clock import Clock
from vedette.onvif.errors import Fault, LoginRefused
from vedette.onvif.markup import Node, as_written
from vedette.onvif.notices import Pulled, read_notices, read_topics
from vedette.onvif.soap import EVENTS, NOTIFICATION, SoapClient

LEASE_S = 120
"""How long the camera is asked to keep a subscription; it is renewed at half of it."""
SLACK_S = 10.0
"""A long poll may take this much longer than it was asked to."""
MOST_MESSAGES = 100
"""Asked for at a time."""
GOODBYE_S = 2.0

_SUBSCRIPTION = f"{EVENTS}/PullPointSubscription"
_MANAGER = "http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager"


class PullPoint:
    """One subscription. Belongs to one event loop."""

    def __init__(self, client: SoapClient, url: str, reference: str, clock: Clock) -> None:
        self._client = client
        self._url = url
        self._reference = reference
        self._clock = clock
        self._renewed_s = clock.monotonic()
        self._can_renew = True

    @classmethod
    async def subscribe(cls, client: SoapClient, url: str, clock: Clock) -> "PullPoint":
        """Ask the event service at `url` for all events.

        Raises:
            SourceLost, LoginRefused, SourceRefused: see `SoapClient.call`.
        """
        lease = f"<InitialTerminationTime>PT{LEASE_S}S</InitialTerminationTime>"
        try:
            answer = await _subscribe(client, url, lease)
        except Fault:  # some take no wish about how long
            answer = await _subscribe(client, url, "")
        found = next(answer.find("SubscriptionReference"), None)
        if found is None:
            raise SourceRefused(f"{client.address} accepted a subscription, but gave none")
        parameters = found.child("ReferenceParameters")
        reference = "".join(
            as_written(answer, node) for node in (parameters.children if parameters else ())
        )
        return cls(client, client.address.service(found.value("Address")), reference, clock)

    async def pull(self, wait_s: float) -> Pulled:
        """What happened; waits up to `wait_s` for it, and for the camera a little longer.

        Raises:
            SourceLost, LoginRefused, SourceRefused: see `SoapClient.call`. A `Fault` is what a
            camera says to a subscription that it has forgotten.
        """
        body = (
            f'<PullMessages xmlns="{EVENTS}"><Timeout>PT{wait_s:.0f}S</Timeout>'
            f"<MessageLimit>{MOST_MESSAGES}</MessageLimit></PullMessages>"
        )
        answer = await self._client.call(
            self._url,
            f"{_SUBSCRIPTION}/PullMessagesRequest",
            body,
            reference=self._reference,
            timeout_s=wait_s + SLACK_S,
        )
        return read_notices(answer)

    @property
    def old(self) -> bool:
        """True where it cannot be renewed and is nearly over: subscribe anew."""
        return not self._can_renew and self._age_s() > LEASE_S / 2

    async def renew(self) -> None:
        """Ask the camera to keep it for longer, where it is time to.

        Raises:
            SourceLost, LoginRefused: see `SoapClient.call`.
        """
        if not self._can_renew or self._age_s() < LEASE_S / 2:
            return
        body = (
            f'<Renew xmlns="{NOTIFICATION}"><TerminationTime>PT{LEASE_S}S</TerminationTime></Renew>'
        )
        try:
            await self._client.call(
                self._url, f"{_MANAGER}/RenewRequest", body, reference=self._reference
            )
            self._renewed_s = self._clock.monotonic()
        except LoginRefused:
            raise
        except SourceRefused:
            self._can_renew = False

    async def unsubscribe(self) -> None:
        """Say goodbye, so that the camera need not remember us; whether it hears it or not."""
        with suppress(SourceLost, SourceRefused, TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                await self._client.call(
                    self._url,
                    f"{_MANAGER}/UnsubscribeRequest",
                    f'<Unsubscribe xmlns="{NOTIFICATION}"/>',
                    reference=self._reference,
                )

    def _age_s(self) -> float:
        return self._clock.monotonic() - self._renewed_s


async def offered_topics(client: SoapClient, url: str) -> list[str]:
    """The topics that a camera says it has events for.

    Raises:
        SourceLost, LoginRefused, SourceRefused: see `SoapClient.call`.
    """
    answer = await client.call(
        url,
        f"{EVENTS}/EventPortType/GetEventPropertiesRequest",
        f'<GetEventProperties xmlns="{EVENTS}"/>',
        reference="",
    )
    return read_topics(answer)


async def _subscribe(client: SoapClient, url: str, lease: str) -> Node:
    return await client.call(
        url,
        f"{EVENTS}/EventPortType/CreatePullPointSubscriptionRequest",
        f'<CreatePullPointSubscription xmlns="{EVENTS}">{lease}</CreatePullPointSubscription>',
        reference="",
    )
