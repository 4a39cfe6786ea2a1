"""A data folder belongs to one process, and is free as soon as that one is gone."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from vedette.contracts.errors import StorageFailed
from vedette.store.lock import hold_folder

HOLDER = """
import pathlib, sys
from vedette.store.lock import hold_folder
with hold_folder(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_folder_that_another_process_holds_is_refused_by_its_name(tmp_path: Path) -> None:
    data = tmp_path / "data"
    command = [sys.executable, "-c", HOLDER, str(data)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(StorageFailed, match=f"in use by process {holder.pid}: "):
            hold_folder(data).__enter__()
        os.kill(holder.pid, signal.SIGKILL)
    with hold_folder(data):
        pass


def test_a_folder_can_be_held_again_after_the_block(tmp_path: Path) -> None:
    for _ in range(2):
        with hold_folder(tmp_path), pytest.raises(StorageFailed, match=f"{os.getpid()}"):
            hold_folder(tmp_path).__enter__()


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageFailed, match="cannot be used"):
        hold_folder(tmp_path / "file" / "data").__enter__()
