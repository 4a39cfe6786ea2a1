"""Finds cameras by WS-Discovery: asks everybody in the network, or single addresses, by UDP.

WS-Discovery of April 2005 (ONVIF Core, section 7.3): a probe to 239.255.255.250:3702 from every
network interface; cameras answer with what they are and where their service is. Where multicast
does not pass (other subnets, containers), the same probe goes to single addresses.
"""

import asyncio
import socket
import struct
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from vedette.contracts.errors import SourceRefused
from vedette.kit.clock import Clock
from vedette.onvif.address import DeviceAddress, device_address, foreign
from vedette.onvif.device import scope_words
from vedette.onvif.markup import Node, clean, parse
from vedette.onvif.soap import DEVICE

GROUP, PORT = "239.255.255.250", 3702
MAX_FOUND = 512
"""Cameras of one search; further answers are counted only."""
MAX_PER_SENDER = 16
"""Answers of one address: a recorder speaks for its cameras."""
AT_ONCE = 64
"""Addresses asked one by one without a pause."""

MAX_DATAGRAM = 65_535

_TRIES = 3
_STEPS = 4
_KINDS = (
    '<d:Types xmlns:n="http://www.onvif.org/ver10/network/wsdl">n:NetworkVideoTransmitter</d:Types>',
    f'<d:Types xmlns:n="{DEVICE}">n:Device</d:Types>',
)

Progress = Callable[[int, int], None]
"""Told how much of a search is done, and of how much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A camera that answered."""

    address: str
    """Where the answer came from."""
    urls: tuple[str, ...] = ()
    """Its device service, on the address that it answered from."""
    name: str = ""
    hardware: str = ""
    location: str = ""
    notes: tuple[str, ...] = ()
    """What is odd about it."""
    endpoint: str = ""
    """What it calls itself; the same at each answer."""


@dataclass(slots=True, kw_only=True)
class Search:
    """What a search found."""

    found: list[Found] = field(default_factory=list)
    dropped: int = 0
    """Answers that were no camera's, or too many."""
    silent: tuple[str, ...] = ()
    """Network interfaces that could not be asked."""


async def discover(
    clock: Clock,
    *,
    wait_s: float = 3.0,
    hosts: Sequence[str] = (),
    interfaces: Sequence[str] = (),
    group: tuple[str, int] = (GROUP, PORT),
    progress: Progress = lambda done, of: None,
) -> Search:
    """Probe by UDP and collect the answers.

    Args:
        wait_s: how long answers are awaited, in all.
        hosts: addresses to ask one by one, too.
        interfaces: names of those to ask on; all where empty.
    """
    search, answers = Search(), Answers()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.setblocking(False)
        wire.bind(("0.0.0.0", 0))  # noqa: S104 - answers come by any interface
        listening = asyncio.ensure_future(_listen(wire, answers))
        try:
            for turn in range(_TRIES):
                search.silent = _ask_all(wire, answers, interfaces, group)
                await _ask_each(wire, answers, hosts, group[1], clock)
                for step in range(_STEPS):
                    await clock.sleep(wait_s / (_TRIES * _STEPS))
                    progress(turn * _STEPS + step + 1, _TRIES * _STEPS)
        finally:
            listening.cancel()
            await asyncio.wait([listening])
    search.found, search.dropped = answers.found, answers.dropped
    return search


class Answers:
    """The answers of one search, each camera once."""

    def __init__(self) -> None:
        self.found: list[Found] = []
        self.dropped = 0
        self.asked: set[str] = set()
        """Ids (UUIDs) of our questions: an answer to another's is not for us."""
        self._known: set[tuple[str, str]] = set()
        self._senders: dict[str, int] = {}

    def take(self, data: bytes, sender: str) -> None:
        """One datagram, from anybody."""
        try:
            matches = read_matches(data, sender, self.asked)
        except SourceRefused:
            self.dropped += 1
            return
        for found in matches:
            key = (found.address, found.endpoint or " ".join(found.urls))
            if key in self._known:
                continue
            count = self._senders[sender] = self._senders.get(sender, 0) + 1
            if count > MAX_PER_SENDER or len(self.found) >= MAX_FOUND:
                self.dropped += 1
                continue
            self._known.add(key)
            self.found.append(found)


