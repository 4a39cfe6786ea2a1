"""What is read of H.264, HEVC and JPEG; and that nothing which is sent to us breaks it."""

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.servers.camera_video import camera_video
from tests.servers.hostile_video import high_sps, slice_of, sps
from tests.servers.scripted_rtsp import access_units
from vedette.sources.losses import LossWatch
from vedette.sources.nal import (
    Bits,
    first_slice,
    is_annex_b,
    jpeg_size,
    numbering,
    parameter_sets,
    units,
)

START = b"\0\0\0\1"


def joined(*parts: bytes) -> bytes:
    return b"".join(START + part for part in parts)


@pytest.mark.parametrize(
    ("bits", "value"), [("1", 0), ("010", 1), ("011", 2), ("00100", 3), ("00111", 6)]
)
def test_exp_golomb_numbers_are_read(bits: str, value: int) -> None:
    data = int(bits.ljust(8, "0"), 2).to_bytes(1, "big")
    assert Bits(data).golomb() == value
    assert Bits(data).signed_golomb() == (value + 1) // 2 * (1 if value % 2 else -1)


@pytest.mark.parametrize(("bits", "gaps"), [(4, False), (9, True), (16, False)])
def test_the_numbering_of_pictures_is_read(bits: int, *, gaps: bool) -> None:
    found = numbering(sps(320, 240, number_bits=bits, gaps=gaps))
    assert found is not None
    assert (found.bits, found.gaps_allowed) == (bits, gaps)
    head = first_slice(slice_of(11, bits=bits), found)
    assert head is not None
    assert (head.number, head.is_idr, head.is_reference) == (11, False, True)


@pytest.mark.parametrize("scaling", [False, True])
@pytest.mark.parametrize("bits", [4, 12])
def test_scaling_lists_do_not_hide_the_numbering(bits: int, *, scaling: bool) -> None:
    found = numbering(high_sps(320, 240, number_bits=bits, scaling=scaling))
    assert found is not None
    assert (found.bits, found.separate_planes, found.gaps_allowed) == (bits, False, False)


@pytest.mark.parametrize("profile", ["baseline", "main", "high", "high10", "high422", "high444"])
def test_no_profile_loses_count(tmp_path: Path, profile: str) -> None:
    options = {"preset": "ultrafast", "x264-params": f"profile={profile}:bframes=0"}
    pictures = access_units(camera_video(tmp_path / "v.ts", fps=10, gop_s=1.0, options=options))
    watch = LossWatch(b"")

    assert [watch.lost(picture) for picture in pictures] == [False] * len(pictures)


def test_a_lost_picture_is_noticed_by_the_next(tmp_path: Path) -> None:
    pictures = access_units(camera_video(tmp_path / "v.ts", fps=10, gop_s=1.0))
    for gone in (3, 7, 12):
        watch = LossWatch(b"")
        found = [i for i, each in enumerate(pictures) if i != gone and watch.lost(each)]
        assert found == [gone + 1]


def test_a_keyframe_begins_to_count_anew() -> None:
    watch = LossWatch(joined(sps(64, 64)))
    heads = [slice_of(0, idr=True), slice_of(1), slice_of(2), slice_of(0, idr=True), slice_of(1)]
    assert [watch.lost(joined(head)) for head in heads] == [False] * 5


def test_numbers_begin_again_at_their_end() -> None:
    watch = LossWatch(joined(sps(64, 64)))
    assert [watch.lost(joined(slice_of(n % 16))) for n in range(40)] == [False] * 40


def test_pictures_that_nobody_refers_to_share_the_next_number() -> None:
    watch = LossWatch(joined(sps(64, 64)))
    heads = [slice_of(1), slice_of(2, reference=False), slice_of(2, reference=False), slice_of(2)]
    assert [watch.lost(joined(head)) for head in heads] == [False] * 4


def test_gaps_on_purpose_are_no_losses() -> None:
    watch = LossWatch(joined(sps(64, 64, gaps=True)))
    assert not any(watch.lost(joined(slice_of(number))) for number in (1, 5, 9))


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_parameter_sets_are_found_before_a_keyframe(tmp_path: Path, codec: str) -> None:
    encoder = {"h264": "libx264", "hevc": "libx265"}[codec]
    pictures = access_units(camera_video(tmp_path / "v.ts", codec=encoder, gop_s=0.4))
    found = [parameter_sets(each, codec) for each in pictures]
    keyframes = [each for each in found if each.sps]

    assert len(keyframes) == 5
    assert all(each.complete for each in keyframes)
    assert all(one == two for one, two in pairwise(keyframes))
    other = "hevc" if codec == "h264" else "h264"
    assert not any(parameter_sets(each, other).complete for each in pictures)


def test_units_are_told_apart_by_start_codes() -> None:
    data = b"\0\0\0\1\x09\xf0" + b"\0\0\1\x67abc\0" + b"\0\0\0\1\x68d"
    assert list(units(data)) == [b"\x09\xf0", b"\x67abc", b"\x68d"]
    assert is_annex_b(data)
    assert not is_annex_b(b"\x01\x64\0\x1f")
    assert list(units(b"no start code")) == []


@pytest.mark.parametrize("size", [(160, 120), (1921, 7), (65_000, 8)])
def test_the_size_of_a_jpeg_is_read(size: tuple[int, int]) -> None:
    picture = np.zeros((size[1], size[0], 3), dtype=np.uint8)
    assert jpeg_size(bytes(cv2.imencode(".jpg", picture)[1])) == size


@given(st.binary(max_size=400))
def test_nothing_breaks_the_readers(data: bytes) -> None:
    watch = LossWatch(data)
    for unit in (data, joined(b"\x67" + data, b"\x65" + data), joined(b"\x42\x01" + data)):
        watch.lost(unit)
        for codec in ("h264", "hevc"):
            parameter_sets(unit, codec)
    jpeg_size(b"\xff\xd8" + data)
