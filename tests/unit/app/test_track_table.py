"""The tracks file: pixels of each frame's own size, and one number for one person."""

import csv
import io

import numpy as np

from vedette.app.analyze import TrackTable
from vedette.contracts.frame import Frame
from vedette.contracts.sight import Returned, Tracks

STEP_US = 100_000
BOX = (0.25, 0.5, 0.5, 1.0)


def frame(number: int, width: int, height: int) -> Frame:
    chroma = np.full((height // 2, width // 2), 128, dtype=np.uint8)
    grey = np.full((height, width), 90, dtype=np.uint8)
    at_us = number * STEP_US
    return Frame(camera_id="yard", number=number, at_us=at_us, y=grey, u=chroma, v=chroma)


def seen(number: int, track: int, *returned: Returned) -> Tracks:
    return Tracks(
        at_us=number * STEP_US,
        ids=np.array([track], dtype=np.int32),
        boxes=np.array([BOX], dtype=np.float32),
        scores=np.array([0.9], dtype=np.float32),
        classes=np.zeros(1, dtype=np.int16),
        observed=np.ones(1, dtype=np.bool_),
        confirmed=np.ones(1, dtype=np.bool_),
        first_us=np.zeros(1, dtype=np.int64),
        labels=("person",),
        returned=returned,
    )


def rows(table: TrackTable) -> list[dict[str, str]]:
    text, count = table.text()
    found = list(csv.DictReader(io.StringIO(text)))
    assert len(found) == count
    return found


def test_each_frame_has_its_own_size() -> None:
    table = TrackTable()
    for number in range(1, 21):
        size = (64, 48) if number <= 10 else (32, 24)
        table.watch(frame(number, *size), seen(number, 1))
    assert [(row["left"], row["width"], row["height"]) for row in rows(table)] == [
        ("16.00", "16.00", "24.00")
    ] * 10 + [("8.00", "8.00", "12.00")] * 10


def test_who_came_back_keeps_the_first_number_and_is_not_drawn_in_between() -> None:
    table = TrackTable()
    for number in range(1, 11):
        table.watch(frame(number, 64, 48), seen(number, 1))
    for number, track, before in ((31, 4, 1), (61, 9, 4)):
        for at in range(number, number + 10):
            back = Returned(id=track, before=before, away_s=2.1, alike=0.97)
            told = (back,) if at == number + 8 else ()
            table.watch(frame(at, 64, 48), seen(at, track, *told))
    found = rows(table)
    assert {row["id"] for row in found} == {"1"}
    assert [int(row["frame"]) for row in found] == [*range(1, 11), *range(31, 41), *range(61, 71)]


def test_nothing_seen_is_a_header() -> None:
    assert TrackTable().text() == ("frame,id,left,top,width,height,score,label\n", 0)
