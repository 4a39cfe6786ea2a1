"""MJPEG and snapshots over HTTP: well sent, badly sent, and sent to harm."""

import ssl
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count, islice, pairwise
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.servers.http_files import file_handler, serving
from tests.servers.jpeg_camera import camera, endless, jpeg, part, with_thumbnail
from vedette.contracts.errors import SourceLost, SourceRefused
from vedette.kit.clock import SystemClock, to_us
from vedette.media.clip import ClipWriter
from vedette.plugins.registry import build
from vedette.sources.jpeg_stream import JpegStream
from vedette.sources.port import Source


def made(url: str, kind: str = "http", **settings: Any) -> Source:
    settings = {"type": kind, "url": url, "open_timeout_s": 3.0, "read_timeout_s": 2.0, **settings}
    source: Source = build("source", settings, camera_id="yard", clock=SystemClock(), audio=False)
    return source


def levels(stream: Any, most: int) -> list[int]:
    """The grey levels of the first pictures."""
    found = []
    for packet in islice(stream.packets(), most):
        found += [int(frame.y[3, 1]) for frame in stream.decode(packet)]
    return found


def chunked(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


SENT: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "as it should be": ("multipart/x-mixed-replace; boundary=frame", part),
    "a boundary that is not announced": ("multipart/x-mixed-replace", part),
    "another boundary": (
        "multipart/x-mixed-replace;boundary=--other",
        lambda data: part(data, boundary="--myboundary"),
    ),
    "no boundaries": ("multipart/x-mixed-replace; boundary=frame", lambda data: data),
    "lengths too small": (
        "multipart/x-mixed-replace; boundary=frame",
        lambda data: part(data, length=7),
    ),
    "lengths too large": (
        "multipart/x-mixed-replace; boundary=frame",
        lambda data: part(data, length=10**12),
    ),
    "no lengths": (
        "multipart/x-mixed-replace; boundary=frame",
        lambda data: part(data, length=None),
    ),
    "nonsense between": (
        "multipart/x-mixed-replace; boundary=frame",
        lambda data: b"\0\xff\xd8\xff\x01nonsense" * 3 + part(data),
    ),
    "a picture within the picture": (
        "multipart/x-mixed-replace; boundary=frame",
        lambda data: part(with_thumbnail(data)),
    ),
    "pictures only, of no declared kind": ("application/octet-stream", lambda data: data),
    "declared as a page": ("text/html", part),
}


@pytest.mark.parametrize("way", SENT)
def test_pictures_are_found_however_they_are_sent(way: str) -> None:
    content_type, make = SENT[way]
    handler = camera(endless(make), content_type=content_type)
    with serving(handler) as host:
        source = made(f"http://{host}/video.mjpg")
        began_us = to_us(SystemClock().now())
        stream = source.open()
        assert isinstance(stream, JpegStream)
        packets = []
        seen = []
        for packet in islice(stream.packets(), 20):
            packets.append(packet)
            seen += [frame.at_us for frame in stream.decode(packet)]
        stream.close()

    assert source.live
    assert (stream.info.codec, stream.info.width, stream.info.height) == ("mjpeg", 160, 120)
    assert len(seen) == 20
    assert began_us <= seen[0] < began_us + 5_000_000
    assert all(later > earlier for earlier, later in pairwise(seen))
    assert all(p.data.startswith(b"\xff\xd8") and p.data.endswith(b"\xff\xd9") for p in packets)


