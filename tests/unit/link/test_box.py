"""The black box says which cameras were at work, also of a process that was killed."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from vedette.link.box import MOST, BlackBox, Doing, Side, at_work

DIES = """
import os, pathlib, signal, sys
from vedette.link.box import BlackBox, Doing
box = BlackBox(pathlib.Path(sys.argv[1]))
box.enter("yard"); box.enter("door")
box.note("door", Doing.WORKING)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(
    ("doing", "named"),
    [
        (Doing.NOTHING, False),
        (Doing.OPENING, True),
        (Doing.WAITING, False),
        (Doing.WORKING, True),
    ],
)
def test_it_names_who_was_at_work(doing: Doing, named: bool, tmp_path: Path) -> None:
    box = BlackBox(tmp_path)
    for name in ("yard", "door"):
        box.enter(name)
    box.note("yard", doing)
    box.note("stranger", Doing.WORKING)

    assert at_work(tmp_path) == (("yard",) if named else ())


@pytest.mark.parametrize("side", list(Side))
def test_it_names_whose_picture_was_decoded_or_looked_at(side: Side, tmp_path: Path) -> None:
    box = BlackBox(tmp_path)
    box.enter("yard")
    box.note_side("yard", side, True)
    assert at_work(tmp_path) == ("yard",)
    box.note_side("yard", side, False)
    assert at_work(tmp_path) == ()


def test_it_is_read_after_a_kill(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", DIES, tmp_path], check=False)

    assert done.returncode == -signal.SIGKILL
    assert at_work(tmp_path) == ("door",)


def test_a_camera_that_leaves_makes_room(tmp_path: Path) -> None:
    box = BlackBox(tmp_path)
    for number in range(MOST + 1):
        box.enter(f"camera-{number}")
    last = f"camera-{MOST}"
    box.note(last, Doing.WORKING)
    assert at_work(tmp_path) == ()
    box.note("camera-3", Doing.WORKING)
    box.leave("camera-3")
    box.enter(last)
    box.note(last, Doing.WORKING)
    assert at_work(tmp_path) == (last,)


def test_nothing_and_nonsense_name_nobody(tmp_path: Path) -> None:
    assert at_work(tmp_path / "none") == ()
    (tmp_path / "box").write_bytes(b"\x03\xff\xffNO SLUG!" * 100)
    assert at_work(tmp_path) == ()
