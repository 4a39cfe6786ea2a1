"""`vedette cameras`: find, probe, paste; with real RTSP streams behind a real ONVIF service."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command import CLIP, Ran, vedette
from tests.servers.camera_video import camera_video
from tests.servers.onvif_camera import OnvifCamera
from tests.servers.onvif_words import Raw, Stream, envelope
from tests.servers.rtsp import RtspServer
from tests.servers.web import Heard, Reply, WebServer
from vedette.cli.main import main

PASSWORD = "p@ss/1 ${secret:HOME}"  # noqa: S105


@pytest.fixture(scope="module")
def rtsp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RtspServer]:
    folder = tmp_path_factory.mktemp("streams")
    camera_video(folder / "main.mp4", size=(1280, 720), fps=10, duration_s=6, gop_s=1.0)
    camera_video(folder / "sub.mp4", size=(640, 360), fps=10, duration_s=6, gop_s=0.5)
    with RtspServer(folder) as server:
        yield server


def streams(rtsp: RtspServer, host: str = "127.0.0.1") -> tuple[Stream, ...]:
    at = f"rtsp://{host}:{rtsp.port}"
    return (
        Stream(token="big", width=1280, height=720, fps=10, url=f"{at}/main.mp4"),  # noqa: S106
        Stream(token="small", width=640, height=360, fps=10, url=f"{at}/sub.mp4"),  # noqa: S106
    )


def here(capsys: pytest.CaptureFixture[str], *arguments: str) -> Ran:
    """The command in this process, which is ten times faster to start."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["vedette", "cameras", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
    told = capsys.readouterr()
    return Ran(code=int(str(ended.value.code or 0)), out=told.out, err=told.err)


def test_a_camera_is_probed_and_its_settings_can_be_used(tmp_path: Path, rtsp: RtspServer) -> None:
    with OnvifCamera(
        user="admin",
        password=PASSWORD,
        ahead_s=-86_400,
        streams=streams(rtsp, host="10.9.8.7"),
        media2=True,
    ) as camera:
        ran = vedette(
            *("cameras", "probe", f"127.0.0.1:{camera.port}", "-u", "admin", "-s", "1.5"),
            *("--password-env", "DOOR"),
            env={"DOOR": PASSWORD},
        )
    said = " ".join(ran.err.split())

    assert ran.code == 0, ran.err
    assert PASSWORD not in ran.out + ran.err
    assert "Acme Eye 3000" in said
    assert "its clock is wrong by -864" in said
    assert "the camera says it is at 10.9.8.7; 127.0.0.1 is used instead" in said
    assert "can open the gate: motion, person" in said
    assert "h264 1280x720" in said
    assert "h264 640x360" in said
    assert "FRONT_DOOR_PASSWORD=" in said
    at = f"rtsp://admin:${{secret:FRONT_DOOR_PASSWORD}}@127.0.0.1:{rtsp.port}"
    assert f"source: {at}/main.mp4\n" in ran.out
    assert f"detect_source: {at}/sub.mp4\n" in ran.out

    (tmp_path / "vedette.yaml").write_text(ran.out)
    assert vedette("config", "check", folder=tmp_path).code == 3  # the password is missing
    checked = vedette("config", "check", folder=tmp_path, env={"FRONT_DOOR_PASSWORD": PASSWORD})
    assert checked.code == 0, checked.err


def test_what_was_found_can_be_had_as_json(
    rtsp: RtspServer, capsys: pytest.CaptureFixture[str]
) -> None:
    with OnvifCamera(streams=streams(rtsp)) as camera:
        ran = here(capsys, "probe", camera.url, "-s", "1.5", "--json", "--id", "yard")

    found = json.loads(ran.out)
    main, sub = (stream["measured"] for stream in found["streams"])
    assert (main["codec"], main["width"], main["problem"]) == ("h264", 1280, "")
    assert main["decoded"] == 12
    assert 8.0 < sub["fps"] < 13.0
    assert main["keyframe_s"] == pytest.approx(1.0, abs=0.35)
    assert found["events"] == ["motion", "person"]
    assert "Monitoring/ProcessorUsage" in found["topics"]
    assert "id: yard" in found["settings"]
    assert "secret" not in found["settings"]


