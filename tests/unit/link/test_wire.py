"""Frames of the link: whole or not at all, whatever pieces they arrive in, and never too large."""

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.link.wire import MOST_BODY, MOST_HEAD, Decoder, Frame, LinkBroken, encode

FRAMES = [
    Frame(kind="hello", head={"name": "w1", "token": "abc"}),
    Frame(kind="event", seq=7, head={"label": "Häuser", "score": 0.5, "none": None}),
    Frame(kind="answer", head={"id": 3}, body=bytes(range(256)) * 40),
]


def start(head: int, body: int, *, magic: bytes = b"VL", version: int = 1) -> bytes:
    return struct.pack("!2sBBII", magic, version, 0, head, body)


@given(st.lists(st.integers(1, 400), min_size=1, max_size=30))
def test_frames_come_out_as_they_went_in_however_they_are_cut(sizes: list[int]) -> None:
    raw = b"".join(encode(frame) for frame in FRAMES)
    decoder, found, place = Decoder(), list[Frame](), 0
    for size in [*sizes, len(raw)]:
        found += decoder.feed(raw[place : place + size])
        place += size

    assert found == FRAMES


def test_a_frame_that_is_cut_is_not_handed_out() -> None:
    raw = encode(FRAMES[2])
    decoder = Decoder()

    assert list(decoder.feed(raw[:-1])) == []
    assert list(decoder.feed(raw[-1:])) == [FRAMES[2]]


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"GET / HTTP/1.1\r\n", "no frames of Vedette"),
        (b"V?", "no frames of Vedette"),
        (start(2, 0, version=9), "version 9"),
        (start(MOST_HEAD + 1, 0), "too large"),
        (start(2, MOST_BODY + 1), "too large"),
        (start(2, 0) + b"[]", "not a JSON object"),
        (start(4, 0) + b"nope", "not JSON"),
        (start(2, 0) + b"{}", "lacks its kind"),
        (start(24, 0) + b'{"kind":"event","seq":-1}'[:24], "not JSON"),
    ],
)
def test_what_is_no_frame_is_refused(raw: bytes, sentence: str) -> None:
    with pytest.raises(LinkBroken, match=sentence):
        list(Decoder().feed(raw))


@pytest.mark.parametrize("seq", [-1, 1.5, True, "7", None])
def test_a_number_that_is_none_is_refused(seq: object) -> None:
    head = json.dumps({"kind": "event", "seq": seq}).encode()
    with pytest.raises(LinkBroken, match="number"):
        list(Decoder().feed(start(len(head), 0) + head))


def test_a_head_of_brackets_without_end_is_refused_and_nobody_dies() -> None:
    head = b"[" * 100_000
    with pytest.raises(LinkBroken):
        list(Decoder().feed(start(len(head), 0) + head))


@given(st.binary(max_size=300))
def test_any_bytes_are_a_frame_or_refused(raw: bytes) -> None:
    try:
        list(Decoder().feed(raw))
    except LinkBroken:
        return


def test_before_the_introduction_frames_are_small() -> None:
    decoder = Decoder(most_head=100, most_body=0)
    with pytest.raises(LinkBroken, match="too large"):
        list(decoder.feed(encode(FRAMES[2])))


def test_what_is_too_large_is_not_even_sent() -> None:
    with pytest.raises(LinkBroken, match="too large for the link"):
        encode(Frame(kind="answer", body=bytes(MOST_BODY + 1)))
