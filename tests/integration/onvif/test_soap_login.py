"""Asking a camera: logins, clocks that are wrong, and answers that mean harm, over real HTTP."""

import time
import zlib
from collections.abc import Awaitable, Callable

import pytest

from tests.servers.black_hole import BlackHole
from tests.servers.onvif_camera import OnvifCamera
from tests.servers.onvif_words import BOMBS, Raw, Stream, envelope
from vedette.contracts.errors import SourceLost, SourceRefused
from vedette.kit.clock import SystemClock
from vedette.onvif.address import Login, device_address
from vedette.onvif.device import DeviceInfo, device_info, find_services
from vedette.onvif.errors import Fault, LoginRefused, TooMuch
from vedette.onvif.media import profiles, snapshot_address, stream_address
from vedette.onvif.soap import SoapClient

PASSWORD = "hunter2 & <more>"  # noqa: S105
ADMIN = Login(user="admin", password=PASSWORD)


def client(camera: OnvifCamera, login: Login | None = None, timeout_s: float = 5.0) -> SoapClient:
    address = device_address(f"127.0.0.1:{camera.port}", login)
    return SoapClient(address, clock=SystemClock(), timeout_s=timeout_s)


async def ask(camera: OnvifCamera, login: Login | None = None) -> DeviceInfo:
    async with client(camera, login) as asking:
        return await device_info(asking)


@pytest.mark.parametrize("login", ["token", "digest", "basic"])
async def test_a_camera_is_asked_with_the_login_that_it_wants(login: str) -> None:
    with OnvifCamera(user="admin", password=PASSWORD, login=login) as camera:
        info = await ask(camera, ADMIN)

    assert (info.manufacturer, info.model, info.name) == ("Acme", "Eye 3000", "Front Door")
    assert info.location == "garden"


@pytest.mark.parametrize("login", ["token", "digest", "basic"])
async def test_a_wrong_password_is_said_without_repeating_it(login: str) -> None:
    with OnvifCamera(user="admin", password=PASSWORD, login=login) as camera:
        with pytest.raises(LoginRefused, match="refused the user name or password") as refused:
            await ask(camera, Login(user="admin", password="wr0ng"))  # noqa: S106
        with pytest.raises(LoginRefused, match="wants a user name and a password"):
            await ask(camera)
    assert "wr0ng" not in str(refused.value)
    assert len(camera.heard) <= 6


@pytest.mark.parametrize("ahead_s", [-1.7e9, -3600.0, 7200.0, 4e8])
async def test_a_camera_with_a_wrong_clock_accepts_the_login(ahead_s: float) -> None:
    with OnvifCamera(user="admin", password=PASSWORD, ahead_s=ahead_s) as camera:
        async with client(camera, ADMIN) as asking:
            await device_info(asking)
            assert asking.clock_ahead_s == pytest.approx(ahead_s, abs=2.0)


async def test_a_clock_that_was_set_meanwhile_is_read_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("vedette.onvif.soap.CLOCK_HOLDS_S", 0.0)
    with OnvifCamera(user="admin", password=PASSWORD, ahead_s=-1e6) as camera:
        async with client(camera, ADMIN) as asking:
            await device_info(asking)
            camera.ahead_s = 0.0
            await device_info(asking)
    assert camera.heard.count("GetSystemDateAndTime") == 2


async def test_the_clock_is_asked_without_a_login_and_only_once() -> None:
    with OnvifCamera(user="admin", password=PASSWORD) as camera:
        async with client(camera, ADMIN) as asking:
            await device_info(asking)
            await find_services(asking)
    assert camera.heard[0] == "GetSystemDateAndTime"
    assert camera.heard.count("GetSystemDateAndTime") == 1
    assert "admin" not in camera.bodies[0]


async def test_a_camera_that_wants_a_login_for_its_clock_is_asked_all_the_same() -> None:
    with OnvifCamera(user="admin", password=PASSWORD) as camera:
        camera.overrides["GetSystemDateAndTime"] = Raw(status=401)
        assert (await ask(camera, ADMIN)).model == "Eye 3000"


@pytest.mark.parametrize("media2", [False, True])
@pytest.mark.parametrize("old", [False, True])
async def test_streams_are_found_with_every_generation_of_services(media2: bool, old: bool) -> None:
    streams = (
        Stream(token="a<1>", codec="H265", url="rtsp://10.9.9.9:8554/main?x=1&y=2"),  # noqa: S106
        Stream(token="b", width=640, height=360, url="rtsp://127.0.0.1/sub"),  # noqa: S106
    )
    with OnvifCamera(streams=streams, media2=media2, old=old) as camera:
        async with client(camera) as asking:
            services = await find_services(asking)
            found = await profiles(asking, services)
            main = await stream_address(asking, services, found[0])
            sub = await stream_address(asking, services, found[1])
            picture = await snapshot_address(asking, services, found[0])

    assert [(p.token, p.codec, p.width, p.fps, p.gop) for p in found] == [
        ("a<1>", "hevc", 1920, 25.0, 50),
        ("b", "h264", 640, 25.0, 50),
    ]
    assert main.url == "rtsp://127.0.0.1:8554/main?x=1&y=2"
    assert "10.9.9.9" in main.note
    assert (sub.url, sub.note) == ("rtsp://127.0.0.1/sub", "")
    assert picture == f"http://127.0.0.1:{camera.port}/onvif/snap.jpg"


