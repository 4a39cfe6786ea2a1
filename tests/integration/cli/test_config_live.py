"""Settings of a running product: changed, looked up, restored, written; by hand, bus and file."""

import json
import re
from pathlib import Path

import pytest

from tests.command import vedette
from tests.running import Running

SETTINGS = """\
# A yard.
cameras:
  - {id: yard, source: {type: simulator, pace: realtime}}
  - {id: gate, source: {type: simulator, pace: realtime}} # the second one
detector: {type: blob}
retention: {max_days: 30}
workers: WORKERS
api: {port: 0}
"""


def frames(product: Running) -> dict[str, tuple[str, int]]:
    """State and pictures looked at, by camera."""
    cameras = product.http.get("/api/v1/status").json()["cameras"]
    return {each["camera_id"]: (each["state"], each["reconnects"]) for each in cameras}


def version(product: Running) -> int:
    return int(product.http.get("/api/v1/config").json()["version"])


@pytest.mark.timeout(180)
@pytest.mark.parametrize("workers", [0, 1])
def test_cameras_come_and_go_and_change_while_others_go_on(tmp_path: Path, workers: int) -> None:
    settings, here = tmp_path / "vedette.yaml", ("--data", tmp_path / "data")
    settings.write_text(SETTINGS.replace("WORKERS", str(workers)))
    with Running("up", "--config", settings, *here) as product:
        product.until(lambda: frames(product)["yard"][0] == "online", "the yard")
        zone = "{polygon: [[0, 0], [1, 0], [1, 1]]}"
        zoned = vedette("config", "set", "cameras.yard.zones.lawn", zone, *here)
        added = vedette(
            "config", "set", "cameras.attic", "{source: {type: simulator, pace: realtime}}", *here
        )
        product.until(lambda: frames(product)["attic"][0] == "online", "the attic")
        picture = product.until(
            lambda: product.http.get("/live/attic.jpg").status_code == 200, "its picture"
        )
        removed = vedette("config", "set", "cameras.gate", "null", *here)
        product.until(lambda: "gate" not in frames(product), "no gate")
        slower = vedette("config", "set", "cameras.attic.detect.fps", "1", *here)
        shown = product.http.get("/api/v1/config").json()
        states = frames(product)
        assert product.stop() == 0

    assert "cameras.yard.zones" in zoned.out
    assert "began anew" not in zoned.out, "other zones do not open a stream again"
    assert "camera attic" in added.out
    assert picture
    assert "cameras.gate" in removed.out
    assert "began anew: camera attic" in slower.out
    assert [each["id"] for each in shown["settings"]["cameras"]] == ["yard", "attic"]
    assert states["yard"][1] == 0, "the yard was never opened again"


@pytest.mark.timeout(180)
def test_settings_have_a_history_and_can_be_restored_and_written(tmp_path: Path) -> None:
    settings, here = tmp_path / "vedette.yaml", ("--data", tmp_path / "data")
    text = SETTINGS.replace("WORKERS", "0")
    settings.write_text(text)
    with Running("up", "--config", settings, *here) as product:
        kept = vedette("config", "set", "retention.max_days", "7", *here)
        wrong = vedette("config", "set", "retention.max_days", "many", *here)
        later = vedette("config", "set", "api.base_url", "http://house", *here)
        history = vedette("config", "history", *here)
        diff = vedette("config", "diff", "1", "2", *here)
        untouched = settings.read_text()
        back = vedette("config", "restore", "2", *here)
        written = vedette("config", "write", settings, *here)
        after = product.http.get("/api/v1/config").json()
        assert product.stop() == 0

    assert "version 2: retention.max_days" in kept.out
    assert "began anew" not in kept.out
    assert wrong.code == 2
    assert "retention.max_days" in " ".join(wrong.err.split())
    assert "from the next start on: api.base_url" in later.out
    assert re.search(r"3 .*update", history.out)
    assert "30" in diff.out
    assert untouched == text
    assert "version 4" in back.out
    assert written.code == 0, written.err
    assert "max_days: 7" in settings.read_text()
    assert "# the second one" in settings.read_text()
    assert (after["origin"], after["settings"]["retention"]["max_days"]) == ("restore", 7.0)


@pytest.mark.timeout(120)
def test_a_file_that_was_saved_counts_and_one_that_is_wrong_does_not(tmp_path: Path) -> None:
    settings, data = tmp_path / "vedette.yaml", tmp_path / "data"
    text = SETTINGS.replace("WORKERS", "0")
    settings.write_text(text)
    with Running("up", "--config", settings, "--data", data) as product:
        settings.write_text(text[:60])  # half written
        product.until(
            lambda: any("are not used" in line for line in product.complaints), "the refusal"
        )
        half = version(product)
        settings.write_text(text.replace("max_days: 30", "max_days: 12"))
        product.until(lambda: version(product) == 2, "the file's new settings")
        shown = product.http.get("/api/v1/config").json()
        assert product.stop() == 0

    assert half == 1
    assert shown["origin"] == "file"
    assert shown["settings"]["retention"]["max_days"] == 12.0


@pytest.mark.timeout(120)
def test_a_product_that_is_killed_has_the_old_settings_or_the_new_ones(tmp_path: Path) -> None:
    settings, data = tmp_path / "vedette.yaml", tmp_path / "data"
    settings.write_text(SETTINGS.replace("WORKERS", "0"))
    here = ("--data", data)
    with Running("up", "--config", settings, *here) as product:
        assert vedette("config", "set", "retention.max_days", "7", *here).code == 0
        product.kill()
    with Running("up", "--config", settings, *here) as product:
        after = product.http.get("/api/v1/config").json()
        assert product.stop() == 0
    settings.write_text(settings.read_text() + "policies: {longest_days: 5}\n")
    refused = vedette("up", "--config", settings, *here)
    wrong_file = refused.err
    settings.write_text(SETTINGS.replace("WORKERS", "0") + "policies: {longest_days: 31}\n")
    back = vedette("config", "restore", "0", *here)
    with Running("up", "--config", settings, *here) as product:
        clean = product.http.get("/api/v1/config").json()
        versions = product.http.get("/api/v1/config/versions").json()
        assert product.stop() == 0

    assert (after["version"], after["settings"]["retention"]["max_days"]) == (2, 7.0)
    assert refused.code == 3
    assert "longest-days" in wrong_file
    assert back.code == 0, back.err
    assert clean["settings"]["retention"]["max_days"] == 30.0
    assert json.dumps([each["origin"] for each in versions]) == json.dumps(
        ["start", "restore", "update", "start"]
    )
