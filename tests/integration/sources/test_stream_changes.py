"""Streams that change on the way: size, codec, parameters; and sound that comes with them."""

from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.servers.camera_video import camera_video, with_tone
from tests.servers.scripted_rtsp import (
    ALAW_SDP,
    CLOCK,
    STRANGE_SOUND_SDP,
    VIDEO_SDP,
    ScriptedRtsp,
    Sender,
    access_units,
    pictures,
)
from vedette.contracts.errors import SourceLost
from vedette.contracts.packet import Packet, StreamInfo
from vedette.kit.clock import SystemClock
from vedette.plugins.registry import build
from vedette.sources.av_stream import AvStream
from vedette.sources.nal import parameter_sets
from vedette.sources.template import keep_parameters

FPS = 25
A_LAW_TICKS = 320
"""Samples of 40 ms."""


def opened(settings: dict[str, Any], *, audio: bool = False) -> AvStream:
    source = build("source", settings, camera_id="yard", clock=SystemClock(), audio=audio)
    stream = source.open()
    assert isinstance(stream, AvStream)
    return stream


def rtsp(url: str, *, audio: bool = False, **settings: Any) -> AvStream:
    return opened({"type": "rtsp", "url": url, "read_timeout_s": 2.0, **settings}, audio=audio)


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("videos")
    short: dict[str, Any] = {"fps": FPS, "duration_s": 1.0, "gop_s": 0.4}
    return {
        "small": camera_video(folder / "small.ts", **short),
        "large": camera_video(folder / "large.ts", size=(480, 360), **short),
        "hevc": camera_video(folder / "hevc.ts", codec="libx265", **short),
    }


def seen(stream: AvStream, most: int) -> list[tuple[StreamInfo, Packet, int]]:
    """Each packet with the format that stood when it was handed out, and its frames' width."""
    found = []
    for packet in islice(stream.packets(), most):
        info = stream.info
        frames = stream.decode(packet)
        found.append((info, packet, frames[0].width if frames else 0))
    return found


def check_change(found: list[tuple[StreamInfo, Packet, int]], codec: str, width: int) -> None:
    """The format changes once, exactly with the first packet of the new one."""
    infos = [info for info, _, _ in found]
    changes = [index for index, (one, two) in enumerate(pairwise(infos), 1) if one is not two]
    assert len(changes) == 1
    info, packet, _ = found[changes[0]]
    assert (info.codec, info.width) == (codec, width)
    assert packet.is_keyframe
    extradata = bytes(info.template.codec_context.extradata)
    assert parameter_sets(extradata, codec).sps == parameter_sets(packet.data, codec).sps
    assert info.template.codec_context.width == width
    assert keep_parameters(info.template).codec_context.width == width  # a muxer takes it
    widths = [decoded for _, _, decoded in found[changes[0] :] if decoded]
    assert set(widths) == {width}


def test_a_new_size_is_known_before_its_first_packet(videos: dict[str, Path]) -> None:
    play = pictures(access_units(videos["small"]), access_units(videos["large"]))
    with ScriptedRtsp(play=play) as server:
        stream = rtsp(server.url())
        found = seen(stream, 45)
        stream.close()

    check_change(found, "h264", 480)
    assert stream.stats.format_changes == 1
    assert stream.stats.size_changes == 1
    assert stream.stats.frames >= 44


def test_the_format_stays_one_object_while_nothing_changes(videos: dict[str, Path]) -> None:
    with ScriptedRtsp(play=pictures(access_units(videos["small"]))) as server:
        stream = rtsp(server.url())
        info = stream.info
        found = seen(stream, 24)
        stream.close()

    assert all(each is info for each, _, _ in found)
    assert stream.stats.format_changes == 0


@pytest.mark.parametrize(
    ("first", "then", "width"), [("small", "hevc", 320), ("hevc", "large", 480)]
)
def test_another_codec_within_a_transport_stream_goes_on(
    videos: dict[str, Path], tmp_path: Path, first: str, then: str, width: int
) -> None:
    path = tmp_path / "both.ts"
    path.write_bytes(videos[first].read_bytes() + videos[then].read_bytes())
    stream = opened({"type": "file", "path": str(path)})
    found = seen(stream, 100)
    stream.close()

    check_change(found, "hevc" if then == "hevc" else "h264", width)
    assert stream.stats.frames >= 35  # the demuxer loses the first group of the new codec
    times = [packet.at_us for _, packet, _ in found]
    assert all(later > earlier for earlier, later in pairwise(times))


