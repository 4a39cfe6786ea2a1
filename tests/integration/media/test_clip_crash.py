"""A clip in the making meets kill -9 and a full disk; what was written is saved, cameras go on."""

import signal
import subprocess
import sys
from pathlib import Path

import av
import pytest

from vedette.media.clip import repair
from vedette.plugins.registry import build
from vedette.testing.fakes import FakeClock

EXAMPLE = Path(__file__).parents[3] / "examples" / "pedestrians.mp4"

_WRITER = """
import resource, sys, time
from pathlib import Path
from vedette.contracts.errors import StorageFailed
from vedette.media.clip import ClipWriter
from vedette.plugins.registry import build
from vedette.testing.fakes import FakeClock

video, folder, stop_at, most_bytes = sys.argv[1:]
settings = {"type": "file", "path": video}
stream = build("source", settings, camera_id="yard", clock=FakeClock()).open()
writer = ClipWriter(Path(folder) / "clip.part", stream.info)
if int(most_bytes):
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(most_bytes), int(most_bytes)))
refused = 0
for number, packet in enumerate(stream.packets()):
    try:
        refused += not writer.add(stream.info, packet)
    except StorageFailed as failed:
        print("failed:", failed, flush=True)
    if number == int(stop_at):
        print("ready", flush=True)
        time.sleep(60)
clip = writer.finish(Path(folder) / "clip")
print(refused, clip.packets, clip.duration_s, clip.end_reason, flush=True)
"""


def writer(folder: Path, *, stop_at: int = -1, most_bytes: int = 0) -> subprocess.Popen[str]:
    """A process that writes a clip of the example."""
    arguments = [str(EXAMPLE), str(folder), str(stop_at), str(most_bytes)]
    return subprocess.Popen(
        [sys.executable, "-c", _WRITER, *arguments], stdout=subprocess.PIPE, text=True
    )


def originals() -> list[bytes]:
    settings = {"type": "file", "path": str(EXAMPLE)}
    stream = build("source", settings, camera_id="yard", clock=FakeClock()).open()
    found = [packet.data for packet in stream.packets()]
    stream.close()
    return found


@pytest.mark.parametrize("stop_at", [30, 155])
def test_after_kill_9_the_clip_is_saved_up_to_the_last_half_second(
    stop_at: int, tmp_path: Path
) -> None:
    with writer(tmp_path, stop_at=stop_at) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGKILL)
    clip = repair(tmp_path / "clip.part", tmp_path / "saved")

    assert clip is not None
    assert stop_at + 1 - 7 <= clip.packets <= stop_at + 1
    with av.open(str(clip.path)) as container:
        found = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    assert found == originals()[: clip.packets]
    data = clip.path.read_bytes()
    assert data.find(b"moov") < data.find(b"mdat")
    assert [path.name for path in tmp_path.iterdir()] == ["saved.mp4"]


def test_a_full_disk_is_said_once_and_what_was_written_is_a_clip(tmp_path: Path) -> None:
    with writer(tmp_path, most_bytes=600_000) as process:
        assert process.stdout is not None
        said = process.stdout.read().splitlines()

    assert said[0] == f"failed: {tmp_path}/clip.part could not be written: File too large"
    refused, packets, duration_s, _ = said[1].split()
    assert 250 < int(refused) < 400
    assert 80 < int(packets) < 200
    assert float(duration_s) == pytest.approx(int(packets) / 10)
    assert said[1:] == [f"{refused} {packets} {duration_s} storage_failed"]
    with av.open(str(tmp_path / "clip.mp4")) as container:
        found = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    assert found == originals()[: int(packets)]