def test_a_stream_that_is_not_there_is_said_and_the_rest_is_shown(
    rtsp: RtspServer, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = Stream(token="a", url=f"rtsp://127.0.0.1:{rtsp.port}/gone.mp4")  # noqa: S106
    with OnvifCamera(streams=(gone,), events=False) as camera:
        ran = here(capsys, "probe", camera.url, "-s", "1")

    assert ran.code in {4, 5}
    assert "gone.mp4" in ran.err
    assert "it has no events of its own" in ran.err
    assert "source: rtsp://127.0.0.1" in ran.out
    assert "triggers" not in ran.out


def test_a_hostile_camera_puts_nothing_of_ours_into_the_settings() -> None:
    """Not other secrets, not other hosts, no control of the terminal."""
    hostile = Stream(token="a", url="rtsp://evil.example/${secret:BOT_TOKEN}?x={{7*7}}")  # noqa: S106
    with OnvifCamera(streams=(hostile,), host="evil.example") as camera:
        camera.overrides["GetDeviceInformation"] = Raw(
            body=envelope(
                "<GetDeviceInformationResponse><Manufacturer>[red]A&#x9b;2J</Manufacturer><Model>B[/]</Model></GetDeviceInformationResponse>"
            )
        )
        camera.overrides["GetScopes"] = Raw(
            body=envelope(
                "<x><ScopeItem>onvif://www.onvif.org/name/%0A%24%7Bsecret%3AX%7D%1b[31m</ScopeItem>"
                "</x>"
            )
        )
        ran = vedette("cameras", "probe", camera.url, "-s", "1")

    assert ran.code in {4, 5}
    assert "rtsp://127.0.0.1/%24%7Bsecret:BOT_TOKEN%7D" in ran.out
    assert "evil.example" not in ran.out
    assert "\x1b" not in ran.out + ran.err
    assert "\x9b" not in ran.out + ran.err
    assert "[red]A" in ran.err
    assert "name: secret:X [31m" in ran.out
    assert ran.out.count("${") == 0


class Page(WebServer):
    """A web server that is no camera."""

    def answer(self, request: Heard) -> Reply:
        del request
        return Reply(body=b"<html>Welcome</html>", headers={"Content-Type": "text/html"})


def test_errors_are_sentences_with_their_exit_codes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WRONG", "wr0ng")
    with OnvifCamera(user="admin", password="right") as camera, Page() as page:  # noqa: S106
        at = f"127.0.0.1:{camera.port}"
        cases = [
            (("probe", at, "-u", "admin", "--password-env", "WRONG"), 4, "refused the user name"),
            (("probe", at), 4, "wants a user name and a password"),
            (("probe", page.url), 4, "something else than ONVIF"),
            (("probe", "127.0.0.1:9"), 5, "nothing listens at that port"),
            (("probe", "ftp://host/x"), 4, "ftp"),
            (("probe", at, "-u", "admin", "--password-env", "MISSING"), 2, "MISSING is not set"),
            (("discover", "-s", "0.5", "-i", "none", "-n", "garden"), 2, "no network"),
        ]
        for arguments, code, words in cases:
            ran = here(capsys, *arguments)
            assert ran.code == code, (arguments, ran.err)
            assert words in " ".join(ran.err.split())
            assert "Traceback" not in ran.err
            assert "wr0ng" not in ran.err


def test_plain_addresses_are_opened_too(
    rtsp: RtspServer, capsys: pytest.CaptureFixture[str]
) -> None:
    file = here(capsys, "probe", str(CLIP), "-s", "1")
    assert file.code == 0, file.err
    assert "768x576" in file.err
    assert file.out.startswith("cameras:")

    url = rtsp.url("sub.mp4", user="admin:hunter2")
    stream = here(capsys, "probe", url, "-s", "1")
    assert stream.code == 0, stream.err
    assert "640x360" in stream.err
    assert "hunter2" not in stream.out + stream.err
    assert "rtsp://admin:${secret:CAMERA_PASSWORD}@127.0.0.1" in stream.out


def test_cameras_are_discovered_address_by_address(capsys: pytest.CaptureFixture[str]) -> None:
    with OnvifCamera() as camera:
        ran = here(
            capsys,
            *("discover", "-s", "0.5", "-i", "none", "--json"),
            *("-n", "127.0.0.1", "-p", str(camera.port)),
        )
    assert ran.code == 0, ran.err
    (found,) = json.loads(ran.out)["cameras"]
    assert found["urls"] == [camera.url]

    nobody = here(capsys, "discover", "-s", "0.5", "-i", "none")
    assert nobody.code == 1
    assert "--network" in nobody.err
