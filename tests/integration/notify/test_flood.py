"""Ten thousand events within a minute: limits hold, and what is critical is told at once."""

import asyncio
from pathlib import Path

import pytest

from tests.load.flood import CAMERAS, CRITICAL_EVERY, flood

EVENTS = 10_000


@pytest.mark.alone
@pytest.mark.timeout(240)
def test_ten_thousand_events_within_a_minute(tmp_path: Path) -> None:
    report = asyncio.run(flood(tmp_path, EVENTS, 60.0))

    said = report.table()
    assert report.critical_lost == 0, said
    assert report.doubled == 0, said
    assert len(report.critical_late_s) == EVENTS // CRITICAL_EVERY, said
    assert max(report.critical_late_s) < 1.0, said
    assert 10 <= report.most_of_a_camera <= 20, f"ten in any minute: {said}"
    assert report.alerts <= CAMERAS * 20 + EVENTS // CRITICAL_EVERY, said
