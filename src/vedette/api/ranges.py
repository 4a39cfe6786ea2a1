"""HTTP ranges (RFC 9110, section 14) over content that is made piece by piece."""

import re
from collections.abc import Iterator, Mapping
from typing import Protocol

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

_RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})")


class Content(Protocol):
    """Bytes, any part of which can be had."""

    size: int

    def chunks(self, start: int, stop: int) -> Iterator[bytes]:
        """The bytes from `start` up to `stop`."""
        ...


def ranged(
    request: Request, content: Content, *, media_type: str, headers: Mapping[str, str]
) -> Response:
    """The whole content, or the part that was asked for; 416 where there is no such part."""
    every = {**headers, "Accept-Ranges": "bytes"}
    wanted = _wanted(request.headers.get("range", ""), content.size)
    if wanted is not None and request.headers.get("if-range", every["ETag"]) != every["ETag"]:
        wanted = None
    start, stop = wanted or (0, content.size)
    if start >= stop:
        every["Content-Range"] = f"bytes */{content.size}"
        return Response(status_code=416, headers=every)
    if wanted is not None:
        every["Content-Range"] = f"bytes {start}-{stop - 1}/{content.size}"
    every["Content-Length"] = str(stop - start)
    status = 200 if wanted is None else 206
    if request.method == "HEAD":
        return Response(status_code=status, media_type=media_type, headers=every)
    return StreamingResponse(
        content.chunks(start, stop), status_code=status, media_type=media_type, headers=every
    )


def _wanted(header: str, size: int) -> tuple[int, int] | None:
    """Begin and end of the one range of a header; None for the whole (also for several)."""
    found = _RANGE.fullmatch(header.replace(" ", ""))
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:  # the last bytes
        return max(0, size - int(found[2])), size
    start = int(found[1])
    if start >= size:
        return size, size
    stop = min(size, int(found[2]) + 1) if found[2] else size
    return (start, stop) if start < stop else None