def with_sound(units: list[bytes], sound_from: int = 0) -> Any:
    """Pictures with 40 ms of A-law beside each."""

    def play(sender: Sender) -> None:
        for number, unit in enumerate(units):
            sender.picture(unit, number * CLOCK // FPS)
            sender.sound(bytes(A_LAW_TICKS), sound_from + number * A_LAW_TICKS)
            sender.wait(1 / FPS)
        for number in range(len(units), len(units) + 200):  # only sound from here on
            sender.sound(bytes(A_LAW_TICKS), sound_from + number * A_LAW_TICKS)
            sender.wait(1 / FPS)

    return play


def test_sound_comes_with_the_video_on_one_timeline(videos: dict[str, Path]) -> None:
    play = with_sound(access_units(videos["small"]), sound_from=5_000_000)
    with ScriptedRtsp(play=play, sdp=VIDEO_SDP + ALAW_SDP) as server:
        stream = rtsp(server.url(), audio=True)
        packets = list(islice(stream.packets(), 30))
        stream.close()

    info = stream.info.audio
    assert info is not None
    assert (info.codec, info.sample_rate, info.channels) == ("aac", 8000, 1)  # MP4 takes no A-law
    assert info.template.codec_context.sample_rate == 8000
    sound = [packet for packet in packets if packet.is_audio]
    video = [packet for packet in packets if not packet.is_audio]
    assert len(sound) >= 5
    assert len(video) >= 20
    assert not any(packet.is_keyframe for packet in sound)
    assert all(later.pts > earlier.pts for earlier, later in pairwise(sound))
    base = stream.info.time_base
    for packet in sound:  # the same moment, in both clocks
        nearest = min(video, key=lambda each: abs(each.at_us - packet.at_us))
        assert abs(nearest.at_us - packet.at_us) < 60_000
        assert float(packet.pts * info.time_base - nearest.pts * base) == pytest.approx(
            (packet.at_us - nearest.at_us) / 1e6, abs=0.1
        )
    assert all(not stream.decode(packet) for packet in sound)
    assert stream.stats.audio_packets == len(sound)
    assert stream.stats.packets == len(video)


def test_sound_is_asked_for_only_where_it_is_wanted(videos: dict[str, Path]) -> None:
    play = with_sound(access_units(videos["small"]))
    with ScriptedRtsp(play=play, sdp=VIDEO_SDP + ALAW_SDP) as server:
        stream = rtsp(server.url())
        packets = list(islice(stream.packets(), 10))
        stream.close()

    assert stream.info.audio is None
    assert not any(packet.is_audio for packet in packets)
    assert [line for line in server.requests if line.startswith("SETUP") and "track1" in line] == []


@pytest.mark.parametrize("status", [400, 404, 454, 500])
def test_a_camera_that_refuses_its_sound_keeps_its_video(
    videos: dict[str, Path], status: int
) -> None:
    play = pictures(access_units(videos["small"]))
    refuse = {"SETUP track1": status}
    with ScriptedRtsp(play=play, sdp=VIDEO_SDP + ALAW_SDP, refuse=refuse) as server:
        stream = rtsp(server.url("keeper:hunter2"), audio=True)
        assert len(list(islice(stream.packets(), 5))) == 5
        stream.close()

    assert stream.info.audio is None
    [note] = stream.stats.notes
    assert "its sound is left out" in note
    assert "hunter2" not in note


def test_sound_of_an_unknown_codec_is_left_out_with_a_note(videos: dict[str, Path]) -> None:
    play = pictures(access_units(videos["small"]))
    with ScriptedRtsp(play=play, sdp=VIDEO_SDP + STRANGE_SOUND_SDP) as server:
        stream = rtsp(server.url(), audio=True)
        assert len(list(islice(stream.packets(), 5))) == 5
        stream.close()

    assert stream.info.audio is None
    assert any("its sound is left out" in note for note in stream.stats.notes)


def test_sound_alone_is_no_sign_of_life(videos: dict[str, Path]) -> None:
    play = with_sound(access_units(videos["small"])[:15])
    with ScriptedRtsp(play=play, sdp=VIDEO_SDP + ALAW_SDP) as server:
        stream = rtsp(server.url(), audio=True, read_timeout_s=1.0)
        with pytest.raises(SourceLost, match="sends sound, but no picture"):
            list(stream.packets())
        stream.close()


def test_the_sound_of_a_recording_is_read_too(videos: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    with_tone(videos["small"], path)
    stream = opened({"type": "file", "path": str(path), "loop": True}, audio=True)
    packets = list(islice(stream.packets(), 200))  # more than two rounds
    stream.close()

    assert stream.stats.loops >= 1
    assert stream.info.audio is not None
    assert stream.info.audio.codec == "aac"
    sound = [packet for packet in packets if packet.is_audio]
    assert len(sound) > 60
    assert all(later.pts > earlier.pts for earlier, later in pairwise(sound))
    assert all(later.at_us > earlier.at_us for earlier, later in pairwise(sound))


def test_who_decodes_late_does_not_change_the_format_of_what_is_read_now(tmp_path: Path) -> None:
    parts = []
    for number, size in enumerate(((320, 240), (480, 360), (320, 240))):
        path = camera_video(tmp_path / f"{number}.h264", size=size, fps=FPS, duration_s=0.8)
        parts.append(path.read_bytes())
    (tmp_path / "all.h264").write_bytes(b"".join(parts))
    stream = opened({"type": "file", "path": str(tmp_path / "all.h264")})
    packets = list(stream.packets())
    last = stream.info

    widths = set()
    for packet in packets:
        widths |= {frame.width for frame in stream.decode(packet)}
        assert stream.info is last

    assert widths == {320, 480}
    assert (last.width, stream.stats.format_changes) == (320, 2)
