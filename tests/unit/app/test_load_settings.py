"""A settings file becomes settings, whatever it leaves out; secrets are never shown."""

import re
from pathlib import Path

import pytest

from tests.command import EXAMPLES, ROOT
from vedette.app.demo import demo_settings
from vedette.app.door import listen
from vedette.app.load import load_settings, show_settings
from vedette.app.settings import default_data_folder
from vedette.bus.port import BusLimits, Overflow
from vedette.config.secrets import reveal
from vedette.contracts.errors import InvalidConfig

SECRETS = {"DOOR_PASSWORD": "p/w@1", "BOT_TOKEN": "123456:" + "a" * 35}


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    return SECRETS


def readme_example(folder: Path) -> Path:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    example = re.search(r"```yaml\n(# vedette\.yaml\n.*?)```", text, re.DOTALL)
    assert example, "the README shows no settings file"
    file = folder / "vedette.yaml"
    file.write_text(example.group(1), encoding="utf-8")
    return file


def test_a_pattern_of_file_names_that_cannot_be_is_refused_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "vedette.yaml"
    lines = "cameras: [{id: yard, source: 'simulator:'}]\nfile_names: '{camera}/{date}_{time}'\n"
    file.write_text(lines)

    with pytest.raises(InvalidConfig, match=r"(?s)file_names.*letters, digits"):
        load_settings(file)


@pytest.mark.parametrize(
    ("bus", "complaint"),
    [
        ("{adapter: pigeon}", r"bus\.adapter.*no bus is called 'pigeon'; there are: memory"),
        ("{adapter: {type: memory, url: x}}", r"bus\.adapter\.url"),
        ("{watermark: 0}", r"bus\.watermark.*greater than 0"),
        ("{overflow: drop_newest}", r"bus\.overflow.*'drop_oldest' or 'pause_publisher'"),
    ],
)
def test_a_bus_that_cannot_be_is_refused_with_its_place(
    tmp_path: Path, bus: str, complaint: str
) -> None:
    file = tmp_path / "vedette.yaml"
    file.write_text(f"cameras: [{{id: yard, source: 'simulator:'}}]\nbus: {bus}\n")

    with pytest.raises(InvalidConfig, match=complaint):
        load_settings(file)


def test_numbers_may_have_units(tmp_path: Path) -> None:
    file = tmp_path / "vedette.yaml"
    camera = "{id: yard, source: 'simulator:', detect: {fps: 2 fps}}"
    file.write_text(
        f"cameras: [{camera}]\nretention: {{max_gb: 500 MB, max_days: 2w}}\n"
        "notify: {quiet_s: 5 min, channels: [{type: webhook, url: 'http://h/', timeout_s: 3s}]}\n"
    )
    settings = load_settings(file)

    assert settings.cameras[0].detect.fps == 2
    assert (settings.retention.max_gb, settings.retention.max_days) == (0.5, 14)
    assert settings.notify.quiet_s == 300
    file.write_text("cameras: [{id: y, source: 'simulator:'}]\nnotify: {quiet_s: 5 apples}\n")
    with pytest.raises(InvalidConfig, match=r"vedette\.yaml:2: notify\.quiet_s.*a number"):
        load_settings(file)


def test_the_bus_is_bounded_as_the_settings_say(tmp_path: Path) -> None:
    file = tmp_path / "vedette.yaml"
    bus = "{adapter: memory, depth: 7, overflow: pause_publisher}"
    file.write_text(f"cameras: [{{id: yard, source: 'simulator:'}}]\nbus: {bus}\n")
    settings = load_settings(file).bus

    assert settings.adapter == {"type": "memory"}
    assert settings.limits() == BusLimits(depth=7, overflow=Overflow.PAUSE_PUBLISHER)


def test_the_example_of_the_readme_is_accepted(tmp_path: Path, secrets: dict[str, str]) -> None:
    settings = load_settings(readme_example(tmp_path))

    [camera] = settings.cameras
    url = reveal(camera.source)["url"]
    assert url == "rtsp://viewer:p%2Fw%401@192.168.1.20/stream1", "percent-encoded in an address"
    assert [rule["id"] for rule in camera.rules] == ["visitor", "lingering"]
    assert reveal(settings.notify.channels[0])["token"] == secrets["BOT_TOKEN"]
    assert secrets["BOT_TOKEN"] not in repr(settings)


def test_without_its_secrets_the_example_says_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfig) as refused:
        load_settings(readme_example(tmp_path))

    assert "DOOR_PASSWORD" in str(refused.value)
    assert "BOT_TOKEN" in str(refused.value)


def test_shown_settings_are_complete_and_hide_secrets(
    tmp_path: Path, secrets: dict[str, str]
) -> None:
    shown = show_settings(readme_example(tmp_path))

    assert not any(secret in shown for secret in ("p/w@1", "p%2Fw%401", secrets["BOT_TOKEN"]))
    assert "token: '**********'" in shown
    assert "pre_roll_s: 5.0" in shown, "defaults are filled in"