async def test_a_camera_with_the_newer_media_service_only_is_asked_there() -> None:
    stream = Stream(token="a", codec="H265", url="rtsp://127.0.0.1/a")  # noqa: S106
    with OnvifCamera(streams=(stream,), media=False, media2=True) as camera:
        async with client(camera) as asking:
            services = await find_services(asking)
            (found,) = await profiles(asking, services)
            address = await stream_address(asking, services, found)
    assert services.media == ""
    assert address.url == "rtsp://127.0.0.1/a"


async def test_services_that_name_another_host_are_asked_on_ours() -> None:
    with OnvifCamera(user="admin", password=PASSWORD, host="203.0.113.7") as camera:
        async with client(camera, ADMIN) as asking:
            services = await find_services(asking)
            assert (await profiles(asking, services))[0].token == "main"  # noqa: S105
    assert "203.0.113.7" not in services.media


HARM: dict[str, tuple[Raw, type[Exception], str]] = {
    "bomb": (Raw(body=BOMBS), SourceRefused, "DOCTYPE"),
    "ten-megabytes": (Raw(body=envelope("<x/>") + b" " * 10_000_000), TooMuch, "1024 KiB"),
    "deep": (Raw(body=envelope("<a>" * 5000)), SourceRefused, "nested deeper"),
    "wide": (Raw(body=envelope("<a/>" * 100_000)), SourceRefused, "more than 20000 elements"),
    "web-page": (
        Raw(body=b"<html><body>Welcome to your router</body></html>", kind="text/html"),
        SourceRefused,
        "something else than ONVIF",
    ),
    "not-xml": (Raw(body=b"\x89PNG\r\n\x1a\n", kind="image/png"), SourceRefused, "image/png"),
    "no-such-page": (Raw(status=404, body=b"no", kind="text/plain"), SourceRefused, "has no ONVIF"),
    "broken": (Raw(status=502, body=b"bad gateway"), SourceLost, "HTTP 502"),
    "redirect": (
        Raw(status=302, headers=(("Location", "http://127.0.0.1:9/steal"),)),
        SourceRefused,
        "HTTP 302",
    ),
    "nothing": (Raw(body=b""), SourceRefused, "no element"),
    "odd-login": (
        Raw(status=401, headers=(("WWW-Authenticate", 'Digest realm="a"'),)),
        SourceLost,
        "Malformed Digest",
    ),
    "login-of-tomorrow": (
        Raw(
            status=401,
            headers=(("WWW-Authenticate", 'Digest realm="a", nonce="b", qop="auth-int"'),),
        ),
        SourceRefused,
        "kind of login",
    ),
    "gzip-bomb": (
        Raw(body=zlib.compress(b" " * 100_000_000), headers=(("Content-Encoding", "deflate"),)),
        SourceRefused,
        "something else",
    ),
    "other-namespaces": (
        Raw(body=b'<Envelope xmlns="urn:x"><Body><Fault><Reason><Text>&#x9b;2JNo\nway</Text>'
            b"</Reason></Fault></Body></Envelope>"),
        Fault,
        "declined",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HARM)
async def test_an_answer_that_means_harm_is_a_sentence_and_soon(name: str) -> None:
    raw, error, words = HARM[name]
    with OnvifCamera() as camera:
        camera.overrides["GetDeviceInformation"] = raw
        began = time.monotonic()
        with pytest.raises(error, match=words) as refused:
            await ask(camera, ADMIN)
        assert time.monotonic() - began < 3.0
    text = str(refused.value)
    assert "127.0.0.1" in text or name == "ten-megabytes"
    assert PASSWORD not in text
    assert text.isprintable()


async def test_a_camera_that_says_its_login_is_wrong_at_length_is_cut_off() -> None:
    with OnvifCamera() as camera:
        asked = (("WWW-Authenticate", 'Digest realm="a", nonce="b"'),)
        camera.overrides["GetDeviceInformation"] = Raw(
            status=401, headers=asked, body=b"x" * 5_000_000
        )
        with pytest.raises(TooMuch):
            await ask(camera, ADMIN)


async def test_nothing_is_unpacked_while_we_log_in() -> None:
    """httpx2 reads the answer to a refused login by itself, and would unpack it."""
    with OnvifCamera() as camera:
        camera.overrides["GetDeviceInformation"] = Raw(
            status=401,
            headers=(
                ("WWW-Authenticate", 'Digest realm="a", nonce="b"'),
                ("Content-Encoding", "gzip"),
            ),
            body=b"no gzip at all",
        )
        with pytest.raises(LoginRefused, match="refused the user name"):
            await ask(camera, ADMIN)


async def slow(camera: OnvifCamera) -> None:
    camera.overrides["GetSystemDateAndTime"] = Raw(body=envelope("<x/>" * 100), drip_s=0.05)
    async with client(camera, timeout_s=0.5) as asking:
        await device_info(asking)


async def silent(camera: OnvifCamera) -> None:
    with BlackHole() as hole:
        address = device_address(f"127.0.0.1:{hole.port}")
        async with SoapClient(address, clock=SystemClock(), timeout_s=0.5) as asking:
            await device_info(asking)


@pytest.mark.parametrize("ask_it", [slow, silent])
async def test_a_camera_that_does_not_finish_is_given_up(
    ask_it: Callable[[OnvifCamera], Awaitable[None]],
) -> None:
    with OnvifCamera() as camera:
        began = time.monotonic()
        with pytest.raises(SourceLost, match="did not answer within"):
            await ask_it(camera)
        assert time.monotonic() - began < 3.0


async def test_nobody_there_is_said() -> None:
    async with SoapClient(device_address("127.0.0.1:9"), clock=SystemClock()) as asking:
        with pytest.raises(SourceLost, match="nothing listens at that port"):
            await device_info(asking)
