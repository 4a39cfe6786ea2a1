"""A settings file is read with its lines, and everything that could surprise is refused."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vedette.config.reader import MOST_BYTES, load_yaml, parse_yaml
from vedette.contracts.errors import InvalidConfig

GOOD = """\
# a comment
defaults: &slow
  fps: 2
  score: 0.5
cameras:
  - id: yard          # line 6
    enabled: yes
    live: true
    detect:
      <<: *slow
      fps: 5
    zones: [{id: porch,
             polygon: [[0, 0], [1, 0], [1, 1]]}]
  - id: "007"
    since: 2026-01-01
    again: *slow
    nothing:
"""


def test_plain_values_come_out_with_their_lines() -> None:
    document = parse_yaml(GOOD.encode(), name="home.yaml")

    yard, seven = document.data["cameras"]
    assert yard["id"] == "yard"
    assert yard["enabled"] == "yes"
    assert yard["live"] is True
    assert yard["detect"] == {"fps": 5, "score": 0.5}
    assert yard["zones"][0]["polygon"] == [[0, 0], [1, 0], [1, 1]]
    assert seven == {
        "id": "007",
        "since": "2026-01-01",
        "again": {"fps": 2, "score": 0.5},
        "nothing": None,
    }
    assert document.line_of(("cameras", 0, "id")) == 6
    assert document.line_of(("cameras", 0, "detect", "fps")) == 11
    assert document.line_of(("cameras", 0, "detect", "score")) == 4
    assert document.line_of(("cameras", 0, "zones", 0, "polygon", 2, 1)) == 13
    assert document.line_of(("cameras", 1)) == 14
    assert document.line_of(("cameras", 1, "again", "fps")) == 3
    assert document.line_of(("cameras", 1, "colour")) == 14
    assert document.where(("cameras", 0, "id")) == "home.yaml:6: cameras[0].id"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-17", -17),
        ("0x1F", 31),
        ("0o17", 15),
        ("1_000", 1000),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("-.inf", float("-inf")),
        ("true", True),
        ("False", False),
        ("no", "no"),
        ("on", "on"),
        ("~", None),
        ("''", ""),
        ("'1'", "1"),
        ("12:30", "12:30"),
        ("a b", "a b"),
        ("|\n  two\n  lines\n", "two\nlines\n"),
    ],
)
def test_scalars_are_read_as_yaml_1_2(text: str, value: object) -> None:
    found = parse_yaml(f"key: {text}".encode(), name="f").data["key"]

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "f.yaml:1: the file is empty; settings begin with a key like `cameras:`"),
        ("# only a comment\n", "f.yaml:1: the file is empty"),
        ("- a\n- b\n", "f.yaml:1: found a list where keys like `cameras:` are expected"),
        ("\njust text\n", "f.yaml:2: found the text 'just text' where keys"),
        ("a: 1\n\tb: 2\n", "f.yaml:2: a tab is used for indentation; use spaces"),
        ("a:\n\t- 1\n", "f.yaml:2: a tab is used for indentation; use spaces"),
        ("a: 1\nb: 2\na: 3\n", "f.yaml:3: the key 'a' is here twice (first in line 1)"),
        ("a:\n  b: 1\n  'b': 2\n", "f.yaml:3: the key 'b' is here twice (first in line 2)"),
        ("a: 1\n---\nb: 2\n", "f.yaml:2: a second document begins here"),
        ("a: !!python/object:os.system {}\n", "f.yaml:1: tags like"),
        ("a: !secret x\n", "f.yaml:1: tags like `!secret` are not allowed; write plain values"),
        ("a: *nobody\n", "f.yaml:1: `*nobody` refers to no `&nobody` above it"),
        ("a: &a\n  b: *a\n", "f.yaml:2: `*a` contains itself"),
        ("a: &a [1, *a]\n", "f.yaml:1: `*a` contains itself"),
        ("a: 1\n2: 3\n", "f.yaml:2: a key must be text, this one is 2; put it in quotes"),
        ("? [a, b]\n: 3\n", "f.yaml:1: a key must be text, this one is a list or mapping"),
        ("a: 1\n<<: 3\n", "f.yaml:2: `<<` takes a mapping, or a list of mappings"),
        ("a: b: c\n", "f.yaml:1: there is a second `:` here"),
        ("a: [1, 2\nb: 3\n", "f.yaml:"),
        ("a: 'never closed\n", "f.yaml:2: a quoted text is never closed"),
        ("a: @home\n", "f.yaml:1: a text cannot begin with '@'; put it in quotes"),
        ("a:\n    b: 1\n  c: 2\n", "f.yaml:3: "),
        ("a: 1\n  b: 2\n", "f.yaml:2: there is a second `:` here, or a line is indented"),
        ("a: \x00\n", "f.yaml:1: contains the control character U+0000"),
        ("a: 1\nb: \x1b[31m\n", "f.yaml:2: contains the control character U+001B"),
        ("a: " + "[" * 40 + "]" * 40, "f.yaml:1: is nested more than 32 deep"),
        ("a: " + "[" * 100_000, "f.yaml:1: is nested more than 32 deep"),
        ("".join("  " * i + f"k{i}:\n" for i in range(40)), "is nested more than 32 deep"),
        ("a: 0b2\n%", "f.yaml:"),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(InvalidConfig) as caught:
        parse_yaml(text.encode(), name="f.yaml")

    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_alias_bomb_is_refused_before_it_grows() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 30)]

    with pytest.raises(InvalidConfig, match=r"f:5: aliases make this more than 100000 values"):
        parse_yaml("\n".join(lines).encode(), name="f")


def test_a_merge_bomb_is_refused_before_it_grows() -> None:
    lines = ["a0: &a0 {x: 1}"]
    lines += [f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 10)}]}}" for i in range(1, 30)]

    with pytest.raises(InvalidConfig, match="aliases make this more than"):
        parse_yaml("\n".join(lines).encode(), name="f")


def test_bytes_that_are_no_text_are_refused_with_their_line() -> None:
    with pytest.raises(InvalidConfig, match=r"f:2: is not UTF-8 text \(byte 0xff at 5\)"):
        parse_yaml(b"a: 1\n\xff\xd8\xff\xe0", name="f")


def test_a_file_of_another_size_or_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfig, match="there is no such file"):
        load_yaml(tmp_path / "none.yaml")
    with pytest.raises(InvalidConfig, match="cannot be read"):
        load_yaml(tmp_path)
    large = tmp_path / "large.yaml"
    large.write_bytes(b"#" * (MOST_BYTES + 1))
    with pytest.raises(InvalidConfig, match="larger than 1000 kB"):
        load_yaml(large)


def test_a_file_with_a_byte_order_mark_and_windows_line_ends_is_read(tmp_path: Path) -> None:
    file = tmp_path / "win.yaml"
    file.write_bytes(b"\xef\xbb\xbfa: 1\r\nb:\r\n  - 2\r\n")

    document = load_yaml(file)

    assert document.data == {"a": 1, "b": [2]}
    assert document.line_of(("b", 0)) == 3


def refusal_of(raw: bytes) -> str | None:
    try:
        parse_yaml(raw, name="f.yaml")
    except InvalidConfig as error:
        return str(error)
    return None


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="ab:-[]{}&*!|>'\"%@`#?, \n\t\\<0.1", max_size=60))
def test_any_text_is_read_or_refused_with_the_name_of_the_file(text: str) -> None:
    assert (refusal_of(text.encode()) or "f.yaml").startswith("f.yaml")


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_with_the_name_of_the_file(raw: bytes) -> None:
    assert (refusal_of(raw) or "f.yaml").startswith("f.yaml")
