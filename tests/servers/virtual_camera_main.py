"""Runs `ipycam`, somebody else's ONVIF camera, on loopback; started by `IpycamCamera`.

Its services are its own; the server around them is ours, because its own listens to everybody.
"""

import importlib
import json
import socket
import socketserver
import struct
import sys
import threading
from types import SimpleNamespace
from typing import Any

GROUP = "239.255.255.250"


def answer_probes(service: Any, port: int) -> None:
    """WS-Discovery with its answers, on loopback."""
    ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    ear.bind((GROUP, port))
    here = socket.inet_aton("127.0.0.1")
    ear.setsockopt(
        socket.IPPROTO_IP,
        socket.IP_ADD_MEMBERSHIP,
        struct.pack("4s4si", socket.inet_aton(GROUP), here, socket.if_nametoindex("lo")),
    )
    voice = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    voice.bind(("127.0.0.1", 0))
    while True:
        data, sender = ear.recvfrom(65_535)
        about = data.decode().partition("MessageID>")[2].partition("<")[0]
        voice.sendto(service.create_probe_match(about).encode(), sender)


def main() -> None:
    """Takes its settings as JSON on the command line; says its port on standard output."""
    wanted = json.loads(sys.argv[1])
    probes = wanted.pop("probes")
    config = importlib.import_module("ipycam.config").CameraConfig(local_ip="127.0.0.1", **wanted)
    service = importlib.import_module("ipycam.onvif").ONVIFService(config, None)
    handler = importlib.import_module("ipycam.http").IPCameraHTTPHandler
    handler.camera = SimpleNamespace(config=config, onvif=service)
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        config.onvif_port = server.server_address[1]
        threading.Thread(target=answer_probes, args=(service, probes), daemon=True).start()
        sys.stdout.write(f"{config.onvif_port}\n")
        sys.stdout.flush()
        server.serve_forever()


if __name__ == "__main__":
    main()
