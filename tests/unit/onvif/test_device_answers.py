"""Answers of the device and media services, and of discovery: read, whatever their shape."""

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.contracts.errors import InvalidInput, SourceRefused
from vedette.onvif.address import Login
from vedette.onvif.device import scope_words
from vedette.onvif.discovery import MAX_FOUND, MAX_PER_SENDER, Answers, Found, read_matches
from vedette.onvif.knock import addresses
from vedette.onvif.markup import parse
from vedette.onvif.media import MAX_PROFILES, read_profiles
from vedette.onvif.soap import camera_time, security

MATCH = """<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Header>
<w:RelatesTo>urn:uuid:{about}</w:RelatesTo></e:Header><e:Body><d:ProbeMatches><d:ProbeMatch>
<w:EndpointReference><w:Address>urn:uuid:{endpoint}</w:Address></w:EndpointReference>
<d:Types>{types}</d:Types>
<d:Scopes>onvif://www.onvif.org/name/Front%20Door onvif://www.onvif.org/hardware/Eye
onvif://www.onvif.org/location/city/Oslo</d:Scopes><d:XAddrs>{urls}</d:XAddrs>
</d:ProbeMatch></d:ProbeMatches></e:Body></e:Envelope>"""
QUESTION = "0e1d2c3b-4a59-4876-9504-132231405060"


def match(
    urls: str = "http://10.0.0.9/onvif/device_service",
    about: str = QUESTION,
    endpoint: str = "1",
    types: str = "dn:NetworkVideoTransmitter",
) -> bytes:
    return MATCH.format(urls=urls, about=about, endpoint=endpoint, types=types).encode()


def test_a_camera_that_answers_a_probe_is_read() -> None:
    (found,) = read_matches(match(), "10.0.0.9", {QUESTION})

    assert found == Found(
        address="10.0.0.9",
        urls=("http://10.0.0.9/onvif/device_service",),
        name="Front Door",
        hardware="Eye",
        location="Oslo",
        endpoint="urn:uuid:1",
    )


@pytest.mark.parametrize(
    ("told", "urls", "notes"),
    [
        ("http://10.0.0.9:8000/a https://10.0.0.9/b", 2, 0),
        ("http://192.168.1.1/onvif", 1, 1),
        ("http://169.254.1.1/x http://10.0.0.9/onvif", 1, 1),
        ("http://10.0.0.9@evil.example/x", 1, 1),
        ("rtsp://10.0.0.9/x", 1, 0),
        ("", 0, 0),
        ("http://[::1", 1, 1),
        (" ".join(["http://10.0.0.9/a"] * 500), 1, 0),
    ],
)
def test_a_service_on_another_host_is_noted_and_not_believed(
    told: str, urls: int, notes: int
) -> None:
    (found,) = read_matches(match(told), "10.0.0.9", {QUESTION})

    assert (len(found.urls), len(found.notes)) == (urls, notes)
    assert all("//10.0.0.9" in url for url in found.urls)


def test_answers_to_others_and_from_printers_are_not_for_us() -> None:
    with pytest.raises(SourceRefused, match="somebody else"):
        read_matches(match(about=QUESTION.replace("0", "f")), "10.0.0.9", {QUESTION})
    printer = match(types="wprt:PrintDeviceType").replace(b"onvif://www.onvif.org/", b"ldap:///")
    answers = Answers()
    answers.asked.add(QUESTION)
    answers.take(printer.replace(b"PrintDeviceType", b"PrintThing"), "10.0.0.7")
    assert answers.found == []


def test_a_search_is_bounded_whatever_answers() -> None:
    answers = Answers()
    answers.asked.add(QUESTION)
    for endpoint in range(MAX_PER_SENDER + 5):
        answers.take(match(endpoint=str(endpoint)), "10.0.0.9")
    answers.take(match(endpoint="0"), "10.0.0.9")  # once more
    answers.take(b"nonsense", "10.0.0.9")
    assert (len(answers.found), answers.dropped) == (MAX_PER_SENDER, 6)

    for host in range(MAX_FOUND):
        answers.take(match(), f"10.1.{host // 250}.{host % 250}")
    assert len(answers.found) == MAX_FOUND


@given(st.binary(max_size=500))
def test_any_datagram_is_taken_or_counted(data: bytes) -> None:
    answers = Answers()
    answers.take(data, "10.0.0.9")
    assert answers.found == []


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_address_in_an_answer_is_ours_or_none(urls: str, scope: str) -> None:
    raw = match(urls.replace("&", "").replace("<", ""))
    try:
        found = read_matches(raw, "10.0.0.9", {QUESTION})
    except SourceRefused:
        return
    assert all(url.split("/")[2].startswith("10.0.0.9") for each in found for url in each.urls)
    scope_words([f"onvif://www.onvif.org/{scope}"])


