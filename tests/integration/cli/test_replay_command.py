"""Recorded video replayed: as it was with the same settings, otherwise with others, twice alike."""

import json
from pathlib import Path
from typing import Any

import av
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
    patient = SETTINGS.replace("for_s: 0.5", "for_s: 30")
    config.write_text(patient)
    other = replayed()
    doubting = "tracker: {type: byte, new_score: 1.0, high_score: 1.0}"
    config.write_text(SETTINGS.replace("    rules:", f"    {doubting}\n    rules:"))
    doubtful = replayed()
    here = ("-c", config, "-d", data)
    config.write_text(patient)
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
    assert {each["stage"] for each in doubtful["gone"]} == {"detect"}
    assert all("100 % are needed to follow it" in each["why"] for each in doubtful["gone"])
    assert "visitor" in shown.out
    assert strange.code == 2
    assert nothing.code != 0


@pytest.mark.timeout(240)
def test_a_film_from_anywhere_again(tmp_path: Path) -> None:
    live = watched_yard(tmp_path)
    config, data = tmp_path / "vedette.yaml", tmp_path / "data"
    began = min(each["started_at"] for each in live)[:19]
    ended = max(each["ended_at"] for each in live)[:19]
    here = ("--camera", "yard", "-c", config, "-d", data)
    exported = tmp_path / "visit.mp4"
    span = ("--from", began, "--to", ended)
    written = vedette("recordings", "export", "yard", *span, "-o", exported, "-d", data)
    assert written.code == 0, written.err

    def replayed(film: Path, *more: str) -> tuple[dict[str, Any], str]:
        done = vedette("replay", film, *here, "--json", *more)
        assert done.code == 0, done.err
        found: dict[str, Any] = json.loads(done.out)
        return found, done.err

    at = ("--at", began)
    (first, said), (second, _) = replayed(exported, *at, "--log", "debug"), replayed(exported, *at)
    undated = tmp_path / "yard.mp4"  # the camera's own film, which says no time
    (alone, _), (named, _) = (
        replayed(undated),
        replayed(undated.rename(tmp_path / "yard_person_20260131_140322.mp4")),
    )
    again, _ = replayed(tmp_path / "yard_person_20260131_140322.mp4", "--at", "2026-02-01T10:00:00")

    assert first == second, "two replays are identical"
    assert first["compared"]
    assert first["same"] >= 4
    assert "rule visitor opened an event" in said
    assert said.count("visitor opened an event") == sum(
        (each["stage"], "opened an event" in each["said"], "visitor" in each["said"])
        == ("rules", True, True)
        for each in first["decisions"]
    )
    dated = stating(tmp_path / "yard_person_20260131_140322.mp4", "2026-03-01T12:00:00Z")
    stated, _ = replayed(dated)
    assert stated["events"][0]["opened_at"].startswith("2026-03-01T12:00:0")
    assert not alone["compared"]
    assert (alone["new"], alone["gone"]) == ([], [])
    assert len(alone["events"]) == 6
    assert alone["events"][0]["opened_at"].startswith("1970-01-01")
    assert named["events"][0]["opened_at"].startswith("2026-01-31T14:03:2")
    assert again["events"][0]["opened_at"].startswith("2026-02-01T10:00:0")


def stating(film: Path, time: str) -> Path:
    """A copy that says when it was recorded."""
    copy = film.with_name("dated.mp4")
    with av.open(str(film)) as old, av.open(str(copy), "w") as new:
        new.metadata["creation_time"] = time
        stream = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                new.mux(packet)
    return copy


def test_what_is_no_film_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "vedette.yaml"
    config.write_text(SETTINGS)
    broken, empty = tmp_path / "broken.mp4", tmp_path / "empty.mp4"
    broken.write_bytes(b"\x00\x00\x00\x18ftypmp42" + bytes(range(256)) * 40)
    empty.write_bytes(b"")
    here = ("--camera", "yard", "-c", config, "-d", tmp_path / "data")

    refused = [vedette("replay", film, *here) for film in (broken, empty, tmp_path / "gone.mp4")]
    live = vedette("replay", "rtsp://viewer:hunter2@127.0.0.1:9/stream", *here)
    strange = vedette("replay", broken, "--camera", "moon", *here[2:])
    half = vedette("replay", broken, *here[2:])
    both = vedette("replay", broken, *here, "--from", "1h")

    assert [each.code for each in refused] == [4, 4, 4]
    assert "broken.mp4" in " ".join(refused[0].err.split())
    assert "0 bytes" in " ".join(refused[1].err.split())
    assert "does not exist" in " ".join(refused[2].err.split())
    assert live.code == 2
    assert "that is live; give --camera and --from" in " ".join(live.err.split())
    assert "hunter2" not in live.err + live.out
    assert strange.code == 2
    assert "there are: yard" in strange.err
    assert (half.code, both.code) == (2, 2)
    assert "visit.mp4 --camera yard" in " ".join(half.err.split())
