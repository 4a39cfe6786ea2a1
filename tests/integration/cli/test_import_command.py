"""`vedette config import`: files of others become valid settings, with a list of the rest."""

from pathlib import Path

import pytest

from tests.command import vedette
from tests.unit.config.test_import_frigate import FILE

SPYONCINO = """
cameras:
  - {camera_id: Default Cam, usb_port: 0, width: 960, height: null, fps: null}
  - {camera_id: gate, rtsp_url: "@secrets cameras.gate", interval_seconds: 1.0}
detection:
  interval: 2.0
  confidence: 0.25
  class_filter: [person, dog]
  alert_labels: [person]
  alert_pipeline: {min_confidence: 0.35, cooldown_seconds: 45}
  zoning:
    enabled: true
    zones:
      - camera_id: gate
        zones:
          door: {bounds: [0.0, 0.0, 0.6, 1.0], labels: [person], action: include}
          tree: {bounds: [0.8, 0.0, 1.0, 0.5], action: exclude}
  notifications: {gif: {duration_seconds: 3.0, fps: 10}}
storage: {path: recordings, retention_hours: 36, low_space_threshold_gb: 2.0}
system: {security: {notification_chat_id: 4711}, logging: {log_level: INFO}}
outputs:
  modules:
    - {module: modules.output.telegram_notifier, additive: true}
    - {module: modules.output.email_notifier, enabled: false}
    - {module: modules.output.webhook_notifier, options: {url: "https://example.org/hook"}}
"""


@pytest.mark.parametrize(
    ("text", "product", "cameras"), [(FILE, "frigate", 2), (SPYONCINO, "spyoncino", 2)]
)
def test_a_file_of_another_product_becomes_valid_settings(
    tmp_path: Path, text: str, product: str, cameras: int
) -> None:
    given, made = tmp_path / "config.yml", tmp_path / "vedette.yaml"
    given.write_text(text)
    secrets = {
        "FRIGATE_RTSP_PASSWORD": "a b",
        "FRIGATE_ONVIF": "c",
        "FRIGATE_MQTT_PASSWORD": "d",
        "CAMERAS_GATE": "rtsp://gate/1",
        "TELEGRAM_TOKEN": "123456:ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghi",
    }

    done = vedette("config", "import", given, "--output", made)
    checked = vedette("config", "check", made, env=secrets)
    again = vedette("config", "import", given, "--output", made)
    forced = vedette("config", "import", given, "--output", made, "--force")

    assert done.code == 0, done.err
    assert f"{cameras} cameras" in done.out
    assert product in done.out
    assert checked.code == 0, checked.err
    assert again.code == 7
    assert "--force" in " ".join(again.err.split())
    assert forced.code == 0
    assert "# Not taken over" in made.read_text()


def test_spyoncinos_settings_are_the_same_in_ours(tmp_path: Path) -> None:
    given = tmp_path / "config.yaml"
    given.write_text(SPYONCINO)

    shown = vedette("config", "import", given, "-o", "-").out

    for line in (
        "id: default_cam",
        "device: '0'",
        "# - cameras[0]: width and height count only together; the camera's own are used",
        "secret: CAMERAS_GATE",
        "min_score: 0.35",
        "kind: exclude",
        "preview_s: 3.0",
        "quiet_s: 45.0",
        "secret: TELEGRAM_TOKEN",
        "url: https://example.org/hook",
        "max_days: 1.5",
        "min_free_gb: 2.0",
        "# - system.logging.log_level: it has no counterpart",
        "# - storage.path: where everything is kept is told at the start: `vedette up --data`",
        "# - cameras[1].interval_seconds: it has no counterpart",
    ):
        assert line in shown, shown


@pytest.mark.parametrize(
    ("text", "words", "sentence"),
    [
        ("cameras: {}\n", (), "neither like Frigate's settings"),
        ("cameras: {}\n", ("--from", "frigate"), "there is no camera in it"),
        ("cameras: {}\n", ("--from", "zoneminder"), "there are: frigate, spyoncino"),
        ("cameras: [\n", (), "config.yml:"),
        (
            "cameras: {a: {objects: {filters: {car: {threshold: 7}}}, "
            "ffmpeg: {inputs: [{path: 'rtsp://a/b'}]}}}\n",
            (),
            "cameras[0].detect.min_score.car",
        ),
    ],
)
def test_what_cannot_be_imported_is_refused_and_nothing_is_written(
    tmp_path: Path, text: str, words: tuple[str, ...], sentence: str
) -> None:
    given, made = tmp_path / "config.yml", tmp_path / "vedette.yaml"
    given.write_text(text)

    done = vedette("config", "import", given, "-o", made, *words)

    assert done.code != 0
    assert sentence in " ".join(done.err.split())
    assert not made.exists()
