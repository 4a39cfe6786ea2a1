"""A folder of recordings as one camera: order, times, damage, new files, loops."""

import os
import threading
from datetime import UTC, datetime
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.servers.camera_video import camera_video
from vedette.contracts.errors import SourceLost, SourceRefused
from vedette.contracts.packet import Packet
from vedette.kit.clock import Clock, SystemClock, to_us
from vedette.plugins.registry import build
from vedette.sources.av_stream import AvStream
from vedette.sources.port import Source
from vedette.testing.fakes import FakeClock
from vedette.testing.source_contract import SourceContract

FPS = 10


def made(folder: Path, *, clock: Clock | None = None, **settings: Any) -> Source:
    settings = {"type": "folder", "path": str(folder), **settings}
    clock = clock or FakeClock()
    source: Source = build("source", settings, camera_id="yard", clock=clock, audio=False)
    return source


def opened(folder: Path, *, clock: Clock | None = None, **settings: Any) -> AvStream:
    stream = made(folder, clock=clock, **settings).open()
    assert isinstance(stream, AvStream)
    return stream


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A second of video; its format is that of all files here."""
    path = tmp_path_factory.mktemp("one") / "one.ts"
    return camera_video(path, fps=FPS, duration_s=1.0, gop_s=0.5).read_bytes()


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("large") / "large.mp4"
    return camera_video(path, fps=FPS, duration_s=1.0, size=(480, 360)).read_bytes()


def put(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).write_bytes(data)
        os.utime(folder / name, (1_700_000_000, 1_700_000_000))
    return folder


def utc(*parts: int) -> int:
    return to_us(datetime(*parts, tzinfo=UTC))  # type: ignore[arg-type,misc]


class TestFolderSource(SourceContract):
    @pytest.fixture(autouse=True)
    def _files(self, tmp_path: Path, one: bytes) -> None:
        self.folder = put(tmp_path, {f"{number}.ts": one for number in range(4)})

    def make(self) -> Source:
        return made(self.folder)


def test_files_follow_one_another_as_one_stream(tmp_path: Path, one: bytes) -> None:
    stream = opened(put(tmp_path, {"b.ts": one, "a.ts": one, "c.ts": one, ".part": one}))
    info = stream.info
    packets = list(stream.packets())
    frames = [frame for packet in packets for frame in stream.decode(packet)]
    stream.close()

    assert stream.info is info  # the same format: clips and recordings go on
    assert len(packets) == len(frames) == 30
    spaces = {later.at_us - earlier.at_us for earlier, later in pairwise(packets)}
    assert spaces == {100_000}
    assert all(later.dts > earlier.dts for earlier, later in pairwise(packets))
    assert (stream.stats.files, stream.stats.files_skipped) == (3, 0)


def test_times_are_those_in_the_names(tmp_path: Path, one: bytes) -> None:
    names = {
        "yard_2026-05-01_12-00-00.ts": one,
        "yard_20260501T120500Z.ts": one,
        "yard_2026-05-01_12-05-00.500.ts": one,  # begins before the one above has ended
    }
    stream = opened(put(tmp_path, names), order="time")
    starts = [packet.at_us for packet in stream.packets()][::FPS]
    stream.close()

    first, second = utc(2026, 5, 1, 12), utc(2026, 5, 1, 12, 5)
    assert starts == [first, second, second + 1_000_000]


def test_times_in_names_are_in_the_zone_that_is_told(tmp_path: Path, one: bytes) -> None:
    folder = put(tmp_path, {"20260501-140000.ts": one})
    packet = next(opened(folder, zone="Europe/Berlin").packets())
    assert packet.at_us == utc(2026, 5, 1, 12)


def test_time_never_goes_back_whatever_the_names_say(tmp_path: Path, one: bytes) -> None:
    names = {"a_2026-05-01_12-00-00.ts": one, "b_2020-01-01_00-00-00.ts": one, "c.ts": one}
    stream = opened(put(tmp_path, names))
    times = [packet.at_us for packet in stream.packets()]
    stream.close()

    assert len(times) == 30
    assert all(later > earlier for earlier, later in pairwise(times))


def test_a_file_of_another_format_changes_the_format_with_its_first_packet(
    tmp_path: Path, one: bytes, large: bytes
) -> None:
    stream = opened(put(tmp_path, {"1.ts": one, "2.mp4": large, "3.ts": one}))
    widths, times = [], []
    for packet in stream.packets():
        info = stream.info
        for frame in stream.decode(packet):
            assert frame.width == info.width
            widths.append(frame.width)
            times.append(frame.at_us)
    stream.close()

    assert widths == [320] * 10 + [480] * 10 + [320] * 10
    assert all(later > earlier for earlier, later in pairwise(times))


def test_broken_files_are_skipped_and_counted(tmp_path: Path, one: bytes) -> None:
    broken = {"0.ts": b"no video" * 500, "2.mp4": b"", "3.ts": os.urandom(5000)}
    stream = opened(put(tmp_path, {"1.ts": one, "4.ts": one, **broken}))
    assert len(list(stream.packets())) == 20
    stream.close()

    assert (stream.stats.files, stream.stats.files_skipped) == (2, 3)
    assert any("2.mp4 is empty" in note for note in stream.stats.notes)


def test_a_loop_begins_again_and_time_goes_on(tmp_path: Path, one: bytes) -> None:
    folder = put(tmp_path, {"20260501-120000.ts": one, "20260501-120100.ts": one})
    stream = opened(folder, loop=True)
    times = [packet.at_us for packet in islice(stream.packets(), 50)]
    stream.close()

    assert stream.stats.loops == 2
    assert all(later > earlier for earlier, later in pairwise(times))


def test_the_hours_between_paced_files_are_not_waited_for(tmp_path: Path, one: bytes) -> None:
    clock = FakeClock()
    folder = put(tmp_path, {"20260501-120000.ts": one, "20260501-180000.ts": one})
    stream = opened(folder, clock=clock, pace="realtime")
    assert len(list(stream.packets())) == 20
    stream.close()

    assert sum(clock.waits) == pytest.approx(1.8, abs=0.1)


def test_a_loop_over_files_that_vanished_ends(tmp_path: Path, one: bytes) -> None:
    folder = put(tmp_path, {"1.ts": one})
    stream = opened(folder, loop=True)
    packets = stream.packets()
    list(islice(packets, 5))
    (folder / "1.ts").unlink()
    assert len(list(packets)) == 5
    stream.close()


def test_new_files_are_waited_for_until_they_are_complete(tmp_path: Path, one: bytes) -> None:
    clock = FakeClock()
    stream = opened(put(tmp_path, {"1.ts": one}), clock=clock, watch=True)
    packets, got, polls = stream.packets(), list[Packet](), 0
    real_wait = clock.wait

    def wait(stop: threading.Event, seconds: float) -> bool:
        """While the source waits, somebody writes slowly."""
        nonlocal polls
        polls += 1
        if polls <= 5:
            (tmp_path / "2.ts").write_bytes(one[: len(one) * polls // 5])
        return real_wait(stop, seconds)

    clock.wait = wait  # type: ignore[method-assign]
    got += islice(packets, 20)
    stream.close()

    assert polls >= 6  # five pieces, and a while without a change
    assert len(got) == 20
    assert stream.stats.files_skipped == 0
    assert list(packets) == []


def test_waiting_for_files_ends_when_it_is_closed(tmp_path: Path, one: bytes) -> None:
    stream = opened(put(tmp_path, {"1.ts": one}), clock=SystemClock(), watch=True)
    ended = threading.Event()

    def watch() -> None:
        list(stream.packets())
        ended.set()

    thread = threading.Thread(target=watch)
    thread.start()
    stream.close()
    assert ended.wait(5)
    thread.join()


def test_an_empty_folder_is_refused_or_waited_for(tmp_path: Path) -> None:
    with pytest.raises(SourceRefused, match="there is no such file"):
        opened(tmp_path)
    with pytest.raises(SourceLost, match="there is no such file"):
        opened(tmp_path, watch=True)
    with pytest.raises(SourceRefused, match="cannot be read"):
        opened(tmp_path / "nowhere")


def test_only_names_of_the_pattern_count(tmp_path: Path, one: bytes) -> None:
    stream = opened(put(tmp_path, {"1.ts": one, "1.txt": b"notes", "2.ts": one}), glob="*.ts")
    assert len(list(stream.packets())) == 20
    assert stream.stats.files_skipped == 0
    stream.close()


@pytest.mark.parametrize("wrong", [{"glob": "../*"}, {"zone": "Mars/Olympus"}, {"glob": ""}])
def test_bad_settings_are_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        made(tmp_path, **wrong)
