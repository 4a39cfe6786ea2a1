"""The short version of trouble under load: nobody misses an alert, nobody gets one twice.

python -m tests.load.chaos     # the long one
"""

from pathlib import Path

import pytest

from tests.load.chaos import chaos


@pytest.mark.alone
@pytest.mark.timeout(400)
def test_trouble_under_load_loses_no_alert_and_repeats_none(tmp_path: Path) -> None:
    report = chaos(tmp_path, cameras=8, episode_s=6.0)

    said = report.table()
    assert report.events >= 8, said
    assert report.lost == [], said
    assert report.doubled == [], said
    assert report.problems == [], said
    assert report.refused > 0, "the webhook had something to refuse"
    assert report.restarts == 2, "one worker was killed, one stopped"
    for each in report.episodes:
        assert each.late_most_s < each.ended_s - each.began_s + 40.0, said
