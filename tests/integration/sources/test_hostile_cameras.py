"""Cameras that lie, flood, drip and stall: bounded time and memory, a sentence, no password."""

import resource
import socket
import threading
import time
from collections import deque
from itertools import islice
from typing import Any

import pytest

from tests.servers.camera_video import camera_video
from tests.servers.hostile_video import claimed
from tests.servers.scripted_rtsp import (
    CLOCK,
    VIDEO_SDP,
    ScriptedRtsp,
    Sender,
    access_units,
    pictures,
)
from vedette.contracts.errors import SourceLost, SourceRefused
from vedette.kit.clock import SystemClock
from vedette.plugins.registry import build
from vedette.sources.av_stream import AvStream

USER = "keeper:hunter2"


def opened(url: str, **settings: Any) -> AvStream:
    settings = {"type": "rtsp", "url": url, "read_timeout_s": 2.0, **settings}
    source = build("source", settings, camera_id="yard", clock=SystemClock(), audio=False)
    stream = source.open()
    assert isinstance(stream, AvStream)
    return stream


@pytest.fixture(scope="module")
def units(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    path = tmp_path_factory.mktemp("videos") / "cam.ts"
    return access_units(camera_video(path, fps=25, duration_s=2.0, gop_s=0.4))


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def test_a_description_of_ten_thousand_lines_is_read_as_far_as_it_matters(
    units: list[bytes],
) -> None:
    sdp = VIDEO_SDP + "a=x-nonsense:1\r\n" * 10_000
    with ScriptedRtsp(play=pictures(units), sdp=sdp) as server:
        began = time.monotonic()
        stream = opened(server.url())
        assert len(list(islice(stream.packets(), 5))) == 5
        stream.close()

    assert time.monotonic() - began < 5.0


def test_ten_thousand_streams_are_not_all_set_up(units: list[bytes]) -> None:
    many = "".join(
        f"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track{n}\r\n"
        for n in range(10_000)
    )
    before_mb = peak_mb()
    with ScriptedRtsp(play=pictures(units), sdp="v=0\r\ns=x\r\nt=0 0\r\n" + many) as server:
        began = time.monotonic()
        stream = opened(server.url(), open_timeout_s=6.0)
        assert len(list(islice(stream.packets(), 5))) == 5
        stream.close()

    assert time.monotonic() - began < 8.0
    assert peak_mb() - before_mb < 200
    assert len(server.requests) < 1010


def test_pictures_of_an_absurd_size_are_refused_at_once() -> None:
    with ScriptedRtsp(play=pictures([claimed(65_535, 65_535)] * 200)) as server:
        began, before_mb = time.monotonic(), peak_mb()
        with pytest.raises((SourceLost, SourceRefused)) as refused:
            opened(server.url(USER), open_timeout_s=3.0)

    assert time.monotonic() - began < 6.0
    assert peak_mb() - before_mb < 100
    assert "hunter2" not in str(refused.value)


def test_a_size_that_becomes_absurd_is_left_out_until_it_is_sane_again(
    units: list[bytes],
) -> None:
    before_mb = peak_mb()
    absurd = [claimed(65_535, 65_535)] * 5
    with ScriptedRtsp(play=pictures(units[:20], absurd, units[20:])) as server:
        stream = opened(server.url())
        frames = 0
        for packet in islice(stream.packets(), 45):
            assert (stream.info.width, stream.info.height) == (320, 240)
            assert packet.data not in absurd
            frames += len(stream.decode(packet))
        stream.close()

    assert stream.stats.corrupt_packets == 5
    assert frames >= 40
    assert peak_mb() - before_mb < 100


def test_an_answer_of_one_byte_at_a_time_does_not_hold_us(units: list[bytes]) -> None:
    with ScriptedRtsp(play=pictures(units), slowly_s=0.2) as server:
        began = time.monotonic()
        with pytest.raises(SourceLost, match="did not answer in time") as lost:
            opened(server.url(USER), open_timeout_s=2.0)

    assert time.monotonic() - began < 4.0
    assert "hunter2" not in str(lost.value)


def test_a_camera_that_plays_nothing_is_given_up_within_the_limit() -> None:
    with ScriptedRtsp(play=lambda sender: sender.wait(30.0)) as server:
        began = time.monotonic()
        with pytest.raises((SourceLost, SourceRefused)):
            opened(server.url(), open_timeout_s=3.0)

    assert time.monotonic() - began < 5.0


def test_a_camera_that_falls_silent_is_lost_after_the_read_timeout(units: list[bytes]) -> None:
    with ScriptedRtsp(play=pictures(units[:30])) as server:
        stream = opened(server.url(), read_timeout_s=1.0)
        packets = stream.packets()
        assert len(list(islice(packets, 29))) == 29
        last = time.monotonic()
        with pytest.raises(SourceLost):
            list(packets)
        stream.close()

    assert time.monotonic() - last < 3.0


def test_a_picture_without_an_end_is_given_up_before_it_fills_the_memory(
    units: list[bytes],
) -> None:
    def endless(sender: Sender) -> None:
        for number, unit in enumerate(units[:30]):
            sender.picture(unit, number * CLOCK // 25)
        body = bytes((0x7C, 0x01)) + b"\x55" * 1400
        while True:
            for _ in range(20):  # some 3 MB a second
                sender.rtp(0, 96, CLOCK * 5, body, mark=False)
            sender.wait(0.01)

    before_mb = peak_mb()
    with ScriptedRtsp(play=endless) as server:
        stream = opened(server.url(), read_timeout_s=1.0)
        with pytest.raises(SourceLost, match="no whole picture for 1 s"):
            list(stream.packets())
        stream.close()

    assert peak_mb() - before_mb < 100


def test_more_than_any_camera_sends_is_a_flood(units: list[bytes]) -> None:
    def flood(sender: Sender) -> None:
        ticks = 0
        while True:
            for unit in units:
                ticks += CLOCK // 25
                sender.picture(unit, ticks)
            if sender.stop.is_set():
                return

    before_mb = peak_mb()
    with ScriptedRtsp(play=flood) as server:
        stream = opened(server.url(USER))
        with pytest.raises(SourceLost, match="s ahead of time") as lost:
            deque(map(stream.decode, stream.packets()), maxlen=0)
        stream.close()

    assert peak_mb() - before_mb < 100
    assert "hunter2" not in str(lost.value)


@pytest.mark.parametrize(
    "elsewhere", ["file:///etc/passwd", "http://127.0.0.1:1/x", "rtp://127.0.0.1:1", "concat:a|b"]
)
def test_a_redirect_leads_to_no_other_protocol(elsewhere: str) -> None:
    def redirect(listener: socket.socket) -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            with peer:
                peer.recv(4096)
                answer = f"RTSP/1.0 302 Moved\r\nCSeq: 1\r\nLocation: {elsewhere}\r\n\r\n"
                peer.sendall(answer.encode())

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=redirect, args=(listener,))
        thread.start()
        with pytest.raises((SourceLost, SourceRefused)):
            opened(f"rtsp://{USER}@127.0.0.1:{listener.getsockname()[1]}/1", open_timeout_s=2.0)
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_a_few_bytes_that_become_a_huge_picture_cost_bounded_memory(units: list[bytes]) -> None:
    bomb = claimed(6000, 5900)
    before_mb = peak_mb()
    with ScriptedRtsp(play=pictures(units[:10], [bomb] * 30)) as server:
        stream = opened(server.url())
        frames = [frame for p in islice(stream.packets(), 38) for frame in stream.decode(p)]
        stream.close()

    assert {frame.width for frame in frames} == {320}
    assert stream.stats.damaged_frames + stream.stats.decode_errors >= 20
    assert peak_mb() - before_mb < 300
