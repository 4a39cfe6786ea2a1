"""Fetching over https and through package clients that are missing or fail."""

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.unit.models.tiny import tiny_spec
from vedette.contracts.errors import ModelUnavailable
from vedette.contracts.model import ModelSpec
from vedette.models import fetch as fetching
from vedette.models.fetch import fetch
from vedette.models.source import parse_source

BODY = bytes(range(256)) * 40
URL = "https://user:secret@models.example/x/a.onnx"


@pytest.fixture
def spec(tmp_path: Path) -> ModelSpec:
    hashes = {"a.onnx": hashlib.sha256(BODY).hexdigest()}
    return tiny_spec(tmp_path / "unused", source=URL, converter=None, source_sha256=hashes)


def client(answer: Callable[[httpx2.Request], httpx2.Response]) -> httpx2.Client:
    return httpx2.Client(transport=httpx2.MockTransport(answer))


def get(spec: ModelSpec, answer: Callable[[httpx2.Request], httpx2.Response]) -> dict[str, bytes]:
    return fetch(spec, parse_source(spec.source), http=client(answer))


def test_a_file_over_https_with_progress(spec: ModelSpec) -> None:
    told: list[tuple[int, int | None, str]] = []

    def progress(done_bytes: int, total_bytes: int | None, what: str) -> None:
        told.append((done_bytes, total_bytes, what))

    http = client(lambda request: httpx2.Response(200, content=BODY))
    files = fetch(spec, parse_source(spec.source), progress, http=http)

    assert files == {"a.onnx": BODY}
    assert told[0][:2] == (0, None)
    assert told[-1][:2] == (len(BODY), len(BODY))
    assert not any("secret" in what for *_, what in told)


def test_redirects_within_https_are_followed(spec: ModelSpec) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/x/a.onnx":
            return httpx2.Response(302, headers={"location": "/moved"})
        return httpx2.Response(200, content=BODY)

    assert get(spec, answer) == {"a.onnx": BODY}


@pytest.mark.parametrize(
    ("status", "headers", "content", "sentence"),
    [
        (404, {}, b"", "answered 404"),
        (200, {}, BODY[:-1], "has the sha256"),
        (302, {"location": "http://models.example/a"}, b"", "leads away from https"),
        (302, {"location": "/again"}, b"", "leads on more than 5 times"),
    ],
)
def test_what_goes_wrong_is_a_sentence_without_credentials(
    spec: ModelSpec, status: int, headers: dict[str, str], content: bytes, sentence: str
) -> None:
    with pytest.raises(ModelUnavailable, match=sentence) as caught:
        get(spec, lambda request: httpx2.Response(status, headers=headers, content=content))

    assert "secret" not in str(caught.value)


def test_no_network_is_a_sentence(spec: ModelSpec) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("name not known", request=request)

    with pytest.raises(ModelUnavailable, match=r"a\.onnx cannot be fetched: name not known"):
        get(spec, answer)


@pytest.mark.parametrize("declared", [True, False])
def test_too_large_a_file_is_refused_while_it_comes(
    spec: ModelSpec, monkeypatch: pytest.MonkeyPatch, declared: bool
) -> None:
    monkeypatch.setattr(fetching, "LARGEST_DOWNLOAD", 1000)

    def answer(request: httpx2.Request) -> httpx2.Response:
        if declared:
            return httpx2.Response(200, content=BODY)
        return httpx2.Response(200, content=iter([BODY, BODY]))

    with pytest.raises(ModelUnavailable, match="larger than 1000 bytes"):
        get(spec, answer)


def test_https_needs_a_hash(spec: ModelSpec) -> None:
    unpinned = spec.model_copy(update={"source_sha256": {}})

    with pytest.raises(ModelUnavailable, match="needs its sha256"):
        get(unpinned, lambda request: httpx2.Response(200, content=BODY))


def test_the_main_file_must_be_among_the_pinned_ones(spec: ModelSpec) -> None:
    other = spec.model_copy(update={"source_sha256": {"b.onnx": "0"}})

    with pytest.raises(ModelUnavailable, match=r"does not name 'a\.onnx'"):
        get(other, lambda request: httpx2.Response(200, content=BODY))


@pytest.mark.parametrize("name", ["../model.bin", "x/model.bin"])
def test_files_beside_a_file_source_have_no_folder(tmp_path: Path, name: str) -> None:
    spec = tiny_spec(tmp_path)
    hashes: dict[str, Any] = {"source_sha256": {**spec.source_sha256, name: "0"}}

    with pytest.raises(ModelUnavailable, match="without a folder"):
        fetch(spec.model_copy(update=hashes), parse_source(spec.source))


@pytest.mark.parametrize("source", ["npm:pkg@1.0.0/a.onnx", "pypi:pkg==1.0/a.onnx"])
def test_a_missing_client_says_how_to_get_it(
    spec: ModelSpec, monkeypatch: pytest.MonkeyPatch, source: str, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))

    with pytest.raises(ModelUnavailable, match="is needed to fetch this model: install"):
        fetch(spec.model_copy(update={"source": source}), parse_source(source))


def stand_in(folder: Path, name: str, script: str) -> Path:
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


def test_npm_failing_is_a_sentence_without_credentials(
    spec: ModelSpec, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    answer = '{"error": {"code": "ENOTFOUND", "summary": "request to https://me:pw@host/ failed"}}'
    stand_in(tmp_path, "npm", f"echo '{answer}'; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    source = "npm:pkg@1.0.0/a.onnx"

    with pytest.raises(ModelUnavailable, match=r"pkg@1\.0\.0: .*ENOTFOUND") as caught:
        fetch(spec.model_copy(update={"source": source}), parse_source(source))

    assert "pw" not in str(caught.value)


def test_pip_failing_is_a_sentence(
    spec: ModelSpec, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    python = stand_in(tmp_path, "python", "echo 'ERROR: No matching distribution' >&2; exit 1")
    monkeypatch.setattr(sys, "executable", str(python))
    source = "pypi:pkg==1.0/a.onnx"

    with pytest.raises(ModelUnavailable, match=r"pkg==1\.0: ERROR: No matching distribution"):
        fetch(spec.model_copy(update={"source": source}), parse_source(source))


def test_a_package_with_another_hash_is_not_opened(
    spec: ModelSpec, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stand_in(tmp_path, "npm", "echo data > package.tgz")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    source = "npm:pkg@1.0.0/a.onnx"
    pinned = spec.model_copy(update={"source": source, "archive_sha256": "0" * 64})

    with pytest.raises(ModelUnavailable, match=r"package\.tgz has the sha256 .* it is not used"):
        fetch(pinned, parse_source(source))


def test_a_client_that_hangs_is_given_up(
    spec: ModelSpec, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stand_in(tmp_path, "npm", "exec sleep 60")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(fetching, "TIMEOUT_S", 0.1)
    source = "npm:pkg@1.0.0/a.onnx"

    with pytest.raises(ModelUnavailable, match="npm did not finish within"):
        fetch(spec.model_copy(update={"source": source}), parse_source(source))
