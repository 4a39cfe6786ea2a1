"""ONVIF in the settings: an address that may hold a secret, and a trigger that needs it."""

from pathlib import Path

import pytest

from vedette.app.load import load_settings, show_settings
from vedette.contracts.errors import InvalidConfig

CAMERA = """
cameras:
  - id: yard
    source: rtsp://viewer:${{secret:DOOR}}@192.0.2.7/1
    {onvif}
    gate: {{triggers: [onvif]}}
"""
PASSWORD = "p@ss/1"  # noqa: S105


def written(folder: Path, onvif: str) -> Path:
    file = folder / "vedette.yaml"
    file.write_text(CAMERA.format(onvif=onvif))
    (folder / ".env").write_text(f"DOOR={PASSWORD}\n")
    return file


def test_the_address_may_hold_a_secret_and_does_not_show_it(tmp_path: Path) -> None:
    file = written(tmp_path, 'onvif: {url: "http://viewer:${secret:DOOR}@192.0.2.7/onvif/d"}')

    (camera,) = load_settings(file).cameras

    assert camera.onvif is not None
    assert camera.onvif.config().url == "http://viewer:p%40ss%2F1@192.0.2.7/onvif/d"
    assert not camera.onvif.verify_tls
    shown = f"{camera!r} {camera.onvif.config()!r} {show_settings(file)}"
    assert "p%40ss" not in shown
    assert PASSWORD not in shown


def test_an_address_that_is_none_is_refused_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfig, match="no address of a camera") as refused:
        load_settings(written(tmp_path, 'onvif: {url: "ftp://viewer:${secret:DOOR}@192.0.2.7/x"}'))
    assert "p%40ss" not in str(refused.value)
    assert "onvif" in str(refused.value)


def test_the_trigger_needs_an_address(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfig, match=r"gate\.triggers has `onvif`"):
        load_settings(written(tmp_path, "name: Yard"))
