"""Live video: a picture at once, bytes that play, and no viewer that holds up a camera."""

import io
import threading
from dataclasses import replace

import av
import pytest

from tests.servers.av_packets import Footage, footage, number_of
from vedette.contracts.errors import SourceLost, TooMany
from vedette.media.live import MOST_SKIPS, LiveStream, Viewer


@pytest.fixture(scope="module")
def plain() -> Footage:
    """Six seconds, ten pictures a second, a keyframe each second."""
    return footage(seconds=6.0)


def seen(data: bytes) -> list[int]:
    with av.open(io.BytesIO(data), "r") as container:
        return [number_of(frame) for frame in container.decode(video=0)]


def sent(stream: LiveStream, came: Footage, begin: int, end: int) -> None:
    for packet in came.packets[begin:end]:
        stream.packet(came.info, packet)


def rest(viewer: Viewer) -> bytes:
    """Everything until the end."""
    return b"".join(viewer)


def test_a_viewer_begins_with_the_last_keyframe(plain: Footage) -> None:
    stream = LiveStream("yard")
    sent(stream, plain, 0, 27)
    viewer = stream.subscribe()
    first = next(viewer)

    assert seen(first)[0] == 20, "there is a picture before anything more has come"
    sent(stream, plain, 27, 40)
    more = next(viewer)
    stream.lost("away")
    assert rest(viewer) == b""
    assert seen(first + more) == list(range(20, 39)), "the last picture waits for its duration"
    with av.open(io.BytesIO(first + more), "r") as container:
        assert container.start_time == 0


@pytest.mark.parametrize(
    ("codec", "sound"),
    [("libx264", "aac"), ("libx265", "libopus"), ("libx264", "pcm_alaw"), ("mjpeg", None)],
)
def test_codecs_and_sound_are_copied(codec: str, sound: str | None) -> None:
    came = footage(codec=codec, sound=sound, seconds=3.0)
    stream = LiveStream("yard")
    viewer: Viewer | None = None
    data = b""
    for packet in came.packets:
        stream.packet(came.info, packet)
        if viewer is None and not packet.is_audio:
            viewer = stream.subscribe()
    assert viewer is not None
    data = next(viewer)
    viewer.close()

    with av.open(io.BytesIO(data), "r") as container:
        found = [(p.stream.type, bytes(p)) for p in container.demux() if p.size]
        if codec == "libx265":
            assert container.streams.video[0].codec_context.codec_tag == "hvc1"
    video = [content for kind, content in found if kind == "video"]
    heard = [content for kind, content in found if kind == "audio"]
    assert len(video) >= 25
    assert video == [p.data for p in came.video][: len(video)]
    assert (len(heard) > 20) == (sound is not None)
    came_heard = [p.data for p in came.sound if p.at_us >= came.video[0].at_us]
    assert heard == came_heard[: len(heard)]


def test_a_viewer_that_reads_too_slowly_skips_to_a_keyframe(plain: Footage) -> None:
    groups = [plain.packets[n : n + 3] for n in range(0, 40, 10)]
    room = max(sum(len(p.data) for p in group) for group in groups)
    stream = LiveStream("yard", most_bytes=room + 1)
    sent(stream, plain, 0, 1)
    viewer = stream.subscribe()
    start = next(viewer)
    sent(stream, plain, 1, 33)
    data = start + next(viewer)
    stream.lost("away")

    assert viewer.skips >= 2
    with av.open(io.BytesIO(data), "r") as container:
        keys = [packet.is_keyframe for packet in container.demux(video=0) if packet.size]
    assert keys[:2] == [True, True], "nothing that could not be decoded was sent"
    assert seen(data) == [0, 30, 31]


def test_a_viewer_that_never_reads_is_closed_and_costs_no_memory(plain: Footage) -> None:
    most = sum(len(p.data) for p in plain.packets[:12])
    stream = LiveStream("yard", most_bytes=most)
    sent(stream, plain, 0, 1)
    viewer = stream.subscribe()
    for _ in range(MOST_SKIPS + 2):
        sent(stream, plain, 0, 60)

    assert rest(viewer) == b""
    assert stream.viewers == 0


def test_viewers_do_not_disturb_each_other(plain: Footage) -> None:
    stream = LiveStream("yard")
    sent(stream, plain, 0, 12)
    one, other = stream.subscribe(), stream.subscribe()
    head = next(one)
    one.close()
    sent(stream, plain, 12, 25)
    data = next(other)

    assert seen(head)[0] == 10
    assert seen(data) == list(range(10, 24))
    assert rest(one) == b""
    assert stream.viewers == 1


def test_there_are_only_so_many_viewers(plain: Footage) -> None:
    stream = LiveStream("yard", most_viewers=2)
    sent(stream, plain, 0, 1)
    first, _ = stream.subscribe(), stream.subscribe()

    with pytest.raises(TooMany, match="2 viewers"):
        stream.subscribe()
    first.close()
    stream.subscribe()


def test_a_camera_that_is_away_cannot_be_watched(plain: Footage) -> None:
    stream = LiveStream("yard")
    with pytest.raises(SourceLost, match="yard"):
        stream.subscribe()
    sent(stream, plain, 0, 5)
    stream.lost("no route")
    sent(stream, plain, 5, 9)
    with pytest.raises(SourceLost):
        stream.subscribe()


def test_another_format_ends_what_is_shown(plain: Footage) -> None:
    stream = LiveStream("yard")
    sent(stream, plain, 0, 5)
    viewer = stream.subscribe()
    stream.packet(replace(plain.info), plain.packets[10])

    assert seen(rest(viewer)) == list(range(4))


def test_who_waits_for_bytes_is_woken_by_the_end(plain: Footage) -> None:
    stream = LiveStream("yard")
    sent(stream, plain, 0, 5)
    viewer = stream.subscribe()
    next(viewer)
    found: list[bytes] = []
    waiting = threading.Thread(target=lambda: found.append(rest(viewer)))
    waiting.start()
    viewer.close()
    waiting.join(timeout=5)

    assert found == [b""]