def test_networks_become_addresses() -> None:
    assert addresses("192.168.1.0/30") == ["192.168.1.1", "192.168.1.2"]
    assert addresses("192.168.1.7") == ["192.168.1.7"]
    assert len(addresses("10.0.0.0/20")) == 4094
    with pytest.raises(InvalidInput, match="at most 4096"):
        addresses("10.0.0.0/8")
    with pytest.raises(InvalidInput, match="no network"):
        addresses("garden")


PROFILE = """<trt:Profiles token="{token}"><tt:Name>Main</tt:Name><tt:VideoSourceConfiguration>
<tt:SourceToken>1</tt:SourceToken></tt:VideoSourceConfiguration><tt:VideoEncoderConfiguration>
<tt:Encoding>{codec}</tt:Encoding><tt:Resolution><tt:Width>{width}</tt:Width>
<tt:Height>1080</tt:Height></tt:Resolution><tt:RateControl><tt:FrameRateLimit>{fps}
</tt:FrameRateLimit></tt:RateControl></tt:VideoEncoderConfiguration></trt:Profiles>"""


def profile(name: str = "a", codec: str = "H264", width: str = "1920", fps: str = "25") -> str:
    return PROFILE.format(token=name, codec=codec, width=width, fps=fps)


@pytest.mark.parametrize(
    ("codec", "width", "fps", "read"),
    [
        ("H264", "1920", "25", ("h264", 1920, 25.0)),
        ("H265", "1920", "12.5", ("hevc", 1920, 12.5)),
        ("JPEG", "1920", "", ("mjpeg", 1920, 0.0)),
        ("vendor-own", "1920", "-5", ("vendor-own", 1920, 0.0)),
        ("H264", "9" * 5000, "nan", ("h264", 0, 0.0)),
        ("H264", "99999999", "inf", ("h264", 0, 0.0)),
        ("H264", "wide", "1e400", ("h264", 0, 0.0)),
    ],
)
def test_a_profile_is_read_and_absurd_numbers_count_as_not_told(
    codec: str, width: str, fps: str, read: tuple[str, int, float]
) -> None:
    (found,) = read_profiles(parse(f"<x>{profile('a', codec, width, fps)}</x>".encode()))
    assert (found.codec, found.width, found.fps) == read


def test_profiles_without_video_and_beyond_the_limit_are_left_out() -> None:
    many = "".join(profile(str(n)) for n in range(MAX_PROFILES + 9))
    assert len(read_profiles(parse(f"<x>{many}</x>".encode()))) == MAX_PROFILES
    assert read_profiles(parse(b'<x><Profiles token="a"><Name>Audio</Name></Profiles></x>')) == []
    assert read_profiles(parse(f"<x>{profile('')}</x>".encode())) == []


def time_xml(*numbers: object) -> bytes:
    names = ("Year", "Month", "Day", "Hour", "Minute", "Second")
    parts = [f"<{name}>{number}</{name}>" for name, number in zip(names, numbers, strict=True)]
    date, clock = "".join(parts[:3]), "".join(parts[3:])
    return f"<x><UTCDateTime><Time>{clock}</Time><Date>{date}</Date></UTCDateTime></x>".encode()


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        ((2026, 2, 28, 23, 59, 59), datetime(2026, 2, 28, 23, 59, 59, tzinfo=UTC)),
        ((1970, 1, 1, 0, 0, 7), datetime(1970, 1, 1, 0, 0, 7, tzinfo=UTC)),
        ((2016, 12, 31, 23, 59, 60), datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ((2026, 2, 30, 0, 0, 0), None),
        ((0, 0, 0, 0, 0, 0), None),
        ((99999, 1, 1, 0, 0, 0), None),
        (("-1", 1, 1, 0, 0, 0), None),
        (("", "", "", "", "", ""), None),
        (("²", 1, 1, 0, 0, 0), None),
    ],
)
def test_the_time_of_a_camera(numbers: tuple[object, ...], told: datetime | None) -> None:
    assert camera_time(parse(time_xml(*numbers))) == told


def test_the_token_is_that_of_the_programmers_guide() -> None:
    """ONVIF Application Programmer's Guide 1.0, section 6.1.1.3."""
    token = security(
        Login(user="user", password="userpassword"),  # noqa: S106
        datetime(2010, 9, 16, 7, 50, 45, tzinfo=UTC),
        base64.b64decode("LKqI6G/AikKCQrN0zqZFlg=="),
    )

    assert "tuOSpGlFlIXsozq4HFNeeGeFLEI=" in token
    assert "<wsu:Created>2010-09-16T07:50:45Z</wsu:Created>" in token
    assert "userpassword" not in token
