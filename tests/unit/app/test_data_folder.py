"""One process holds a data folder, however the last one ended."""

import subprocess
import sys
from pathlib import Path

import pytest

from vedette.app.folder import DataFolder
from vedette.contracts.errors import StorageFailed


def test_a_folder_is_made_and_held_by_one_at_a_time(tmp_path: Path) -> None:
    folder = DataFolder(root=tmp_path / "new" / "data")

    with folder.held():
        assert folder.parts.is_dir()
        with (
            pytest.raises(StorageFailed, match="is in use by another vedette"),
            DataFolder(root=folder.root).held(),
        ):
            pass

    with DataFolder(root=folder.root).held():
        assert folder.root.is_dir()


def test_an_error_of_the_holder_is_its_own_and_gives_the_folder_back(tmp_path: Path) -> None:
    folder = DataFolder(root=tmp_path)

    with pytest.raises(BlockingIOError, match="of something else"), folder.held():
        raise BlockingIOError("of something else")

    with folder.held():
        pass


HOLDER = """
import sys
from pathlib import Path
from vedette.app.folder import DataFolder
with DataFolder(root=Path(sys.argv[1])).held():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_process_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(StorageFailed, match="in use"), DataFolder(root=tmp_path).held():
            pass
        other.kill()

    with DataFolder(root=tmp_path).held():
        pass


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    for root in (tmp_path / "file", tmp_path / "file" / "data"):
        with pytest.raises(StorageFailed, match="choose another one with --data"):  # noqa: SIM117
            with DataFolder(root=root).held():
                pass


def test_everything_lies_below_the_root(tmp_path: Path) -> None:
    folder = DataFolder(root=tmp_path)

    assert folder.database == tmp_path / "vedette.db"
    assert folder.artifacts == tmp_path / "artifacts"
