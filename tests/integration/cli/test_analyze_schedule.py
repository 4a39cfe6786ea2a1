"""Rules with hours of their own, on real people: the clocks of the camera's place count."""

import json
from pathlib import Path

import pytest

from tests.command import CLIP, vedette

SETTINGS = """\
sites: [{id: tokyo, place: {time_zone: Asia/Tokyo}}]
cameras:
  - &camera
    id: shop
    site: tokyo
    source: 'simulator:'
    detect: {fps: 2}
    rules:
      - {id: always, type: presence}
      - {id: night, type: presence, schedule: {windows: [{begin: 22:00, end: 06:00}]}}
      - {id: office, type: presence, schedule: {windows: [{begin: 08:00, end: 17:00}]}}
  - {<<: *camera, id: boat, place: {time_zone: UTC}}
"""
"""The film says nothing of its time, so it begins at midnight in Greenwich, at nine in Tokyo."""


@pytest.mark.parametrize(("camera", "rule"), [("shop", "office"), ("boat", "night")])
def test_only_rules_whose_hours_they_are_open_events(
    tmp_path: Path, camera: str, rule: str
) -> None:
    settings = tmp_path / "vedette.yaml"
    settings.write_text(SETTINGS)
    found = tmp_path / "events.jsonl"

    ran = vedette("analyze", CLIP, "--config", settings, "--camera", camera, "--json", found)

    assert ran.code == 0, ran.err
    events = [json.loads(line) for line in found.read_text().splitlines()]
    assert {event["rule_id"] for event in events} == {"always", rule}
    of_rule = {name: [e for e in events if e["rule_id"] == name] for name in ("always", rule)}
    assert len(of_rule[rule]) == len(of_rule["always"]) > 3
