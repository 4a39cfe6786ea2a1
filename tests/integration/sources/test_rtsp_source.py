"""RTSP from a real server: lost, found again, refused, silent; and no password is ever shown."""

import logging
import socket
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import pytest
from pydantic import ValidationError

from tests.servers.camera_video import camera_video
from tests.servers.rtsp import RtspServer, free_port
from vedette.contracts.errors import SourceLost, SourceRefused, VedetteError
from vedette.kit.clock import SystemClock, to_us
from vedette.media.clip import ClipWriter
from vedette.media.ring import PacketRing
from vedette.plugins.registry import build
from vedette.sources.port import Source

USER, PASSWORD = "keeper", "p%40ss%2Fhunter2"
NAME = "camera.mp4"


def made(url: str, **settings: object) -> Source:
    settings = {"type": "rtsp", "url": url, **settings}
    source: Source = build("source", settings, camera_id="yard", clock=SystemClock())
    return source


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("videos")
    camera_video(folder / NAME, gop_s=0.5)
    return folder


@pytest.fixture(scope="module")
def server(videos: Path) -> Iterator[RtspServer]:
    with RtspServer(videos) as running:
        yield running


def shown(error: BaseException) -> str:
    """Everything that a log could print of an error: its causes and contexts too."""
    text = "".join(traceback.format_exception(error))
    seen: BaseException | None = error
    while seen is not None:
        text += f"{seen!r} {seen.args} {vars(seen)}"
        seen = seen.__cause__ or seen.__context__
    return text


@contextmanager
def silent_peer() -> Iterator[int]:
    """Accepts connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(8)
        yield listener.getsockname()[1]


@contextmanager
def talking_peer(answer: bytes) -> Iterator[int]:
    """Gives the same answer to everybody, and hangs up."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(8)
        listener.settimeout(20)

        def serve() -> None:
            try:
                while True:
                    peer, _ = listener.accept()
                    with peer:
                        peer.recv(4096)
                        peer.sendall(answer)
            except OSError:
                return

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_opening_is_quick_and_the_first_packet_is_a_keyframe_of_now(server: RtspServer) -> None:
    source, began, at_us = made(server.url(NAME)), time.monotonic(), to_us(SystemClock().now())
    stream = source.open()
    took_s = time.monotonic() - began
    first = next(iter(stream.packets()))
    stream.close()

    assert took_s < 2.0
    assert first.is_keyframe
    assert 0 <= first.at_us - at_us < 3_000_000
    assert (stream.info.codec, stream.info.width, stream.info.height) == ("h264", 320, 240)


def test_a_clip_of_a_camera_plays(server: RtspServer, tmp_path: Path) -> None:
    stream, ring = made(server.url(NAME)).open(), PacketRing()
    for packet in islice(stream.packets(), 40):
        ring.add(stream.info, packet)
    stream.close()
    writer = ClipWriter(tmp_path / "clip.part", stream.info)  # the connection is closed already
    writer.extend(stream.info, ring.cut(0))
    clip = writer.finish(tmp_path / "clip")

    assert clip is not None
    # In the first second, time is slowed until it is that of the wall (docs/adr/0005).
    assert clip.duration_s == pytest.approx(40 / 30, abs=0.3)
    settings = {"type": "file", "path": str(clip.path)}
    again = build("source", settings, camera_id="yard", clock=SystemClock()).open()
    assert sum(len(again.decode(packet)) for packet in again.packets()) == 40
    assert again.stats.damaged_frames == 0
    again.close()


def test_a_server_that_dies_is_a_loss_and_comes_back(videos: Path) -> None:
    server = RtspServer(videos)
    server.start()
    source = made(server.url(NAME, f"{USER}:{PASSWORD}"), read_timeout_s=3.0)
    stream = source.open()
    packets = stream.packets()
    assert len(list(islice(packets, 10))) == 10
    server.stop()
    with pytest.raises(SourceLost) as lost:
        list(packets)
    stream.close()
    with pytest.raises(SourceLost, match="cannot be reached: nothing listens") as refused:
        source.open()
    server.start()
    try:
        stream = source.open()
        assert len(list(islice(stream.packets(), 10))) == 10
        stream.close()
    finally:
        server.stop()

    assert "***@127.0.0.1" in str(lost.value)
    assert "hunter2" not in shown(lost.value) + shown(refused.value)


