"""Many cameras in one process: spliced H.264 streams over RTSP (TCP), each picture at its time.

    python -m benchmarks.rtsp_server script.json plays.jsonl

`script.json`: `{"port": 8554, "cameras": [{"video": "place-0-vbr.mp4", "gops": [0, 1, ...]}]}`;
camera n is `rtsp://127.0.0.1:port/n`, and its groups of pictures are sent over and over. Each PLAY
adds a line `{"camera": n, "at": unix seconds}` to `plays.jsonl`: picture k leaves k / 25 s later.
Sources: RFC 2326 (RTSP), RFC 6184 (RTP for H.264: single units and FU-A).
"""

import asyncio
import json
import sys
import time
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import av

from benchmarks.media import FPS, GOP

CHUNK = 1400
"""Bytes of an RTP packet's content."""
CLOCK = 90_000
FU_A = 28


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """A base stream in memory."""

    pictures: tuple[tuple[bytes, ...], ...]
    """The NAL units of each picture."""
    sdp: str


def read(path: Path) -> Video:
    """Demux it once."""
    with av.open(f"file:{path}") as container:
        stream = container.streams.video[0]
        extradata = bytes(stream.codec_context.extradata or b"")
        raws = [bytes(packet) for packet in container.demux(stream) if packet.size]
    sps, pps = _parameter_sets(extradata)
    lines = (
        "v=0",
        "o=- 0 0 IN IP4 127.0.0.1",
        "s=benchmark",
        "c=IN IP4 0.0.0.0",
        "t=0 0",
        "m=video 0 RTP/AVP 96",
        f"a=rtpmap:96 H264/{CLOCK}",
        f"a=fmtp:96 packetization-mode=1;profile-level-id={sps[1:4].hex()};"
        f"sprop-parameter-sets={b64encode(sps).decode()},{b64encode(pps).decode()}",
        f"a=framerate:{FPS}",
        "a=control:track",
    )
    return Video(
        pictures=tuple(tuple(_units(raw)) for raw in raws), sdp="\r\n".join(lines) + "\r\n"
    )


class Cameras:
    """Answers RTSP requests."""

    def __init__(self, script: Path, plays: Path) -> None:
        told = json.loads(script.read_text(encoding="utf-8"))
        self.port: int = told["port"]
        self._gops = [camera["gops"] for camera in told["cameras"]]
        videos = {name: read(Path(name)) for name in {c["video"] for c in told["cameras"]}}
        self._videos = [videos[camera["video"]] for camera in told["cameras"]]
        self._plays = plays

    async def serve(self) -> None:
        """Until it is killed."""
        server = await asyncio.start_server(self._talk, "127.0.0.1", self.port)
        async with server:
            await server.serve_forever()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sending: asyncio.Task[None] | None = None
        try:
            while (request := await _request(reader)) is not None:
                method, address, sequence = request
                number = int(address.split("/")[3])
                more, body = self._answer(method, number)
                head = f"RTSP/1.0 200 OK\r\nCSeq: {sequence}\r\nSession: {number}1\r\n{more}"
                writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
                if method == "PLAY":
                    sending = asyncio.create_task(self._send(writer, number))
                if method == "TEARDOWN":
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            if sending is not None:
                sending.cancel()
                with suppress(asyncio.CancelledError, ConnectionError):
                    await sending
            writer.close()

    def _answer(self, method: str, number: int) -> tuple[str, str]:
        """More lines of the head, and the body."""
        if method == "OPTIONS":
            return "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER\r\n", ""
        if method == "DESCRIBE":
            return "Content-Type: application/sdp\r\n", self._videos[number].sdp
        if method == "SETUP":
            return "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n", ""
        return "", ""

    async def _send(self, writer: asyncio.StreamWriter, number: int) -> None:
        loop = asyncio.get_running_loop()
        video, gops = self._videos[number], self._gops[number]
        began = loop.time()
        with self._plays.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"camera": number, "at": time.time()}) + "\n")
        sequence = picture = 0
        while True:
            await asyncio.sleep(began + picture / FPS - loop.time())
            gop = gops[picture // GOP % len(gops)]
            units = video.pictures[gop * GOP + picture % GOP]
            data, sequence = packets(units, picture * CLOCK // FPS, sequence)
            writer.write(data)
            await writer.drain()
            picture += 1


def packets(units: tuple[bytes, ...], at: int, sequence: int) -> tuple[bytes, int]:
    """RTP packets of a picture, framed for TCP; and the number of the next packet."""
    parts: list[bytes] = []
    for unit in units:
        if len(unit) <= CHUNK:
            parts.append(unit)
            continue
        indicator, kind = unit[0] & 0xE0 | FU_A, unit[0] & 0x1F
        for first in range(1, len(unit), CHUNK):
            flags = 0x80 * (first == 1) | 0x40 * (first + CHUNK >= len(unit))
            parts.append(bytes((indicator, flags | kind)) + unit[first : first + CHUNK])
    framed = []
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        head = bytes((0x80, 96 | 0x80 * last)) + sequence.to_bytes(2, "big")
        head += (at & 0xFFFFFFFF).to_bytes(4, "big") + b"\x00\x00\x00\x07"
        framed += [b"$\x00", (len(head) + len(part)).to_bytes(2, "big"), head, part]
        sequence = (sequence + 1) & 0xFFFF
    return b"".join(framed), sequence


async def _request(reader: asyncio.StreamReader) -> tuple[str, str, str] | None:
    """Method, address and number of the next request; None at the end."""
    while True:
        first = await reader.read(1)
        if not first:
            return None
        if first == b"$":  # a receiver's report
            head = await reader.readexactly(3)
            await reader.readexactly(int.from_bytes(head[1:], "big"))
            continue
        text = (first + await reader.readuntil(b"\r\n\r\n")).decode()
        lines = text.split("\r\n")
        method, address, _ = lines[0].split(" ")
        fields = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
        return method, address, fields["CSeq"]


def _units(data: bytes) -> list[bytes]:
    """NAL units of a picture as MP4 has it: each after its length in four bytes."""
    units, place = [], 0
    while place + 4 <= len(data):
        size = int.from_bytes(data[place : place + 4], "big")
        units.append(data[place + 4 : place + 4 + size])
        place += 4 + size
    return units


def _parameter_sets(extradata: bytes) -> tuple[bytes, bytes]:
    """SPS and PPS of an MP4's decoder configuration (ISO 14496-15)."""
    size = int.from_bytes(extradata[6:8], "big")
    sps = extradata[8 : 8 + size]
    place = 8 + size + 1
    size = int.from_bytes(extradata[place : place + 2], "big")
    return sps, extradata[place + 2 : place + 2 + size]


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(Cameras(Path(sys.argv[1]), Path(sys.argv[2])).serve())
