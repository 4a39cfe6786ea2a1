"""A camera that answers WS-Discovery probes, over real UDP on loopback."""

import re
import socket
import struct
import threading
from collections.abc import Callable
from typing import Self

GROUP = "239.255.255.250"

MATCH = """<?xml version="1.0" encoding="UTF-8"?>
<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"
 xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"
 xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"
 xmlns:dn="http://www.onvif.org/ver10/network/wsdl"><s:Header>
<a:RelatesTo>{about}</a:RelatesTo></s:Header><s:Body><d:ProbeMatches><d:ProbeMatch>
<a:EndpointReference><a:Address>urn:uuid:{endpoint}</a:Address></a:EndpointReference>
<d:Types>dn:NetworkVideoTransmitter</d:Types>
<d:Scopes>onvif://www.onvif.org/name/{name} onvif://www.onvif.org/hardware/Eye</d:Scopes>
<d:XAddrs>{url}</d:XAddrs></d:ProbeMatch></d:ProbeMatches></s:Body></s:Envelope>"""

Answering = Callable[[str], list[bytes]]
"""Answers to one question, by its id."""


def matching(url: str, *, name: str = "Yard", endpoint: str = "1") -> Answering:
    def answers(about: str) -> list[bytes]:
        return [MATCH.format(about=about, endpoint=endpoint, name=name, url=url).encode()]

    return answers


class ProbedCamera:
    """Use as a context manager. Listens to the group on loopback, or to one address only."""

    def __init__(self, answers: Answering, *, address: str = "127.0.0.1", port: int = 0) -> None:
        self._answers = answers
        self.asked = 0
        self._voice = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._voice.bind((address, 0))
        self._ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._ear.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._ear.bind(("", port))
        self.port = int(self._ear.getsockname()[1])
        self._ear.setsockopt(
            socket.IPPROTO_IP,
            socket.IP_ADD_MEMBERSHIP,
            struct.pack("4s4si", socket.inet_aton(GROUP), b"", socket.if_nametoindex("lo")),
        )
        self._ear.settimeout(0.05)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._ear.close()
        self._voice.close()

    def _listen(self) -> None:
        while not self._over.is_set():
            try:
                data, sender = self._ear.recvfrom(65_535)
            except TimeoutError:
                continue
            found = re.search(rb"MessageID>([^<]*)<", data)
            self.asked += 1
            for answer in self._answers(found[1].decode() if found else ""):
                self._voice.sendto(answer, sender)
