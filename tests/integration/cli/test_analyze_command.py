"""`vedette analyze` on real people: finds them, says so, and gives the same bytes every time."""

import csv
import json
from pathlib import Path

import av
import pytest

from tests.command import CLIP, EXAMPLES, Ran, vedette


@pytest.fixture(scope="module")
def analysed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The excerpt, looked at once with the demo's zones and rules."""
    folder = tmp_path_factory.mktemp("analysed")
    ran = whole(folder)
    assert ran.code == 0, ran.err
    (folder / "out.txt").write_text(ran.out)
    return folder


def whole(folder: Path, **env: str) -> Ran:
    return vedette(
        *("analyze", CLIP, "--config", EXAMPLES / "demo.yaml"),
        *("--json", folder / "events.jsonl", "--tracks", folder / "tracks.csv"),
        *("--artifacts", folder / "found"),
        folder=folder,
        env=env,
    )


def events_in(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]


def test_the_people_of_the_excerpt_are_found(analysed: Path) -> None:
    with (analysed / "tracks.csv").open() as file:
        rows = list(csv.DictReader(file))

    people = {row["id"] for row in rows if row["label"] == "person"}
    assert 12 <= len(people) <= 24
    assert list(rows[0]) == [
        *("frame", "id", "left", "top", "width", "height"),
        *("score", "label"),
    ]
    assert min(int(row["frame"]) for row in rows) == 1


def test_events_of_every_kind_are_found_and_said(analysed: Path) -> None:
    kinds = {event["event_type"] for event in events_in(analysed)}

    assert kinds == {"enter", "leave", "loiter", "count", "line_crossing", "presence"}
    out = (analysed / "out.txt").read_text()
    assert "lingering" in out
    assert "450 frames" in out


def test_every_event_has_pictures_previews_and_a_clip_that_plays(analysed: Path) -> None:
    for event in events_in(analysed):
        artifacts = {a["kind"]: a for a in event["artifacts"]}  # type: ignore[attr-defined]
        assert set(artifacts) == {"snapshot", "snapshot_annotated", "gif", "preview", "clip"}
        clip = analysed / "found" / artifacts["clip"]["file"]
        with av.open(str(clip)) as video:
            frames = sum(1 for _ in video.decode(video=0))
        assert abs(frames / 10 - artifacts["clip"]["duration_s"]) < 0.2


def test_a_second_run_elsewhere_gives_the_same_bytes(analysed: Path, tmp_path: Path) -> None:
    data = tmp_path / "used"
    (data / "artifacts").mkdir(parents=True)
    (data / "vedette.db").write_bytes(b"not even a database")

    ran = whole(tmp_path, TZ="Pacific/Auckland", PYTHONHASHSEED="7", VEDETTE_DATA=str(data))

    assert ran.code == 0, ran.err
    for name in ("events.jsonl", "tracks.csv"):
        again = (tmp_path / name).read_bytes()
        assert again
        assert again == (analysed / name).read_bytes()
