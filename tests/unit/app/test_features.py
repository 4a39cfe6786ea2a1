"""A flagged feature is off in production and on in staging, with the same build."""

from pathlib import Path

import pytest

from tests.command import vedette
from vedette.app.load import load_settings
from vedette.app.settings import FeatureSettings
from vedette.app.settings_change import change_between
from vedette.config.features import FEATURES
from vedette.contracts.errors import InvalidConfig

MAIN = "cameras: [{id: yard, source: {type: simulator}}]\n"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("VEDETTE_ENV", raising=False)
    (tmp_path / "vedette.yaml").write_text(MAIN)
    return tmp_path / "vedette.yaml"


@pytest.mark.parametrize(
    ("environment", "on"),
    [("", False), ("production", False), ("staging", True), ("development", True)],
)
def test_the_environment_decides_where_nobody_else_does(
    file: Path, monkeypatch: pytest.MonkeyPatch, environment: str, on: bool
) -> None:
    if environment:
        monkeypatch.setenv("VEDETTE_ENV", environment)

    settings = load_settings(file)

    assert settings.features.drills is on
    assert settings.drills().enabled is on


def test_who_says_so_goes_before_the_environment(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VEDETTE_ENV", "production")
    file.write_text(MAIN + "features: {drills: true}\n")
    assert load_settings(file).drills().enabled is True
    monkeypatch.setenv("VEDETTE_ENV", "staging")
    monkeypatch.setenv("VEDETTE__FEATURES__DRILLS", "false")
    assert load_settings(file).drills().enabled is False
    file.write_text(MAIN + "resilience: {enabled: true}\n")
    assert load_settings(file).drills().enabled is True, "the older word for it"


def test_an_unknown_flag_is_refused_with_its_line(file: Path) -> None:
    file.write_text(MAIN + "features: {dril: true}\n")
    with pytest.raises(InvalidConfig, match=r"vedette.yaml:2.*dril"):
        load_settings(file)
    file.write_text(MAIN + "features: all\n")
    with pytest.raises(InvalidConfig, match=r"vedette.yaml:2.*features"):
        load_settings(file)


def test_every_flag_is_a_setting_and_every_setting_a_flag() -> None:
    assert {each.name for each in FEATURES} == set(FeatureSettings.model_fields)
    assert not any("production" in each.on_in for each in FEATURES)
    assert not any(field.default for field in FeatureSettings.model_fields.values())


def test_a_flag_is_a_change_like_any_other(file: Path) -> None:
    before = load_settings(file)
    file.write_text(MAIN + "features: {drills: true}\n")

    change = change_between(before, load_settings(file))

    assert change.parts == {"features"}
    assert change.keys == ("features.drills",)
    assert not change.pending


def test_people_see_which_are_on_and_who_says_so(file: Path) -> None:
    file.write_text(MAIN + "features: {drills: true}\n")
    said = vedette("config", "features", file).out
    assert "drills" in said
    assert "on" in said
    assert "vedette.yaml:2" in said

    file.write_text(MAIN)
    said = vedette("config", "features", file).out
    assert "off" in said
    assert "VEDETTE_ENV" in said
