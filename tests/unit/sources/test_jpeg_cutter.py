"""JPEG pictures are found in any stream of bytes, in pieces of any size, at bounded cost."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.servers.jpeg_camera import jpeg, part, with_thumbnail
from vedette.sources.jpeg_cutter import JpegCutter

PICTURES = [jpeg(n) for n in range(3)]
MOST = 1 << 20


def cut(data: bytes, size: int, most: int = MOST) -> tuple[list[bytes], JpegCutter]:
    cutter, found = JpegCutter(most), list[bytes]()
    for at in range(0, len(data), size):
        found += cutter.feed(data[at : at + size])
    return found, cutter


@settings(deadline=None, max_examples=40)
@given(
    size=st.integers(1, 5000),
    between=st.lists(
        st.sampled_from([b"", b"\r\n--x\r\n\r\n", b"\xff\xff", b"\0\xff"]),
        min_size=4,
        max_size=4,
    ),
)
def test_pictures_are_found_in_pieces_of_any_size(size: int, between: list[bytes]) -> None:
    data = b"".join(gap + picture for gap, picture in zip(between, PICTURES, strict=False))
    found, cutter = cut(data + between[-1], size)
    assert found == PICTURES
    assert cutter.broken == 0


def test_a_picture_within_the_head_of_another_is_no_picture() -> None:
    whole = with_thumbnail(PICTURES[0])
    assert cut(whole + PICTURES[1], 777)[0] == [whole, PICTURES[1]]


@pytest.mark.parametrize("kept", [10, 700, 3000])
def test_a_picture_that_breaks_off_is_counted_and_does_not_hide_the_next(kept: int) -> None:
    found, cutter = cut(part(PICTURES[0][:kept]) + part(PICTURES[1]) + part(PICTURES[2]), 512)
    assert found[-1] == PICTURES[2]
    assert cutter.broken == 1


@given(st.binary(max_size=600))
def test_nothing_breaks_it_and_what_is_kept_is_bounded(data: bytes) -> None:
    cutter = JpegCutter(256)
    for _ in range(3):
        for picture in cutter.feed(b"\xff\xd8\xff" + data):
            assert picture.startswith(b"\xff\xd8")
        assert len(cutter._data) <= 256 + len(data) + 3


def test_a_picture_without_an_end_is_dropped_before_it_grows() -> None:
    cutter = JpegCutter(10_000)
    assert cutter.feed(b"\xff\xd8\xff\xda\x00\x02") == []
    for _ in range(100):
        assert cutter.feed(b"\x55" * 1000) == []
        assert len(cutter._data) <= 11_000
    assert cutter.broken == 1
    assert cutter.feed(PICTURES[0]) == [PICTURES[0]]


@pytest.mark.parametrize(
    "pattern",
    [
        b"\xff\xd8\xff",
        b"\xff\xe0\x00\x08\xff\xd8\xff\xe0\x00\x02",
        b"\xff\xd8\xff\xda\x00\x02\x55\x55",
        b"\x55" * 64,
        b"\xff" * 64,
        b"\xff\xe0\x00\x02",
    ],
)
def test_no_pattern_costs_more_than_reading_it(pattern: bytes) -> None:
    def spent_s(size: int) -> float:
        data = b"\xff\xd8\xff" + pattern * (size // len(pattern))
        began = time.process_time()
        cut(data, 65_536, most=2_000_000)
        return time.process_time() - began

    small = min(spent_s(250_000) for _ in range(3))
    assert spent_s(2_000_000) < 24 * small + 0.1, "8 times the bytes; searching anew costs 64 times"