def test_a_picture_that_breaks_off_is_counted_and_the_next_one_comes() -> None:
    def say() -> Iterator[bytes]:
        for number in count():
            data = jpeg(number)
            yield part(data[: len(data) // 2] if number % 4 == 1 else data)

    with serving(camera(say)) as host:
        stream = made(f"http://{host}/v").open()
        seen = levels(stream, 12)
        stream.close()

    assert len(seen) == 12
    assert stream.stats.corrupt_packets >= 3


def test_a_new_size_is_known_with_its_first_picture() -> None:
    def say() -> Iterator[bytes]:
        for number in count():
            yield part(jpeg(number, (160, 120) if number < 10 else (320, 240)))

    with serving(camera(say)) as host:
        stream = made(f"http://{host}/v").open()
        for packet in islice(stream.packets(), 20):
            info = stream.info
            [frame] = stream.decode(packet)
            assert (frame.width, frame.height) == (info.width, info.height)
            assert info.template.codec_context.width == info.width
        stream.close()

    assert stream.info.width == 320
    assert stream.stats.format_changes == 1


def test_a_clip_of_jpeg_pictures_plays(tmp_path: Path) -> None:
    with serving(camera(endless(pause_s=0.02))) as host:
        stream = made(f"http://{host}/v").open()
        writer = ClipWriter(tmp_path / "clip.part", stream.info)
        for packet in islice(stream.packets(), 25):
            writer.add(stream.info, packet)
        stream.close()
    clip = writer.finish(tmp_path / "clip")

    assert clip is not None
    assert clip.duration_s > 0.3
    settings = {"type": "file", "path": str(clip.path)}
    again = build("source", settings, camera_id="yard", clock=SystemClock(), audio=False).open()
    assert sum(len(again.decode(packet)) for packet in again.packets()) == 25
    again.close()


def test_a_part_without_an_end_is_bounded_and_given_up() -> None:
    def say() -> Iterator[bytes]:
        yield part(jpeg(0))
        yield part(jpeg(1)[:-2])
        while True:
            yield b"\x55" * 65_536

    with serving(camera(say)) as host:
        stream = made(f"http://{host}/v", read_timeout_s=1.0).open()
        began = time.monotonic()
        with pytest.raises(SourceLost, match="no whole picture"):
            list(stream.packets())
        stream.close()

    assert time.monotonic() - began < 4.0
    assert stream.stats.corrupt_packets >= 1  # 16 MB were enough


def test_a_picture_that_drips_is_given_up_in_time() -> None:
    stop = threading.Event()

    def say() -> Iterator[bytes]:
        yield part(jpeg(0))
        for byte in jpeg(1):
            yield bytes((byte,))
            stop.wait(0.05)

    with serving(camera(say, stop)) as host:
        stream = made(f"http://{host}/v", read_timeout_s=1.0).open()
        began = time.monotonic()
        with pytest.raises(SourceLost, match="no whole picture for 1 s"):
            list(stream.packets())
        stop.set()
        stream.close()

    assert time.monotonic() - began < 3.0


def test_a_head_that_drips_is_given_up_in_time() -> None:
    class Dripping(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                for byte in b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n" * 20:
                    self.wfile.write(bytes((byte,)))
                    time.sleep(0.05)
            except OSError:
                return

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            del format, args

    with serving(Dripping) as host:
        began = time.monotonic()
        with pytest.raises(SourceLost, match="did not answer in time"):
            made(f"http://keeper:hunter2@{host}/v", open_timeout_s=1.0).open()

    assert time.monotonic() - began < 3.0


@pytest.mark.parametrize("kind", ["http", "http_snapshot"])
def test_digest_authentication_is_spoken(kind: str) -> None:
    handler = camera(
        endless() if kind == "http" else lambda: iter([jpeg(1)]),
        user="keeper:hunter2",
        single=kind != "http",
        content_type="multipart/x-mixed-replace" if kind == "http" else "image/jpeg",
    )
    with serving(handler) as host:
        stream = made(f"http://keeper:hunter2@{host}/v?channel=1", kind).open()
        assert len(levels(stream, 2)) == 2
        stream.close()
        wrong = made(f"http://keeper:hunter3@{host}/v", kind)
        with pytest.raises(SourceRefused, match="refused the user name or password") as refused:
            wrong.open()

    text = "".join(traceback.format_exception(refused.value))
    assert "hunter3" not in text
    assert not any("hunter" in line for line in handler.seen)  # only its hash went over the line


def test_a_password_does_not_follow_a_redirect_to_another_server() -> None:
    elsewhere = camera(endless())
    with serving(elsewhere) as other:
        handler = file_handler(Path(), user="keeper:hunter2", redirect=f"http://{other}/v")
        with serving(handler) as host:
            stream = made(f"http://keeper:hunter2@{host}/v").open()
            assert len(levels(stream, 3)) == 3
            stream.close()

    assert elsewhere.seen == ["/v "]


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1:1/x", "rtsp://a/b"]
)
@pytest.mark.parametrize("kind", ["http", "http_snapshot"])
def test_a_redirect_leads_to_http_only(kind: str, target: str) -> None:
    with (
        serving(file_handler(Path(), redirect=target)) as host,
        pytest.raises(SourceRefused, match="leads to what is not HTTP"),
    ):
        made(f"http://{host}/v", kind).open()


def test_redirects_in_a_circle_end() -> None:
    with (
        serving(file_handler(Path(), redirect="/again")) as host,
        pytest.raises(SourceLost, match="redirects more than 5 times"),
    ):
        made(f"http://{host}/v").open()


def test_a_single_picture_says_what_to_use_instead() -> None:
    handler = camera(lambda: iter([jpeg(1)]), single=True, content_type="image/jpeg")
    with serving(handler) as host, pytest.raises(SourceRefused, match="type: http_snapshot"):
        made(f"http://{host}/picture.jpg").open()


def test_snapshots_come_at_the_rate_that_was_asked_for() -> None:
    numbers = count()
    handler = camera(lambda: iter([jpeg(next(numbers))]), single=True, content_type="image/jpeg")
    with serving(handler) as host:
        stream = made(f"http://{host}/picture.jpg", "http_snapshot", fps=10.0).open()
        packets = list(islice(stream.packets(), 12))
        stream.close()

    spaces_s = [(later.at_us - earlier.at_us) / 1e6 for earlier, later in pairwise(packets[1:])]
    assert sum(spaces_s) / len(spaces_s) == pytest.approx(0.1, abs=0.04)
    assert stream.info.codec == "mjpeg"


def test_a_snapshot_camera_that_dies_is_lost_and_comes_back() -> None:
    handler = camera(lambda: iter([jpeg(1)]), single=True, content_type="image/jpeg")
    with serving(handler) as host:
        source = made(f"http://{host}/p", "http_snapshot", fps=20.0)
        stream = source.open()
        packets = stream.packets()
        next(packets)
    with pytest.raises(SourceLost, match="cannot be reached"):
        list(packets)
    stream.close()
    with pytest.raises(SourceLost, match="cannot be reached"):
        source.open()


@pytest.mark.parametrize(
    ("body", "content_type", "kind"),
    [
        (b"<html>sign in</html>", "text/html", SourceRefused),
        (jpeg(1)[:90], "image/jpeg", SourceLost),
    ],
)
def test_what_is_no_picture_is_a_sentence(
    body: bytes, content_type: str, kind: type[Exception]
) -> None:
    handler = camera(lambda: iter([body]), single=True, content_type=content_type)
    with serving(handler) as host, pytest.raises(kind, match="picture"):
        made(f"http://{host}/p", "http_snapshot").open()


@pytest.mark.parametrize("kind", ["http", "http_snapshot"])
def test_certificates_are_checked_unless_that_is_switched_off(tmp_path: Path, kind: str) -> None:
    issuer = trustme.CA()
    issuer.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issuer.issue_cert("127.0.0.1").configure_cert(context)
    single = kind == "http_snapshot"
    say = endless() if not single else lambda: iter([jpeg(1)])
    handler = camera(say, single=single, content_type="image/jpeg" if single else "multipart/x")
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    url = f"https://127.0.0.1:{server.server_address[1]}/v"
    try:
        with pytest.raises(SourceRefused, match="certificate is refused"):
            made(url, kind).open()
        with pytest.raises(SourceRefused, match="does not exist"):
            made(url, kind, ca_file=tmp_path / "nothing.pem").open()
        for settings in ({"ca_file": tmp_path / "ca.pem"}, {"tls_verify": False}):
            stream = made(url, kind, **settings).open()
            assert len(levels(stream, 2)) == 2
            stream.close()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
