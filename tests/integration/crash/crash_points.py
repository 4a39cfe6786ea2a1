"""Kills this process at the n-th write, rename, fsync, unlink, mkdir or commit.

With `power`, the disk also forgets what no fsync has promised: unsynced bytes are cut off, and
names that no fsync of their folder has made safe are undone. (SQLite's own files are left alone:
its commits are durable by `synchronous=FULL`.)
"""

import os
import shutil
import signal
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from vedette.media.mux import Muxer

REAL: dict[str, Callable[..., Any]] = {
    name: getattr(os, name)
    for name in (
        *("open", "close", "write", "sendfile", "fsync", "replace", "mkdir", "unlink", "rmdir"),
    )
}


@dataclass(slots=True)
class Name:
    """A change of a folder that is not safe yet."""

    kind: str
    path: Path
    other: Path | None = None


@dataclass(slots=True)
class CrashPoints:
    """Counts the dangerous calls below `root`, and dies before number `at` (0: never)."""

    root: Path
    at: int = 0
    power: bool = False
    count: int = 0
    handles: dict[int, Path] = field(default_factory=dict)
    synced: set[Path] = field(default_factory=set)
    unsafe: list[Name] = field(default_factory=list)

    def install(self) -> None:
        """Patch `os`, the muxer and the commits of SQLAlchemy for the rest of this process."""
        self.synced = {path for path in self.root.rglob("*") if path.is_file()}
        for name in REAL:
            setattr(os, name, getattr(self, f"_{name}"))
        mux = Muxer.write

        def write(muxer: Muxer, packet: Any, *, pts: int, dts: int, **more: Any) -> None:
            if pts // packet.duration % 4 == 1:  # a quarter of the packets is enough
                self._step("mux")
            mux(muxer, packet, pts=pts, dts=dts, **more)

        setattr(Muxer, "write", write)  # noqa: B010  mypy knows that this is not done
        event.listen(Engine, "commit", lambda _: self._step("commit"))

    def _step(self, kind: str) -> None:
        self.count += 1
        if self.count == self.at:
            self._die(kind)

    def _die(self, kind: str) -> None:
        handle = REAL["open"](self.root / "died-at", os.O_WRONLY | os.O_CREAT)
        REAL["write"](handle, kind.encode())
        if self.power:
            self._lose_power()
        os.kill(os.getpid(), signal.SIGKILL)

    def _lose_power(self) -> None:
        for folder in ("artifacts", "parts", "recordings"):
            for path in (self.root / folder).rglob("*"):
                if path.is_file() and path not in self.synced:
                    os.truncate(path, path.stat().st_size // 2)
        for name in reversed(self.unsafe):
            if not self._folder_of(name).is_dir():
                continue  # the folder is gone for good, and with it the name
            if name.kind == "mkdir":
                shutil.rmtree(name.path, ignore_errors=True)
            elif name.kind == "rmdir":
                REAL["mkdir"](name.path)
            elif name.other is not None and name.path.exists():
                name.path.rename(name.other)

    def _open(self, path: Any, flags: int, mode: int = 0o777, **rest: Any) -> int:
        handle: int = REAL["open"](path, flags, mode, **rest)
        self.handles[handle] = Path(path)
        return handle

    def _close(self, handle: int) -> None:
        self.handles.pop(handle, None)
        REAL["close"](handle)

    def _write(self, handle: int, data: Any) -> int:
        if handle in self.handles:
            self.synced.discard(self.handles[handle])
            if self.count + 1 == self.at:
                REAL["write"](handle, bytes(data)[: len(data) // 2])  # torn in the middle
            self._step("write")
        written: int = REAL["write"](handle, data)
        return written

    def _sendfile(self, target: int, source: int, at: int, size: int) -> int:
        self.synced.discard(self.handles[target])
        if self.count + 1 == self.at:
            REAL["sendfile"](target, source, at, size // 2)
        self._step("sendfile")
        sent: int = REAL["sendfile"](target, source, at, size)
        return sent

    def _fsync(self, handle: int) -> None:
        self._step("fsync")
        REAL["fsync"](handle)
        path = self.handles[handle]
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            self.unsafe = [name for name in self.unsafe if self._folder_of(name) != path]
        else:
            self.synced.add(path)

    @staticmethod
    def _folder_of(name: Name) -> Path:
        # The new name of a renamed file, the old name of a removed one.
        return name.other.parent if name.kind == "unlink" and name.other else name.path.parent

    def _replace(self, source: Any, target: Any) -> None:
        self._step("rename")
        REAL["replace"](source, target)
        source, target = Path(source), Path(target)
        if source in self.synced:
            self.synced.add(target)
        self.unsafe.append(Name("rename", target, source))

    def _mkdir(self, path: Any, mode: int = 0o777, **rest: Any) -> None:
        self._step("mkdir")
        REAL["mkdir"](path, mode, **rest)
        self.unsafe.append(Name("mkdir", Path(path)))

    def _unlink(self, path: Any, **rest: Any) -> None:
        self._step("unlink")
        path = Path(path)
        if not self.power or not path.exists():
            REAL["unlink"](path, **rest)
            return
        attic = self.root / f"unlinked-{self.count}"  # so that a lost unlink can be undone
        os.rename(path, attic)
        if path in self.synced:
            self.synced.add(attic)
        self.unsafe.append(Name("unlink", attic, path))

    def _rmdir(self, path: Any, **rest: Any) -> None:
        self._step("rmdir")
        REAL["rmdir"](path, **rest)
        self.unsafe.append(Name("rmdir", Path(path)))
