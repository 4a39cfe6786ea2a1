"""Discovery, login and streams with `ipycam`, an ONVIF camera that we did not write."""

from collections.abc import Iterator

import pytest

from tests.servers.virtual_camera import IpycamCamera
from tests.servers.ws_discovery import GROUP
from vedette.app.probe import ask_camera
from vedette.contracts.errors import SourceRefused
from vedette.kit.clock import SystemClock
from vedette.onvif.address import DeviceAddress, Login, device_address
from vedette.onvif.discovery import discover
from vedette.onvif.errors import LoginRefused

PASSWORD = "c0rrect & horse"  # noqa: S105


@pytest.fixture(scope="module")
def camera() -> Iterator[IpycamCamera]:
    with IpycamCamera(
        username="admin",
        password=PASSWORD,
        name="Back Yard",
        rtsp_port=8554,
        main_width=2560,
        main_height=1440,
        sub_fps=10,
    ) as running:
        yield running


def address(camera: IpycamCamera, password: str) -> DeviceAddress:
    return device_address(f"127.0.0.1:{camera.port}", Login(user="admin", password=password))


def test_it_is_asked_and_its_streams_are_chosen(camera: IpycamCamera) -> None:
    answer = ask_camera(address(camera, PASSWORD), SystemClock())

    assert (answer.info.manufacturer, answer.info.model) == ("PythonCam", "VirtualCam-1")
    (lens,) = answer.lenses
    assert (lens.choice.main.width, lens.main.url) == (2560, "rtsp://127.0.0.1:8554/video_main")
    assert lens.choice.detect is not None
    assert (lens.choice.detect.width, lens.choice.detect.fps) == (640, 10.0)
    assert lens.detect is not None
    assert lens.detect.url == "rtsp://127.0.0.1:8554/video_sub"
    assert lens.snapshot == f"http://127.0.0.1:{camera.port}/snapshot.jpg"
    assert not answer.has_events


def test_it_refuses_a_wrong_password(camera: IpycamCamera) -> None:
    with pytest.raises(LoginRefused, match="refused the user name or password"):
        ask_camera(address(camera, "wrong"), SystemClock())


def test_what_is_no_onvif_there_is_said(camera: IpycamCamera) -> None:
    wrong = device_address(f"http://127.0.0.1:{camera.port}/other/place")
    with pytest.raises(SourceRefused, match=r"something else than ONVIF|wants a user|no ONVIF"):
        ask_camera(wrong, SystemClock())


async def test_it_is_found_in_the_network(camera: IpycamCamera) -> None:
    result = await discover(
        SystemClock(), wait_s=0.5, interfaces=("lo",), group=(GROUP, camera.probes)
    )

    (found,) = result.found
    assert found.name == "Back"  # it does not encode its name, so the scope ends at the blank
    assert found.urls == (f"http://127.0.0.1:{camera.port}/onvif/device_service",)
