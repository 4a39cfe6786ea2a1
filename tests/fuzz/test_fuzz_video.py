"""Damaged video ends in a result or in a sentence, never in a crash, a hang or a defect."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.mutate import DAMAGES, damaged

ROOT = Path(__file__).parents[2]
CASES = 120


@pytest.mark.timeout(200)
def test_damaged_video_ends_in_a_result_or_a_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.fuzz.video", "--cases", str(CASES)]
    done = subprocess.run(
        [*command, "--folder", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )

    left = sorted(path.name for path in tmp_path.glob("case-*"))
    assert done.returncode == 0, f"at {left}: {done.stderr[-3000:]}"
    ends = json.loads(done.stdout.splitlines()[-1])["ends"]
    assert sum(ends.values()) == CASES
    assert "without words" not in ends
    assert ends["seen"] > CASES * 0.2, "the damage leaves nothing to be looked at"
    assert ends.get("SourceRefused", 0) > 0, "the damage is never bad enough to be refused"


def test_damage_is_the_same_for_the_same_seed_and_of_every_kind() -> None:
    data = bytes(range(256)) * 16

    assert damaged(data, 5) == damaged(data, 5)
    assert len({damaged(data, seed) for seed in range(50)}) > 45
    assert len(DAMAGES) == 6
    assert damaged(b"x", 3)
