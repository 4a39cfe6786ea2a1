"""Which streams are chosen, as a table of cameras."""

import pytest

from vedette.onvif.choose import choose
from vedette.onvif.media import Profile


def stream(
    token: str, size: str, codec: str = "h264", fps: float = 25, kbps: int = 1000
) -> Profile:
    width, height = map(int, size.split("x"))
    return Profile(
        token=token, codec=codec, width=width, height=height, fps=fps, kbps=kbps, source="lens"
    )


@pytest.mark.parametrize(
    ("streams", "main", "detect"),
    [
        pytest.param(
            [stream("a", "2560x1440"), stream("b", "640x360")], "a", "b", id="two-streams"
        ),
        pytest.param(
            [stream("b", "640x360"), stream("a", "2560x1440")], "a", "b", id="order-does-not-matter"
        ),
        pytest.param(
            [stream("a", "1920x1080"), stream("b", "1280x720"), stream("c", "640x480")],
            "a",
            "c",
            id="smallest-that-is-wide-enough",
        ),
        pytest.param(
            [stream("a", "1920x1080"), stream("b", "1280x720"), stream("c", "320x240")],
            "a",
            "b",
            id="too-small-is-passed-over",
        ),
        pytest.param(
            [stream("a", "1920x1080"), stream("b", "352x288"), stream("c", "320x240")],
            "a",
            "b",
            id="nearest-where-none-is-wide-enough",
        ),
        pytest.param(
            [stream("a", "1920x1080"), stream("b", "608x448")], "a", "b", id="almost-wide-enough"
        ),
        pytest.param(
            [stream("a", "3840x2160", "hevc"), stream("b", "640x360", "mjpeg")],
            "a",
            "b",
            id="mjpeg-only-where-there-is-nothing-else",
        ),
        pytest.param(
            [
                stream("a", "3840x2160", "hevc"),
                stream("b", "640x360", "mjpeg"),
                stream("c", "704x576"),
            ],
            "a",
            "c",
            id="h264-before-mjpeg",
        ),
        pytest.param(
            [
                stream("a", "3840x2160", "hevc"),
                stream("b", "640x360", "hevc"),
                stream("c", "704x480"),
            ],
            "a",
            "c",
            id="h264-before-hevc-of-about-its-size",
        ),
        pytest.param(
            [
                stream("a", "3840x2160", "hevc"),
                stream("b", "640x360", "hevc"),
                stream("c", "1920x1080"),
            ],
            "a",
            "b",
            id="small-hevc-before-large-h264",
        ),
        pytest.param(
            [stream("m", "3840x2160", "mjpeg"), stream("a", "1920x1080"), stream("b", "640x360")],
            "a",
            "b",
            id="a-large-mjpeg-is-not-kept",
        ),
        pytest.param([stream("m", "1280x720", "mjpeg")], "m", None, id="only-mjpeg"),
        pytest.param([stream("a", "1920x1080")], "a", None, id="one-stream"),
        pytest.param(
            [stream("a", "1920x1080"), stream("b", "1920x1080")], "a", None, id="two-of-one-size"
        ),
        pytest.param(
            [stream("a", "1920x1080"), stream("b", "640x360", fps=2)], "a", None, id="too-slow"
        ),
        pytest.param(
            [stream("a", "1920x1080"), stream("b", "640x360", fps=0)], "a", "b", id="fps-not-told"
        ),
        pytest.param(
            [stream("a", "0x0"), stream("b", "0x0")], "a", None, id="camera-that-tells-nothing"
        ),
    ],
)
def test_streams_are_chosen(streams: list[Profile], main: str, detect: str | None) -> None:
    (choice,) = choose(streams)

    assert choice.main.token == main
    assert (choice.detect.token if choice.detect else None) == detect
    assert choice.main_why
    assert choice.detect_why


def test_each_lens_has_its_own_choice() -> None:
    lenses = [
        Profile(token=f"{lens}{kind}", codec="h264", width=width, height=width // 2, source=lens)
        for lens in ("left", "right")
        for kind, width in (("main", 1920), ("sub", 640))
    ]

    choices = choose(lenses)

    assert [(c.source, c.main.token, c.detect and c.detect.token) for c in choices] == [
        ("left", "leftmain", "leftsub"),
        ("right", "rightmain", "rightsub"),
    ]
