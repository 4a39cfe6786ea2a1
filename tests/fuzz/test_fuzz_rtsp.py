"""Damaged SDP and RTP end in pictures or in a sentence, never in a crash, a hang or a defect."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CASES = 90


@pytest.mark.timeout(200)
def test_damaged_cameras_end_in_pictures_or_a_sentence() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.rtsp", "--cases", str(CASES)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-3000:]
    ends = json.loads(done.stdout.splitlines()[-1])["ends"]
    assert sum(ends.values()) == CASES
    assert "without words" not in ends
    assert ends["seen"] > CASES * 0.2, "the damage leaves nothing to be looked at"
    assert ends.get("SourceRefused", 0) + ends.get("SourceLost", 0) > CASES * 0.2
