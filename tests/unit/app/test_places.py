"""Where cameras are: their own word, their site's, this machine's; what a schedule needs of it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from vedette.app.load import load_settings
from vedette.app.places import own_time_zone
from vedette.calendar.schedule import Place
from vedette.contracts.errors import InvalidConfig

SETTINGS = """\
sites:
  - id: home
    place: {time_zone: Europe/Berlin, latitude: 52.5, longitude: 13.4, holidays: DE-BE}
  - id: shop
cameras:
  - {id: yard, site: home, source: 'simulator:'}
  - {id: boat, site: home, source: 'simulator:', place: {time_zone: Europe/Lisbon}}
  - id: till
    site: shop
    source: 'simulator:'
    rules:
      - {id: night, type: presence, schedule: {windows: [{begin: 22:00, end: 06:00}]}}
"""


def load(folder: Path, text: str = SETTINGS) -> dict[str, Place | None]:
    file = folder / "vedette.yaml"
    file.write_text(text)
    return {camera.id: camera.place for camera in load_settings(file).cameras}


def test_a_camera_is_where_its_site_is_unless_it_says_otherwise(tmp_path: Path) -> None:
    places = load(tmp_path)

    assert places["yard"] == Place(
        time_zone="Europe/Berlin", latitude=52.5, longitude=13.4, holidays="DE-BE"
    )
    assert places["boat"] == Place(time_zone="Europe/Lisbon")
    assert places["till"] == Place(time_zone=own_time_zone())


def test_where_nobody_says_it_the_machine_counts() -> None:
    """In a process of its own: the machine's zone is looked up once."""
    code = "from vedette.app.places import own_time_zone; print(own_time_zone())"
    said = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "TZ": "America/Bogota"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert said.stdout.strip() == "America/Bogota"


@pytest.mark.parametrize(
    ("window", "complaint"),
    [
        ("{begin: sunset}", r"vedette\.yaml:12: .*rules\[0\].*'night': the sun needs the site's"),
        ("{days: [workdays]}", r"holidays need the site's country"),
        ("{begin: '25:00'}", r"'25:00' is no time of day; write it like 22:30, sunset"),
        ("{days: [someday]}", r"schedule\.windows\[0\]\.days\[0\]"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused_with_its_place(
    tmp_path: Path, window: str, complaint: str
) -> None:
    with pytest.raises(InvalidConfig, match=complaint):
        load(tmp_path, SETTINGS.replace("{begin: 22:00, end: 06:00}", window))


def test_quiet_hours_are_checked_at_every_site(tmp_path: Path) -> None:
    night = "notify: {quiet_hours: {windows: [{begin: sunset, end: sunrise}]}}\n"

    with pytest.raises(InvalidConfig, match=r"quiet_hours: site 'shop': the sun needs the site's"):
        load(tmp_path, SETTINGS + night)


def test_a_place_that_cannot_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfig, match="there is no time zone 'Europe/Berlni'"):
        load(tmp_path, SETTINGS.replace("Europe/Berlin", "Europe/Berlni"))
