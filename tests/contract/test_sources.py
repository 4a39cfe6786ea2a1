"""Every source keeps the contract of sources."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.servers.camera_video import camera_video
from tests.servers.http_files import file_handler, serving
from tests.servers.jpeg_camera import camera, endless, jpeg
from tests.servers.rtsp import RtspServer
from vedette.kit.clock import SystemClock
from vedette.plugins.registry import build
from vedette.sources.port import Source
from vedette.testing.fakes import FakeClock
from vedette.testing.source_contract import SourceContract

EXAMPLES = Path(__file__).parents[2] / "examples"
NAME = "pedestrians.mp4"


def made(settings: dict[str, object], *, real: bool = False) -> Source:
    clock = SystemClock() if real else FakeClock()
    source: Source = build("source", settings, camera_id="yard", clock=clock)
    return source


class TestFileSource(SourceContract):
    def make(self) -> Source:
        return made({"type": "file", "path": str(EXAMPLES / NAME)})


class TestLoopingPacedFileSource(SourceContract):
    def make(self) -> Source:
        start = datetime(2026, 5, 1, 12, tzinfo=UTC)
        settings = {"pace": "realtime", "loop": True, "start": start}
        return made({"type": "file", "path": str(EXAMPLES / NAME), **settings})


class TestSimulatorSource(SourceContract):
    def make(self) -> Source:
        return made({"type": "simulator", "pace": "realtime"})


class TestHttpSource(SourceContract):
    secrets = ("keeper", "hunter2")

    @pytest.fixture(autouse=True)
    def _server(self) -> Iterator[None]:
        with serving(file_handler(EXAMPLES, user="keeper:hunter2")) as self.host:
            yield

    def make(self) -> Source:
        return made({"type": "http", "url": f"http://keeper:hunter2@{self.host}/{NAME}"})


class TestMjpegSource(SourceContract):
    secrets = ("keeper", "hunter2")

    @pytest.fixture(autouse=True)
    def _server(self) -> Iterator[None]:
        with serving(camera(endless(), user="keeper:hunter2")) as self.host:
            yield

    def make(self) -> Source:
        return made({"type": "http", "url": f"http://keeper:hunter2@{self.host}/v"}, real=True)


class TestSnapshotSource(SourceContract):
    secrets = ("keeper", "hunter2")

    @pytest.fixture(autouse=True)
    def _server(self) -> Iterator[None]:
        user = "keeper:hunter2"
        picture = camera(lambda: iter([jpeg(1)]), single=True, content_type="image/jpeg", user=user)
        with serving(picture) as self.host:
            yield

    def make(self) -> Source:
        url = f"http://keeper:hunter2@{self.host}/p"
        return made({"type": "http_snapshot", "url": url, "fps": 30.0}, real=True)


@pytest.fixture(scope="module")
def rtsp_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RtspServer]:
    folder = tmp_path_factory.mktemp("videos")
    camera_video(folder / NAME)
    with RtspServer(folder) as server:
        yield server


class TestRtspSource(SourceContract):
    secrets = ("keeper", "hunter2")

    @pytest.fixture(autouse=True)
    def _server(self, rtsp_server: RtspServer) -> None:
        self.server = rtsp_server

    def make(self) -> Source:
        url = self.server.url(NAME, "keeper:hunter2")
        return made({"type": "rtsp", "url": url}, real=True)
