"""Video over HTTP from a local server: recordings, cameras, and playlists that must not be used."""

import traceback
from http.server import BaseHTTPRequestHandler
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.servers.camera_video import camera_video
from tests.servers.http_files import file_handler, serving
from vedette.contracts.errors import SourceLost, SourceRefused
from vedette.contracts.frame import Frame
from vedette.kit.clock import SystemClock, to_us
from vedette.plugins.registry import build
from vedette.sources.http import HttpSource

EXAMPLES = Path(__file__).parents[3] / "examples"
NAME = "pedestrians.mp4"


def made(url: str, **settings: object) -> HttpSource:
    settings = {"type": "http", "url": url, **settings}
    source: HttpSource = build("source", settings, camera_id="yard", clock=SystemClock())
    return source


class Mjpeg(BaseHTTPRequestHandler):
    """A camera that sends one JPEG after the other, for ever."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        try:
            for number in range(2000):
                picture = np.full((120, 160, 3), number % 200, dtype=np.uint8)
                data = bytes(cv2.imencode(".jpg", picture)[1])
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
                self.wfile.write(head.encode() + data + b"\r\n")
        except ConnectionError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        del format, args


def test_a_recording_is_read_to_its_end_with_its_own_times() -> None:
    with serving(file_handler(EXAMPLES)) as host:
        source = made(f"http://{host}/{NAME}")
        assert source.live
        stream = source.open()
        times = [frame.at_us for p in stream.packets() for frame in stream.decode(p)]
        stream.close()

    assert times == [number * 100_000 for number in range(450)]
    assert not source.live  # it stated its length


def test_a_camera_that_streams_jpegs_is_live() -> None:
    with serving(Mjpeg) as host:
        source = made(f"http://{host}/video.mjpg")
        began_us = to_us(SystemClock().now())
        stream = source.open()
        frames = list[Frame]()
        for packet in islice(stream.packets(), 30):
            frames.extend(stream.decode(packet))
        stream.close()

    assert source.live
    assert stream.info.codec == "mjpeg"
    assert len(frames) == 30
    assert all(frame.at_us >= began_us for frame in frames)
    assert frames[0].y.min() >= 15  # limited range, though JPEG is full range


def test_a_wrong_password_is_refused_and_not_shown() -> None:
    with serving(file_handler(EXAMPLES, user="keeper:hunter2")) as host:
        source = made(f"http://keeper:wrong-hunter3@{host}/{NAME}?token=tok-hunter4")
        with pytest.raises(SourceRefused, match="refused the user name or password") as caught:
            source.open()

    text = "".join(traceback.format_exception(caught.value))
    assert "hunter3" not in text
    assert "hunter4" not in text


def test_a_path_that_is_not_there_is_refused() -> None:
    with serving(file_handler(EXAMPLES)) as host, pytest.raises(SourceRefused, match="404"):
        made(f"http://{host}/nothing.mp4").open()


@pytest.mark.parametrize("hls", [False, True])
def test_a_playlist_opens_no_local_file(tmp_path: Path, *, hls: bool) -> None:
    (tmp_path / "list.m3u8").write_text(
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n"
        f"file://{EXAMPLES / NAME}\n#EXT-X-ENDLIST\n"
    )
    with serving(file_handler(tmp_path)) as host:
        source = made(f"http://{host}/list.m3u8", hls=hls)
        with pytest.raises((SourceRefused, SourceLost)):
            list(source.open().packets())


@pytest.mark.parametrize("hls", [False, True])
def test_a_playlist_of_the_same_server_is_followed_only_when_asked(
    tmp_path: Path, *, hls: bool
) -> None:
    camera_video(tmp_path / "part.ts", duration_s=1.0)
    (tmp_path / "list.m3u8").write_text(
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\npart.ts\n#EXT-X-ENDLIST\n"
    )
    with serving(file_handler(tmp_path)) as host:
        source = made(f"http://{host}/list.m3u8", hls=hls)
        if hls:
            stream = source.open()
            assert len(list(stream.packets())) == 30
            stream.close()
        else:
            with pytest.raises((SourceRefused, SourceLost)):
                source.open()


def test_a_redirect_opens_no_local_file() -> None:
    redirect = f"file://{EXAMPLES / NAME}"
    handler = file_handler(EXAMPLES, redirect=redirect)
    with serving(handler) as host, pytest.raises((SourceRefused, SourceLost)):
        list(made(f"http://{host}/video.mp4").open().packets())


def test_a_page_is_not_video(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<html><body>Sign in</body></html>" * 50)
    with serving(file_handler(tmp_path)) as host, pytest.raises((SourceRefused, SourceLost)):
        made(f"http://{host}/index.html").open()
