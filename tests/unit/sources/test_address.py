"""An address never shows its secrets."""

import pytest

from vedette.sources.address import Address, check_url


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://10.0.0.5:554/live/1", "rtsp://10.0.0.5:554/live/1"),
        ("rtsp://admin:hunter2@cam/1", "rtsp://***@cam/1"),
        ("rtsp://admin:p%40ss%2Fw@cam:554/1", "rtsp://***@cam:554/1"),
        ("rtsp://admin:hun/ter2@cam/1", "rtsp://***@cam/1"),
        ("rtsp://admin:hun#ter2?x@cam/1", "rtsp://***@cam/1"),
        ("rtsp://admin:hunt@er2@cam/1", "rtsp://***@cam/1"),
        ("RTSP://admin@cam/1", "rtsp://***@cam/1"),
        ("http://cam/v?channel=1&password=hunter2&x=2", "http://cam/v?channel=1&password=***&x=2"),
        ("http://cam/v?TOKEN=hunter2", "http://cam/v?TOKEN=***"),
        ("http://cam/v?api-key=hunter2#frag", "http://cam/v?api-key=***"),
        ("rtsp://cam/user=admin&password=hunter2&channel=1", None),
        ("rtsp://cam/user=admin_password=hunter2_channel=1_stream=0.sdp", None),
        ("rtsp://[fe80::1]:554/a@b", "rtsp://[fe80::1]:554/a@b"),
        ("http://cam/pictures@2x.mjpg", "http://cam/pictures@2x.mjpg"),
    ],
)
def test_shown_without_secrets(url: str, shown: str | None) -> None:
    address = Address(url)

    for text in (str(address), repr(address), f"{address}"):
        assert "hunter2" not in text
        assert "ter2" not in text
        assert "admin" not in text
        assert "ss%2Fw" not in text
    if shown is not None:
        assert str(address) == shown


@pytest.mark.parametrize(
    "said",
    [
        "rtsp://admin:p%40ss%2Fw@cam/1: connection refused",
        "401 for admin with p@ss/w",
        "tcp://cam: p%40ss%2Fw",
        "GET /x?password=p%40ss%2Fw",
        "user p%40ss/w",
    ],
)
def test_secrets_are_scrubbed_from_what_others_say(said: str) -> None:
    scrubbed = Address("rtsp://admin:p%40ss%2Fw@cam/1").scrub(said)

    assert "p@ss" not in scrubbed
    assert "p%40ss" not in scrubbed


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://cam/1", "must begin with rtsp://"),
        ("cam/1", "must begin with rtsp://"),
        ("rtsp:///1", "names no host"),
        ("rtsp://hunter2:x@cam:port/1", "its port is no number"),
        ("rtsp://u:hunter2 @cam/1", "blank"),
        ("rtsp://u:hunter2@cam/1\n", "blank or a control character"),
    ],
)
def test_bad_address_is_refused_without_repeating_it(url: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as caught:
        check_url(url, ("rtsp", "rtsps"))
    assert "hunter2" not in str(caught.value)
