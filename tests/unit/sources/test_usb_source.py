"""USB cameras without one: the device is injected, all else is real."""

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import av
import pytest
from pydantic import ValidationError

from tests.servers.camera_video import camera_video
from vedette.contracts.errors import SourceLost
from vedette.kit.clock import Clock
from vedette.media.clip import ClipWriter
from vedette.plugins.registry import build
from vedette.sources.av_stream import AvStream
from vedette.sources.container import Opened, Target, open_video
from vedette.sources.file import file_target
from vedette.sources.jpeg_stream import JpegStream
from vedette.sources.port import Source
from vedette.sources.usb import UsbSource, path_of
from vedette.testing.fakes import FakeClock
from vedette.testing.source_contract import SourceContract

HERE = {"/dev/video0": "Integrated Camera", "/dev/video2": "HD Webcam"}


class Device:
    """Opens files instead of a device: by input format, or an error."""

    def __init__(self, offers: Mapping[str, Path | str]) -> None:
        self.offers = offers
        self.asked: list[Target] = []

    def __call__(self, target: Target, clock: Clock) -> Opened:
        self.asked.append(target)
        offer = self.offers.get(target.options.get("input_format", ""), "invalid argument")
        if isinstance(offer, str):
            raise SourceLost(f"{target.address} cannot be opened ({offer})")
        return open_video(file_target(offer, audio=False), clock=clock)


def usb(opener: Device, here: Mapping[str, str] = HERE, **settings: Any) -> UsbSource:
    config = UsbSource.Config.model_validate({"device": "/dev/null", **settings})
    return UsbSource(
        config, camera_id="yard", clock=FakeClock(), opener=opener, devices=lambda: here
    )


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("device")
    h264 = camera_video(folder / "camera.mp4", fps=15, duration_s=2.0)
    raw, mjpeg = folder / "camera.nut", folder / "camera.avi"
    for path, codec, layout in ((raw, "rawvideo", "yuyv422"), (mjpeg, "mjpeg", "yuvj420p")):
        with av.open(str(h264)) as reader, av.open(str(path), "w") as writer:
            stream = writer.add_stream(codec, rate=15)
            assert isinstance(stream, av.VideoStream)
            stream.width, stream.height, stream.pix_fmt = 320, 240, layout
            for frame in reader.decode(video=0):
                writer.mux(stream.encode(frame.reformat(format=layout)))
            writer.mux(stream.encode(None))
    return {"h264": h264, "mjpeg": mjpeg, "yuyv422": raw}


class TestRawUsbSource(SourceContract):
    @pytest.fixture(autouse=True)
    def _files(self, files: dict[str, Path]) -> None:
        self.files = files

    def make(self) -> Source:
        return usb(Device({"": self.files["yuyv422"]}))


class TestMjpegUsbSource(SourceContract):
    @pytest.fixture(autouse=True)
    def _files(self, files: dict[str, Path]) -> None:
        self.files = files

    def make(self) -> Source:
        return usb(Device({"mjpeg": self.files["mjpeg"]}))


@pytest.mark.parametrize(
    ("wanted", "offers", "kind", "codec"),
    [
        ("auto", {"mjpeg": "mjpeg", "": "yuyv422"}, AvStream, "mjpeg"),
        ("auto", {"": "yuyv422"}, JpegStream, "mjpeg"),
        ("yuyv", {"yuyv422": "yuyv422"}, JpegStream, "mjpeg"),
        ("h264", {"h264": "h264"}, AvStream, "h264"),
    ],
)
def test_the_format_is_the_one_that_is_wanted_and_offered(
    files: dict[str, Path], wanted: str, offers: dict[str, str], kind: type, codec: str
) -> None:
    device = Device({name: files[file] for name, file in offers.items()})
    stream = usb(device, input_format=wanted).open()
    assert type(stream) is kind
    assert stream.info.codec == codec
    stream.close()


def test_raw_pictures_become_packets_that_a_clip_can_hold(
    files: dict[str, Path], tmp_path: Path
) -> None:
    stream = usb(Device({"": files["yuyv422"]})).open()
    writer, packets = ClipWriter(tmp_path / "clip.part", stream.info), stream.packets()
    frames = 0
    for packet in islice(packets, 30):
        writer.add(stream.info, packet)
        frames += len(stream.decode(packet))
    with pytest.raises(SourceLost, match="ended its stream"):  # unplugged
        next(packets)
    stream.close()
    clip = writer.finish(tmp_path / "clip")

    assert frames == 30
    assert clip is not None
    assert (clip.codec, clip.packets) == ("mjpeg", 30)


def test_size_and_rate_are_asked_of_the_device(files: dict[str, Path]) -> None:
    device = Device({"mjpeg": files["mjpeg"]})
    usb(device, width=1280, height=720, fps=30).open().close()
    [target] = device.asked
    assert target.format == "v4l2"
    assert target.options == {
        "video_size": "1280x720",
        "framerate": "30",
        "input_format": "mjpeg",
    }


def test_a_device_that_is_missing_says_which_there_are() -> None:
    source = usb(Device({}), device="/dev/video97")
    with pytest.raises(SourceLost) as lost:
        source.open()
    assert str(lost.value) == (
        "/dev/video97 is not there; the video devices here are /dev/video0 (Integrated Camera), "
        "/dev/video2 (HD Webcam)"
    )
    with pytest.raises(SourceLost, match="no video device is connected"):
        usb(Device({}), {}, device=97).open()


def test_a_device_that_is_busy_is_lost_for_now(files: dict[str, Path]) -> None:
    device = Device({"": "device or resource busy", "mjpeg": "device or resource busy"})
    source = usb(device)
    with pytest.raises(SourceLost, match="device or resource busy"):
        source.open()
    device.offers = {"mjpeg": files["mjpeg"]}
    source.open().close()  # plugged in, or free, again


def test_the_real_opener_of_a_device_that_is_not_there_is_a_sentence() -> None:
    settings = {"type": "usb", "device": "/dev/video97"}
    source = build("source", settings, camera_id="yard", clock=FakeClock(), audio=True)
    with pytest.raises(SourceLost, match=r"^/dev/video97 is not there; "):
        source.open()
    assert str(source) == "/dev/video97"


@pytest.mark.parametrize(
    ("device", "path"),
    [
        ("0", "/dev/video0"),
        ("/dev/video3", "/dev/video3"),
        ("usb-HD_Webcam-video-index0", "/dev/v4l/by-id/usb-HD_Webcam-video-index0"),
    ],
)
def test_a_device_is_named_by_path_number_or_id(device: str, path: str) -> None:
    assert path_of(device) == path


@pytest.mark.parametrize(
    "wrong",
    [
        {"device": "/etc/passwd"},
        {"device": "../video0"},
        {"device": "/dev/../etc/passwd"},
        {"device": "a b"},
        {"device": "0", "width": 640},
    ],
)
def test_bad_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        UsbSource.Config.model_validate(wrong)