def test_secrets_that_stand_in_the_file_itself_are_hidden_too(tmp_path: Path) -> None:
    file = tmp_path / "v.yaml"
    file.write_text(
        """
        cameras:
          - {id: a, source: "rtsp://viewer:hunter2@10.0.0.1/s?token=hunter3"}
          - {id: b, source: {type: http, url: "http://v:hunter4@10.0.0.1/s"}}
        notify:
          channels:
            - {type: telegram, token: "123456:hunter5aaaaaaaaaaaaaaaaaaaaaaaaaaaa", chat_ids: [1]}
            - {type: webhook, url: "https://u:hunter6@example.org/", secret: hunter7-0123456789}
            - {type: email, host: mail.example.org, sender: v@example.org,
               username: v, password: hunter8, recipients: [you@example.org]}
        """
    )

    shown = show_settings(file)

    assert "hunter" not in shown
    assert "rtsp://***@10.0.0.1/s" in shown
    assert "host: mail.example.org" in shown
    assert "username: v" in shown


def test_a_relative_path_is_meant_from_the_folder_of_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "house").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "house" / "v.yaml").write_text(
        """
        cameras:
          - {id: a, source: clips/visit.mp4}
          - {id: b, source: {type: file, path: ../visit.mp4}}
          - {id: c, source: /srv/visit.mp4}
        """
    )
    monkeypatch.chdir(tmp_path / "elsewhere")

    for name in ("../house/v.yaml", str(tmp_path / "house" / "v.yaml")):
        cameras = load_settings(Path(name)).cameras
        paths = [Path(camera.source["path"]).resolve() for camera in cameras]
        assert paths == [
            (tmp_path / "house" / "clips" / "visit.mp4").resolve(),
            (tmp_path / "visit.mp4").resolve(),
            Path("/srv/visit.mp4").resolve(),
        ]


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"VEDETTE_DATA": "/srv/v"}, Path("/srv/v")),
        ({"VEDETTE_DATA": "~/v", "XDG_DATA_HOME": "/x"}, Path.home() / "v"),
        ({"XDG_DATA_HOME": "/x"}, Path("/x/vedette")),
        ({"VEDETTE_DATA": "", "XDG_DATA_HOME": ""}, Path.home() / ".local/share/vedette"),
        ({}, Path.home() / ".local/share/vedette"),
    ],
)
def test_the_data_folder_is_where_one_expects_it(environment: dict[str, str], folder: Path) -> None:
    assert default_data_folder(environment) == folder


def test_the_demo_is_the_example_with_its_clip_and_the_present() -> None:
    settings = demo_settings(port=0)

    [camera] = settings.cameras
    assert Path(camera.source["path"]) == EXAMPLES / "pedestrians.mp4"
    assert (camera.source["start"], camera.source["loop"]) == ("now", True)
    assert settings.api.port == 0


def test_the_demo_takes_any_port_where_its_own_is_busy() -> None:
    wanted = load_settings(EXAMPLES / "demo.yaml").api.port
    try:
        taken = listen("127.0.0.1", wanted)
    except InvalidConfig:
        assert demo_settings().api.port == 0, "somebody else has it"
        return
    with taken:
        assert demo_settings().api.port == 0


def test_a_channel_names_cameras_that_there_are(tmp_path: Path) -> None:
    file = tmp_path / "vedette.yaml"
    text = "cameras: [{id: yard, source: 'simulator:'}]\nnotify: {channels: [%s]}\n"
    file.write_text(text % "{type: log, cameras: [yard], min_severity: warning}")
    [channel] = load_settings(file).notify.channels
    file.write_text(text % "{type: log, cameras: [gate]}")

    assert channel["cameras"] == ["yard"]
    with pytest.raises(
        InvalidConfig, match=r"channels\[0\]\.cameras: no camera is called 'gate'; there are: yard"
    ):
        load_settings(file)


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ("sites: [{id: default, notify: {channels: [pone]}}]", r"sites\[0\]\.notify\.channels"),
        (
            "sites: [{id: default, notify: {routes: [{channels: [pone]}]}}]",
            r"sites\[0\]\.notify\.routes\[0\]\.channels",
        ),
    ],
)
def test_channels_that_a_site_names_must_be_there(tmp_path: Path, more: str, place: str) -> None:
    file = tmp_path / "vedette.yaml"
    channels = "notify: {channels: [{type: log, id: phone}]}\n"
    file.write_text(f"cameras: [{{id: yard, source: 'simulator:'}}]\n{channels}{more}\n")

    with pytest.raises(InvalidConfig, match=rf"{place}.*no channel is called 'pone'; there are: p"):
        load_settings(file)


def test_channels_that_escalations_name_must_be_there(tmp_path: Path) -> None:
    file = tmp_path / "vedette.yaml"
    notify = "notify: {escalate: [{after_s: 60, channels: [boss]}]}\n"
    file.write_text(f"cameras: [{{id: yard, source: 'simulator:'}}]\n{notify}")

    with pytest.raises(InvalidConfig, match=r"no channel is called 'boss'; there are: none"):
        load_settings(file)
