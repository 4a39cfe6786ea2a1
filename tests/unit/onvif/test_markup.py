"""XML of cameras: what is read, and what is refused however it is written."""

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.contracts.errors import SourceRefused
from vedette.onvif.markup import MAX_BYTES, MAX_DEPTH, MAX_NODES, as_written, clean, parse

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">'
    + "".join(
        f'<!ENTITY lol{n} "{f"&lol{n - 1};" * 10}">' if n > 1 else '<!ENTITY lol1 "&lol;&lol;">'
        for n in range(1, 10)
    )
    + "]><lolz>&lol9;</lolz>"
)
OUTSIDE = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'


def test_elements_are_found_whatever_their_namespace() -> None:
    root = parse(b'<a:One xmlns:a="x"><b:Two y:z=" 1 ">  text <c/> more</b:Two></a:One>')

    two = root.child("Two")
    assert two is not None
    assert (two.local, two.text, two.attribute("z")) == ("Two", "text  more", " 1 ")
    assert [node.local for node in root.find("c")] == ["c"]
    assert root.value("Two", "None") == ""


def test_a_prefix_that_was_never_declared_is_read() -> None:
    assert parse(b"<s:Envelope><tt:Model>E1</tt:Model></s:Envelope>").value("Model") == "E1"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param(BOMB.encode(), "DOCTYPE", id="entity-bomb"),
        pytest.param(OUTSIDE.encode(), "DOCTYPE", id="file-inclusion"),
        pytest.param(b"<!DOCTYPE a><a/>", "DOCTYPE", id="empty-doctype"),
        pytest.param(b"<a>" * (MAX_DEPTH + 1), "nested deeper", id="deep"),
        pytest.param(b"<a>" * 300_000, "nested deeper", id="very-deep"),
        pytest.param(b"<a>" + b"<b/>" * (MAX_NODES + 1), "more than", id="wide"),
        pytest.param(
            b"<a " + b" ".join(b'x%d=""' % n for n in range(100)) + b"/>", "attributes", id="words"
        ),
        pytest.param(b"<a>" + b"x" * MAX_BYTES, "larger than", id="large"),
        pytest.param(b"<html><p>hello", "not XML", id="html"),
        pytest.param(b"", "not XML", id="empty"),
        pytest.param(b"\0\0\0", "not XML", id="zeros"),
        pytest.param(b"<a>&undefined;</a>", "not XML", id="unknown-entity"),
        pytest.param(b"<a/><b/>", "not XML", id="two-roots"),
    ],
)
def test_hostile_xml_is_refused_in_a_sentence_and_soon(data: bytes, words: str) -> None:
    began = time.monotonic()
    with pytest.raises(SourceRefused, match=words):
        parse(data)
    assert time.monotonic() - began < 1.0


@pytest.mark.parametrize(
    ("data", "name"),
    [
        pytest.param('<?xml version="1.0" encoding="UTF-8"?><n>Tür</n>'.encode(), "Tür", id="utf8"),
        pytest.param("\ufeff<n>Tür</n>".encode(), "Tür", id="bom"),
        pytest.param("<n>Tür</n>".encode("utf-16"), "Tür", id="utf16"),
        pytest.param(
            '<?xml version="1.0" encoding="ISO-8859-1"?><n>Tür</n>'.encode("latin-1"),
            "Tür",
            id="latin1",
        ),
        pytest.param(
            '<?xml version="1.0" encoding="GB2312"?><n>门口</n>'.encode("gb2312"), "门口", id="gb"
        ),
        pytest.param(
            b'<?xml version="1.0" encoding="utf-8"?><n>T\xfcr</n>', "T\ufffdr", id="wrong"
        ),
    ],
)
def test_names_in_any_encoding_leave_the_answer_readable(data: bytes, name: str) -> None:
    assert parse(data).text == name


def test_a_part_is_sent_back_as_it_came_with_its_namespaces() -> None:
    root = parse(
        b'<s:E xmlns:s="soap" xmlns:w="axis"><s:R><w:Id w:k="a&amp;b">7 &lt; 8</w:Id></s:R></s:E>'
    )
    part = next(root.find("Id"))

    text = as_written(root, part)

    assert text == '<w:Id xmlns:s="soap" xmlns:w="axis" w:k="a&amp;b">7 &lt; 8</w:Id>'
    assert parse(text.encode()).text == "7 < 8"


def test_a_part_that_is_too_large_is_not_sent_back() -> None:
    root = parse(b"<a><b>" + b"x" * 5000 + b"</b></a>")
    with pytest.raises(SourceRefused, match="4 KiB"):
        as_written(root, next(root.find("b")))


def test_names_that_would_write_on_the_terminal_are_tamed() -> None:
    assert clean("Front\x1b[2J\n Door\u202e") == "Front [2J Door"
    assert clean("x" * 500) == "x" * 125 + "..."


@given(st.binary(max_size=2000))
def test_any_bytes_give_a_document_or_our_error(data: bytes) -> None:
    with suppress(SourceRefused):
        parse(data)


@given(st.recursive(st.text("ab<>&\"'\x00é", max_size=9), lambda i: st.lists(i, max_size=4)))
def test_nested_text_gives_a_document_or_our_error(tree: object) -> None:
    def write(value: object) -> str:
        return f"<x>{value}</x>" if isinstance(value, str) else "".join(map(write, list(value)))  # type: ignore[call-overload]

    with suppress(SourceRefused):
        parse(f"<root>{write(tree)}</root>".encode())
