"""Frigate's restreamer (go2rtc): which camera is behind an address of this machine."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from vedette.config.imports.taken import Taken
from vedette.config.imports.words import words

PORTS = {8554, None}
HERE = {"127.0.0.1", "localhost", "go2rtc"}


def streams_of(listed: Taken) -> dict[str, str]:
    """Where each restreamed camera really is, by the name of its stream."""
    found: dict[str, str] = {}
    for name in listed.names():
        for source in words(listed.get(name)):
            plain = re.sub(r"^ffmpeg:(?=[a-z]+://)", "", source).partition("#")[0]
            if "://" in plain:
                found[name] = plain
                break
        else:
            listed.say("none of its sources is an address", name)
    return found


def origin(path: str, streams: Mapping[str, str]) -> str:
    """The camera behind an address of the restreamer; other addresses as they are."""
    try:
        parts = urlsplit(path)
        host, port = parts.hostname, parts.port
    except ValueError:  # no address at all; whoever opens it says so
        return path
    if host in HERE and port in PORTS:
        return streams.get(parts.path.strip("/"), path)
    return path
