"""Secrets come from a folder, the environment or `.env`, and never show."""

import json
from pathlib import Path

import pytest
from pydantic import BaseModel, SecretStr

from vedette.config.document import Document
from vedette.config.reader import parse_yaml
from vedette.config.secrets import Secrets, parse_env, resolve, reveal
from vedette.contracts.errors import InvalidConfig


def document(text: str) -> Document:
    return parse_yaml(text.encode(), name="home.yaml")


def resolved(text: str, **environment: str) -> object:
    return reveal(resolve(document(text), Secrets(environment=environment)).data["key"])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("key: {secret: P}", "s3/cret@"),
        ("key: ${secret:P}", "s3/cret@"),
        ("key: before ${secret:P} after", "before s3/cret@ after"),
        (
            "key: rtsp://admin:${secret:P}@10.0.0.7:554/1",
            "rtsp://admin:s3%2Fcret%40@10.0.0.7:554/1",
        ),
        ("key: rtsp://${secret:U}:${secret:P}@h/1", "rtsp://b%20b:s3%2Fcret%40@h/1"),
        ("key: $${secret:P}", "${secret:P}"),
        ("key: [1, {a: {secret: U}}]", [1, {"a": "b b"}]),
        ("key: {secret: P, other: 1}", {"secret": "P", "other": 1}),
        ("key: {secret: 5}", {"secret": 5}),
        ("key: {secret: {secret: P}, url: x}", {"secret": "s3/cret@", "url": "x"}),
        ("key: ${HOME} $x", "${HOME} $x"),
    ],
)
def test_references_are_replaced(text: str, value: object) -> None:
    assert resolved(text, P="s3/cret@", U="b b") == value


def test_a_whole_address_may_be_a_secret_and_is_taken_as_it_is() -> None:
    assert resolved("key: ${secret:URL}", URL="rtsp://a:b@h/1") == "rtsp://a:b@h/1"


def test_the_folder_wins_over_the_environment_and_that_over_the_env_file(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "A").write_text("from folder\n")
    env_file = tmp_path / ".env"
    env_file.write_text("A=from file\nB=from file\nC=from file\n")
    secrets = Secrets(folder=folder, environment={"A": "env", "B": "env"}, env_file=env_file)

    found = [secrets.find(name) for name in "ABCD"]

    assert [f and f.get_secret_value() for f in found] == ["from folder", "env", "from file", None]


@pytest.mark.parametrize("name", ["../A", "..", ".", "", "a/b", "/etc/passwd", "a" * 65, "a\n"])
def test_a_name_that_is_no_name_leads_nowhere(tmp_path: Path, name: str) -> None:
    (tmp_path / "A").write_text("x")
    (tmp_path / "secrets").mkdir()

    assert Secrets(folder=tmp_path / "secrets", environment={name: "x"}).find(name) is None


def test_what_is_missing_is_told_with_line_and_places(tmp_path: Path) -> None:
    text = "one: {secret: A}\ntwo:\n  - rtsp://u:${secret:B}@h\n  - ${secret:no name}\n"
    secrets = Secrets(folder=tmp_path, env_file=Path(".env"))

    with pytest.raises(InvalidConfig) as caught:
        resolve(document(text), secrets)

    assert str(caught.value).splitlines() == [
        f"home.yaml:1: one: the secret 'A' is not set; put it in the file {tmp_path / 'A'}, or "
        "the environment variable A, or a line `A=...` in .env",
        f"home.yaml:3: two[0]: the secret 'B' is not set; put it in the file {tmp_path / 'B'}, or "
        "the environment variable B, or a line `B=...` in .env",
        "home.yaml:4: two[1]: 'no name' is no name of a secret; use letters, digits, `_`, `-` and "
        "`.`",
    ]


def test_resolved_values_show_nowhere() -> None:
    class Door(BaseModel):
        source: dict[str, object]
        password: SecretStr

    raw = document("source: {url: 'rtsp://u:${secret:P}@h'}\npassword: {secret: P}\n")
    secrets = Secrets(environment={"P": "hunter2"})
    door = Door.model_validate(resolve(raw, secrets).data)

    shown = [repr(door), str(door), door.model_dump_json(), str(door.model_dump()), repr(secrets)]
    assert not any("hunter2" in text for text in shown)
    assert json.loads(door.model_dump_json())["source"] == {"url": "**********"}
    assert reveal(door.source) == {"url": "rtsp://u:hunter2@h"}


def test_the_document_itself_is_left_as_it_was() -> None:
    raw = document("key: {secret: P}")
    resolve(raw, Secrets(environment={"P": "x"}))

    assert raw.data == {"key": {"secret": "P"}}


def test_env_files_are_read_as_shells_write_them() -> None:
    text = (
        "# comment\nA=1\nexport B = two words # why\nC='a # b'\nD=\"x y\"\n\nE=\nno assignment\n"
        "F=a#b\nG=a=b\n"
    )

    assert parse_env(text) == {
        "A": "1",
        "B": "two words",
        "C": "a # b",
        "D": "x y",
        "E": "",
        "F": "a#b",
        "G": "a=b",
    }


def test_a_secret_that_is_no_text_or_too_large_is_refused(tmp_path: Path) -> None:
    (tmp_path / "A").write_bytes(b"\xff\xfe")
    (tmp_path / "B").write_bytes(b"x" * 70_000)
    secrets = Secrets(folder=tmp_path)

    with pytest.raises(InvalidConfig, match="is not UTF-8 text"):
        secrets.find("A")
    with pytest.raises(InvalidConfig, match="is larger than 64 KiB"):
        secrets.find("B")
