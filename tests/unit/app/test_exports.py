"""Exports: what is asked for makes sense, files are named safely, old ones go."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from vedette.app.exports import Exports, check
from vedette.contracts.errors import InvalidInput

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
WISH: dict[str, Any] = {
    "camera_id": "yard",
    "begin": "2026-03-01T12:00:00Z",
    "end": "2026-03-01T12:05:00Z",
}


@pytest.fixture
def exports(tmp_path: Path) -> Exports:
    return Exports(None, tmp_path / "exports")  # type: ignore[arg-type]  # nothing is played


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"camera_id": "../etc"}, "camera_id"),
        ({"begin": "noon"}, "begin"),
        ({"begin": "2026-03-01T12:00:00"}, "begin"),
        ({"end": "2026-03-01T12:00:00Z"}, "ends after it begins"),
        ({"end": "2026-03-02T12:00:00Z"}, "at most 6 hours"),
        ({"speed": 2}, "speed"),
    ],
)
def test_what_makes_no_sense_is_refused(change: dict[str, Any], complaint: str) -> None:
    check(WISH)
    with pytest.raises(InvalidInput, match=complaint):
        check({**WISH, **change})


@pytest.mark.parametrize("name", ["../x.mp4", "a/b.mp4", ".hidden", "..", ""])
def test_names_that_lead_elsewhere_are_refused(exports: Exports, name: str) -> None:
    assert exports.file("job", "yard.mp4").name == "yard.mp4"
    with pytest.raises(InvalidInput):
        exports.file("job", name)
    with pytest.raises(InvalidInput):
        exports.file("../job", "yard.mp4")


def test_what_is_old_goes_and_the_rest_stays(exports: Exports, tmp_path: Path) -> None:
    exports.tidy(NOON, timedelta(days=7))  # nothing was ever exported
    for name, days in (("old", 8), ("young", 6)):
        folder = tmp_path / "exports" / name
        folder.mkdir(parents=True)
        (folder / "yard.mp4").write_bytes(b"film")
        at_s = (NOON - timedelta(days=days)).timestamp()
        os.utime(folder, (at_s, at_s))
    exports.tidy(NOON, timedelta(days=7))

    assert [each.name for each in (tmp_path / "exports").iterdir()] == ["young"]
