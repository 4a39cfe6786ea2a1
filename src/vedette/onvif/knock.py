"""Finds cameras where multicast does not pass: asks addresses over HTTP for their clock.

That needs no login (ONVIF Core, section 5.9), and none is sent.
"""

import asyncio
import ipaddress
from collections.abc import Sequence
from contextlib import suppress

from vedette.contracts.errors import InvalidInput, SourceLost, SourceRefused
from vedette.kit.clock import Clock
from vedette.onvif.address import DeviceAddress
from vedette.onvif.discovery import Found, Progress
from vedette.onvif.soap import SoapClient

PORTS = (80, 8000, 8080, 2020, 8899)
"""Where ONVIF usually is: most makers; Reolink and others; many; Tapo; many without a name."""
MAX_ADDRESSES = 4096
"""Of one search."""
AT_ONCE = 64
"""Connections at the same time."""
KNOCK_S = 2.0
"""An address that does not answer within this is not there."""


async def knock(
    hosts: Sequence[str],
    clock: Clock,
    *,
    ports: Sequence[int] = PORTS,
    progress: Progress = lambda done, of: None,
) -> list[Found]:
    """Ask addresses over HTTP, one by one, many at once; those that speak ONVIF."""
    room, done = asyncio.Semaphore(AT_ONCE), 0

    async def one(host: str) -> Found | None:
        nonlocal done
        async with room:
            found = await _knock(host, ports, clock)
        done += 1
        progress(done, len(hosts))
        return found

    answers = await asyncio.gather(*(one(host) for host in hosts))
    return [found for found in answers if found is not None]


def addresses(network: str) -> list[str]:
    """The hosts of `192.168.1.0/24`, or the one of `192.168.1.20`.

    Raises:
        InvalidInput: it is no network, or too large a one.
    """
    try:
        net = ipaddress.ip_network(network, strict=False)
    except ValueError:
        raise InvalidInput(
            f"{network!r} is no network; write it as 192.168.1.0/24, or a single address"
        ) from None
    if net.num_addresses > MAX_ADDRESSES:
        raise InvalidInput(
            f"{network} has {net.num_addresses} addresses; at most {MAX_ADDRESSES} are asked at a "
            "time: name a smaller part (a /20 of IPv4)"
        )
    return [str(host) for host in net.hosts()]


async def _knock(host: str, ports: Sequence[int], clock: Clock) -> Found | None:
    for port in ports:
        address = DeviceAddress(scheme="http", host=host, port=port)
        if not await _listens(host, port):
            continue
        async with SoapClient(address, clock=clock, timeout_s=KNOCK_S) as client:
            with suppress(SourceLost, SourceRefused):
                await client.ask_clock()
                return Found(address=host, urls=(address.url,), notes=("found over HTTP",))
    return None


async def _listens(host: str, port: int) -> bool:
    try:
        async with asyncio.timeout(KNOCK_S):
            _, writer = await asyncio.open_connection(host, port)
    except OSError:  # TimeoutError is one
        return False
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True
