"""Which layer counts: the file, the one for the environment, `.env`, variables; and who says so."""

from pathlib import Path

import pytest

from tests.command import ROOT, vedette
from vedette.app.load import load_settings
from vedette.app.where import where
from vedette.config.environment import example
from vedette.config.secrets import parse_env
from vedette.contracts.errors import InvalidConfig

MAIN = """\
cameras:
  - {id: yard, source: "rtsp://viewer:hunter2@10.0.0.1/s", detect: {fps: 1}}
retention: {max_gb: 1}
notify: {channels: [{type: telegram, token: {secret: BOT}, chat_ids: [1]}]}
"""
BOT = "123456:" + "a" * 35
KEY = "retention.max_gb"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BOT", BOT)
    monkeypatch.delenv("VEDETTE_ENV", raising=False)
    (tmp_path / "vedette.yaml").write_text(MAIN)
    return tmp_path / "vedette.yaml"


def test_each_layer_goes_before_the_one_below(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    production = file.with_name("vedette.production.yaml")
    production.write_text("retention: {max_gb: 2}\n")
    env = file.with_name(".env")
    env.write_text("VEDETTE__RETENTION__MAX_GB=3\n")
    monkeypatch.setenv("VEDETTE_ENV", "production")
    monkeypatch.setenv("VEDETTE__RETENTION__MAX_GB", "4")

    assert load_settings(file).retention.max_gb == 4
    said = where(file, KEY)
    assert [each.value for each in said] == ["4", "3", "2", "1"]
    assert [each.counts for each in said] == [True, False, False, False]
    assert [each.place.replace(str(file.parent), "") for each in said] == [
        "the environment variable VEDETTE__RETENTION__MAX_GB",
        "/.env: VEDETTE__RETENTION__MAX_GB",
        "/vedette.production.yaml:1",
        "/vedette.yaml:3",
    ]
    monkeypatch.delenv("VEDETTE__RETENTION__MAX_GB")
    assert load_settings(file).retention.max_gb == 3
    env.unlink()
    assert load_settings(file).retention.max_gb == 2
    monkeypatch.setenv("VEDETTE_ENV", "staging")
    assert load_settings(file).retention.max_gb == 1


def test_where_nobody_says_anything_the_default_counts(file: Path) -> None:
    [said] = where(file, "retention.max_days")
    assert (said.place, said.value, said.counts) == ("default", "30.0", True)
    [events] = where(file, "cameras.yard.events.pre_roll_s")
    assert events.value == "5.0"
    with pytest.raises(InvalidConfig, match=r"no setting 'retention\.max_gigabytes' here"):
        where(file, "retention.max_gigabytes")


def test_secrets_are_not_shown(file: Path) -> None:
    assert where(file, "notify.channels[0].token")[0].value == "the secret BOT"
    assert "hunter2" not in where(file, "cameras.yard.source")[0].value


def test_an_error_points_at_the_layer_that_is_to_blame(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VEDETTE__RETENTION__MAX_GB", "-1")
    with pytest.raises(InvalidConfig, match="the environment variable VEDETTE__RETENTION__MAX_GB"):
        load_settings(file)
    monkeypatch.setenv("VEDETTE_ENV", "holiday")
    with pytest.raises(InvalidConfig, match="'holiday'; it is one of: development, staging"):
        load_settings(file)


def test_the_command_says_where_and_the_example_is_up_to_date(file: Path) -> None:
    said = vedette("config", "where", KEY, file, env={"VEDETTE__RETENTION__MAX_GB": "7"})
    assert said.code == 0, said.err
    first, second = (line for line in said.out.splitlines() if "1" in line or "7" in line)
    assert "counts" in first
    assert "VEDETTE__RETENTION__MAX_GB" in first
    assert "vedette.yaml:3" in second
    printed = vedette("config", "env-example")
    assert printed.out == example() == (ROOT / ".env.example").read_text("utf-8")


@pytest.mark.parametrize(
    ("environment", "channels", "recorded"),
    [
        ("development", ["diary"], False),
        ("staging", ["diary"], True),
        ("production", ["diary", "phone"], True),
    ],
)
def test_the_settings_that_are_shipped_load_in_each_environment(
    environment: str, channels: list[str], recorded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = ROOT / "config" / "settings"
    monkeypatch.setenv("VEDETTE_ENV", environment)
    needed = parse_env((shipped / "secrets.example").read_text("utf-8"))
    for name in needed:
        monkeypatch.setenv(name, BOT)
    settings = load_settings(shipped / "vedette.yaml")

    assert [channel["id"] for channel in settings.notify.channels] == channels
    assert (settings.cameras[0].record.mode == "always") is recorded
    if environment == "production":
        monkeypatch.delenv("BOT_TOKEN")
        with pytest.raises(
            InvalidConfig, match=r"vedette\.production\.yaml.*'BOT_TOKEN' is not set"
        ):
            load_settings(shipped / "vedette.yaml")
