"""Recorded video replayed: as it was with the same settings, otherwise with others, twice alike."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.command import vedette
from tests.yard import SETTINGS, watched_yard


@pytest.mark.timeout(240)
def test_the_past_again(tmp_path: Path) -> None:
    live = watched_yard(tmp_path)
    config, data = tmp_path / "vedette.yaml", tmp_path / "data"

    def replayed(*more: str) -> dict[str, Any]:
        done = vedette("replay", "yard", "--from", "10m", "-c", config, "-d", data, "--json", *more)
        assert done.code == 0, done.err
        found: dict[str, Any] = json.loads(done.out)
        return found

    first, second = replayed(), replayed()
    config.write_text(SETTINGS.replace("for_s: 0.5", "for_s: 30"))
    other = replayed()
    here = ("-c", config, "-d", data)
    shown = vedette("replay", "yard", "--from", "10m", *here)
    strange = vedette("replay", "moon", "--from", "10m", *here)
    long_ago = ("--from", "2020-01-01T00:00", "--to", "2020-01-01T01:00")
    nothing = vedette("replay", "yard", *long_ago, *here)

    assert len(live) == 6
    assert first["same"] == 6
    assert (first["new"], first["gone"]) == ([], [])
    assert json.dumps(first["events"]) == json.dumps(second["events"]), "two replays are identical"
    assert {(each["rule"], each["stage"]) for each in other["gone"]} == {("visitor", "rules")}
    assert all("of 30.0 s were over" in each["why"] for each in other["gone"])
    assert len(other["gone"]) == 3
    assert "visitor" in shown.out
    assert strange.code == 2
    assert nothing.code != 0
