"""The four forms of a model's source, and what is none of them."""

from pathlib import Path

import pytest

from vedette.contracts.errors import ModelUnavailable
from vedette.models.source import FileSource, HttpsSource, NpmSource, PypiSource, parse_source


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "npm:@scope/pkg@1.2.3/models/a.json",
            NpmSource(package="@scope/pkg", version="1.2.3", path="models/a.json"),
        ),
        ("npm:pkg@1.0.0-rc.1/a", NpmSource(package="pkg", version="1.0.0-rc.1", path="a")),
        (
            "pypi:My_pkg==0.2/pkg/a.pb",
            PypiSource(package="My_pkg", version="0.2", path="pkg/a.pb"),
        ),
        ("https://host/x/a%20b.onnx?raw=1", HttpsSource(url="https://host/x/a%20b.onnx?raw=1")),
        ("file:/models/a.onnx", FileSource(file=Path("/models/a.onnx"))),
        ("file:///models/a.onnx", FileSource(file=Path("/models/a.onnx"))),
        ("file:a.onnx", FileSource(file=Path("/here/a.onnx"))),
    ],
)
def test_the_four_forms(text: str, expected: object) -> None:
    assert parse_source(text, relative_to=Path("/here")) == expected


def test_the_main_file_of_an_address_is_its_last_part() -> None:
    assert HttpsSource(url="https://host/x/a%20b.onnx?raw=1").path == "a b.onnx"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nanodet",
        "npm:--prefix=/etc@1/x",
        "npm:pkg/a.json",
        "npm:pkg@latest/a.json",
        "npm:pkg@1.0.0",
        "pypi:pkg/a.pb",
        "pypi:-r==1/a.pb",
        "http://host/a.onnx",
        "https://",
        "https:///a.onnx",
        "file:",
        "ftp://host/a.onnx",
    ],
)
def test_anything_else_is_refused_with_the_four_forms(text: str) -> None:
    with pytest.raises(ModelUnavailable, match="npm:package@version/path"):
        parse_source(text)