def read_matches(data: bytes, sender: str, asked: set[str]) -> list[Found]:
    """The cameras that an answer to a probe names.

    Args:
        sender: address that it came from; a service on another host is noted, and not believed.
        asked: ids of our questions; where empty, any answer will do.
    Raises:
        SourceRefused: it is no XML, or no answer to us.
    """
    root = parse(data)
    about = {node.text[-36:].lower() for node in root.find("RelatesTo")}
    if asked and not about & asked:
        raise SourceRefused("an answer to somebody else's question")
    return [
        _found(node, sender)
        for node in list(root.find("ProbeMatch"))[:MAX_PER_SENDER]
        if _is_camera(node)
    ]


def probe_message(kind: str, message_id: str) -> bytes:
    """A probe for one type of device."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"'
        ' xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
        ' xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"><s:Header>'
        "<a:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</a:Action>"
        f"<a:MessageID>{message_id}</a:MessageID>"
        "<a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To></s:Header>"
        f"<s:Body><d:Probe>{kind}</d:Probe></s:Body></s:Envelope>"
    ).encode()


async def _listen(wire: socket.socket, answers: Answers) -> None:
    loop = asyncio.get_running_loop()
    while True:
        try:
            data, sender = await loop.sock_recvfrom(wire, MAX_DATAGRAM)
        except OSError:  # an address that we asked refused it
            continue
        answers.take(data, sender[0])


def _ask_all(
    wire: socket.socket, answers: Answers, interfaces: Sequence[str], group: tuple[str, int]
) -> tuple[str, ...]:
    """Probe on every interface; gives the names of those that could not be used."""
    silent: list[str] = []
    for index, name in socket.if_nameindex():
        if interfaces and name not in interfaces:
            continue
        try:
            wire.setsockopt(
                socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("4s4si", b"", b"", index)
            )
            for question in _questions(answers):
                wire.sendto(question, group)
        except OSError:
            silent.append(name)
    return tuple(silent)


async def _ask_each(
    wire: socket.socket, answers: Answers, hosts: Sequence[str], port: int, clock: Clock
) -> None:
    for number, host in enumerate(hosts, start=1):
        if ":" in host:
            continue  # the socket speaks IPv4; IPv6 is asked over HTTP
        with suppress(OSError):
            wire.sendto(next(_questions(answers)), (host, port))
        if number % AT_ONCE == 0:
            await clock.sleep(0.02)


def _questions(answers: Answers) -> Iterator[bytes]:
    for kind in _KINDS:
        message_id = str(uuid.uuid4())
        answers.asked.add(message_id)
        yield probe_message(kind, f"urn:uuid:{message_id}")


def _is_camera(node: Node) -> bool:
    """Printers and others answer probes, too."""
    types = " ".join(each.text for each in node.named("Types"))
    scopes = node.value("Scopes")
    return "NetworkVideo" in types or "onvif://www.onvif.org/" in scopes or "Device" in types


def _found(node: Node, sender: str) -> Found:
    told = node.value("XAddrs").split()[:8]
    named = scope_words(node.value("Scopes").split())
    urls: list[str] = []
    notes: list[str] = []
    for claimed in told:
        if foreign(claimed, sender):
            notes.append(f"it names another host: {clean(claimed, 80)}")
            continue
        if claimed.startswith(("http://", "https://")):
            urls.append(device_address(claimed).url)
    if told and not urls:
        urls.append(DeviceAddress(scheme="http", host=sender, port=80).url)
    return Found(
        address=sender,
        urls=tuple(dict.fromkeys(urls)),
        name=named.get("name", ""),
        hardware=named.get("hardware", ""),
        location=named.get("location", ""),
        notes=tuple(notes),
        endpoint=clean(node.value("EndpointReference", "Address"), 128),
    )
