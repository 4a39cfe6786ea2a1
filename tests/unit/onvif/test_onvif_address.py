"""Addresses: what people write, and what cameras tell; none of them sends us to another host."""

import pytest

from vedette.contracts.errors import InvalidInput
from vedette.onvif.address import Login, device_address, encoded, foreign, with_login


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("192.168.1.20", "http://192.168.1.20/onvif/device_service"),
        ("192.168.1.20:8000", "http://192.168.1.20:8000/onvif/device_service"),
        ("cam.local", "http://cam.local/onvif/device_service"),
        ("fe80::1", "http://[fe80::1]/onvif/device_service"),
        ("[fe80::1]:8000", "http://[fe80::1]:8000/onvif/device_service"),
        ("http://cam/", "http://cam/onvif/device_service"),
        ("https://cam:8443/onvif/service", "https://cam:8443/onvif/service"),
        ("http://admin:p%40ss@cam/onvif/x", "http://cam/onvif/x"),
    ],
)
def test_what_people_write_leads_to_the_device_service(text: str, url: str) -> None:
    assert device_address(text).url == url


@pytest.mark.parametrize(
    "text", ["", "ftp://cam", "http://", "http://a b/", "cam:port", "http://c/\nx", "rtsp://cam/1"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="no address of a camera"):
        device_address(text)


def test_a_refused_address_is_not_repeated() -> None:
    with pytest.raises(InvalidInput) as refused:
        device_address("ftp://admin:hunter2@cam")
    assert "hunter2" not in str(refused.value)


def test_the_password_is_in_no_text_of_an_address() -> None:
    address = device_address("http://admin:hunter2%2F@cam:8000/onvif/x")

    assert address.login == Login(user="admin", password="hunter2/")  # noqa: S106
    assert "hunter2" not in f"{address!r} {address} {address.url}"


@pytest.mark.parametrize(
    ("claimed", "url"),
    [
        ("http://10.0.0.9/onvif/media", "http://10.0.0.9/onvif/media"),
        ("http://10.0.0.9:8080/onvif/media?x=1", "http://10.0.0.9:8080/onvif/media?x=1"),
        ("https://10.0.0.9/onvif/media", "https://10.0.0.9/onvif/media"),
        # It believes to be elsewhere, or wants us to be: its path is used, nothing else.
        ("http://192.168.1.5:8080/onvif/media", "http://10.0.0.9/onvif/media"),
        ("http://evil.example/steal", "http://10.0.0.9/steal"),
        ("http://10.0.0.9@evil.example/steal", "http://10.0.0.9/steal"),
        ("http://10.0.0.9.evil.example/steal", "http://10.0.0.9/steal"),
        ("file:///etc/passwd", "http://10.0.0.9/onvif/device_service"),
        ("http://[::1", "http://10.0.0.9/onvif/device_service"),
        ("http://10.0.0.9/${secret:BOT}", "http://10.0.0.9/%24%7Bsecret:BOT%7D"),
        ("", "http://10.0.0.9/onvif/device_service"),
    ],
)
def test_a_service_is_on_the_host_that_was_asked(claimed: str, url: str) -> None:
    assert device_address("10.0.0.9").service(claimed) == url


@pytest.mark.parametrize(
    ("claimed", "url", "noted"),
    [
        ("rtsp://10.0.0.9/1", "rtsp://10.0.0.9/1", False),
        ("rtsp://10.0.0.9:8554/a?b=c&d=e", "rtsp://10.0.0.9:8554/a?b=c&d=e", False),
        ("rtsp://admin:secret@10.0.0.9/1", "rtsp://10.0.0.9/1", False),
        ("rtsp://192.168.1.5:554/1", "rtsp://10.0.0.9/1", True),
        ("rtsp://10.0.0.9/${secret:BOT}", "rtsp://10.0.0.9/%24%7Bsecret:BOT%7D", False),
        ("http://10.0.0.9/live.mjpg", "http://10.0.0.9/live.mjpg", False),
        ("gopher://10.0.0.9/1", "", True),
        ("file:///etc/passwd", "", True),
        ("concat:rtsp://a", "", True),
    ],
)
def test_a_stream_is_on_the_host_that_was_asked(claimed: str, url: str, noted: bool) -> None:
    found, note = device_address("10.0.0.9").stream(claimed)
    assert (found, bool(note)) == (url, noted)


def test_a_password_of_any_characters_can_be_put_into_an_address() -> None:
    url = with_login("rtsp://cam/1", encoded("a@b"), encoded("p/?#@: ${x}"))
    assert url == "rtsp://a%40b:p%2F%3F%23%40%3A%20%24%7Bx%7D@cam/1"


def test_an_address_on_another_host_than_its_sender_is_foreign() -> None:
    assert not foreign("http://10.0.0.9:80/onvif", "10.0.0.9")
    assert foreign("http://10.0.0.1/onvif", "10.0.0.9")
    assert foreign("nonsense", "10.0.0.9")
