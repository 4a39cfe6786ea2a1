"""Changes are written into the operator's file, and everything else in it stays as it was."""

from pathlib import Path

import pytest

from vedette.app.write_settings import write_settings, written
from vedette.contracts.errors import StorageFailed

FILE = """\
# My house.
retention:
  max_gb: 10 # the old disk
  max_days: "30"

cameras:
  # At the door.
  - id: door
    source: rtsp://10.0.0.1/1
    detect: {fps: 5} # enough
  - {id: yard, source: a.mp4}
"""


def test_what_is_changed_is_changed_and_comments_stay() -> None:
    text = written(
        FILE,
        {
            "retention": {"max_gb": 50},
            "cameras": {
                "door": {"detect": {"fps": 2}, "rules": {"person": {"type": "presence"}}},
                "yard": None,
                "attic": {"source": "b.mp4", "zones": {"bed": {"kind": "area"}}},
            },
            "api": {"port": 9000},
        },
    )

    assert (
        text
        == """\
# My house.
retention:
  max_gb: 50 # the old disk
  max_days: "30"

cameras:
  # At the door.
  - id: door
    source: rtsp://10.0.0.1/1
    detect: {fps: 2} # enough
    rules:
      - id: person
        type: presence
  - id: attic
    source: b.mp4
    zones:
      - id: bed
        kind: area
api:
  port: 9000
"""
    )


def test_a_file_is_replaced_whole_with_its_rights(tmp_path: Path) -> None:
    file = tmp_path / "vedette.yaml"
    file.write_text(FILE)
    file.chmod(0o600)

    write_settings(file, {"retention": {"max_gb": 50}})

    assert "max_gb: 50" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["vedette.yaml"]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageFailed, match=r"no\.yaml cannot be written: No such file"):
        write_settings(tmp_path / "no.yaml", {})