def test_a_peer_that_never_answers_is_given_up_in_time() -> None:
    with silent_peer() as port:
        source = made(f"rtsp://{USER}:{PASSWORD}@127.0.0.1:{port}/1", open_timeout_s=1.0)
        began = time.monotonic()
        with pytest.raises(SourceLost) as lost:
            source.open()

    assert time.monotonic() - began < 4.0
    assert "hunter2" not in shown(lost.value)


@pytest.mark.parametrize(
    ("answer", "kind", "why"),
    [
        (b"RTSP/1.0 404 Not Found\r\nCSeq: 1\r\n\r\n", SourceRefused, "nothing at this path"),
        (b"RTSP/1.0 403 Forbidden\r\nCSeq: 1\r\n\r\n", SourceRefused, "user name or password"),
        (b"RTSP/1.0 500 Oops\r\nCSeq: 1\r\n\r\n", SourceLost, "cannot be opened"),
        (b"HTTP/1.0 200 OK\r\n\r\n<html>", SourceLost, "cannot be opened"),
        (bytes(range(256)) * 40, SourceLost, "cannot be opened"),
        (b"", SourceLost, "cannot be opened"),
    ],
)
def test_strange_answers_are_sentences_without_the_password(
    answer: bytes,
    kind: type[VedetteError],
    why: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    with talking_peer(answer) as port:
        source = made(f"rtsp://{USER}:{PASSWORD}@127.0.0.1:{port}/1", open_timeout_s=2.0)
        with pytest.raises(kind, match=why) as caught:
            source.open()

    everything = shown(caught.value) + caplog.text + str(source) + repr(vars(source))
    for secret in (USER, "hunter2", "p@ss", PASSWORD):
        assert secret not in everything


def test_a_wrong_password_is_said_and_not_shown() -> None:
    challenge = (
        b"RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\n"
        b'WWW-Authenticate: Basic realm="camera"\r\nContent-Length: 0\r\n\r\n'
    )
    with talking_peer(challenge) as port:
        source = made(f"rtsp://{USER}:{PASSWORD}@127.0.0.1:{port}/1", open_timeout_s=2.0)
        with pytest.raises((SourceRefused, SourceLost)) as caught:
            source.open()

    assert "hunter2" not in shown(caught.value)


def test_a_port_where_nobody_listens_is_a_loss() -> None:
    with pytest.raises(SourceLost, match="nothing listens at that port"):
        made(f"rtsp://127.0.0.1:{free_port()}/1").open()


def test_a_path_that_is_not_there_is_refused(server: RtspServer) -> None:
    with pytest.raises(SourceRefused, match=r"nothing at this path \(server returned 404"):
        made(server.url("nothing.mp4")).open()


def test_bad_settings_never_repeat_the_address() -> None:
    for url in ("http://u:hunter2@cam/1", "rtsp://u:hunter2@cam:x/1", "rtsp://u:hunter2 @cam/1"):
        with pytest.raises(ValidationError) as caught:
            made(url)
        assert "hunter2" not in str(caught.value)
    source = made(f"rtsp://{USER}:{PASSWORD}@cam/1")
    assert "hunter2" not in f"{source} {vars(source)}"


def test_closing_while_the_camera_is_silent_ends_within_the_read_timeout(videos: Path) -> None:
    """The server is stopped in its tracks (SIGSTOP): connected, but nothing comes any more."""
    server = RtspServer(videos)
    server.start()
    source = made(server.url(NAME), read_timeout_s=2.0)
    stream = source.open()
    packets, ended = stream.packets(), threading.Event()
    next(packets)

    def watch() -> None:
        for _ in packets:
            pass
        ended.set()

    thread = threading.Thread(target=watch)
    thread.start()
    server.freeze()
    try:
        stream.close()
        thread.join(6.0)
        assert ended.is_set()
    finally:
        server.stop()
        thread.join()
