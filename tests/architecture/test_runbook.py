"""Every alert has its line in the runbook, and every line is an alert."""

import re

from ruamel.yaml import YAML

from tests.command import ROOT


def test_the_runbook_speaks_of_every_alert_and_of_no_other() -> None:
    rules = YAML(typ="safe").load((ROOT / "config/prometheus/vedette.rules.yml").read_text("utf-8"))
    alerts = [rule["alert"] for group in rules["groups"] for rule in group["rules"]]
    runbook = (ROOT / "docs/runbooks/alerts.md").read_text("utf-8")

    assert sorted(re.findall(r"^\| `(\w+)` \|", runbook, re.MULTILINE)) == sorted(alerts)
