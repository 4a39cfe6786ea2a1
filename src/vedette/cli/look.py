"""How commands talk: consoles, progress bars, tables. Results go to stdout, the rest to stderr."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


@contextmanager
def download_bar() -> Iterator["DownloadBar"]:
    """A bar for `vedette.models.fetch.Progress`; shown only once there is something to show."""
    bar = DownloadBar()
    try:
        yield bar
    finally:
        bar.stop()


class DownloadBar:
    """Callable as `(done_bytes, total_bytes or None, what)`."""

    def __init__(self) -> None:
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def __call__(self, done_bytes: int, total_bytes: int | None, what: str) -> None:
        if self._progress is None or self._task is None:
            self._progress = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}"),
                BarColumn(),
                DownloadColumn(),
                TimeElapsedColumn(),
                console=err,
                transient=True,
            )
            self._task = self._progress.add_task(what, total=None)
            self._progress.start()
        self._progress.update(self._task, completed=done_bytes, total=total_bytes, description=what)

    def stop(self) -> None:
        if self._progress is not None:
            self._progress.stop()


@contextmanager
def frame_bar(what: str) -> Iterator["FrameBar"]:
    """A bar for frames: callable as `(frames so far, frames in all or 0)`."""
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("frames"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=err,
        transient=True,
    )
    with progress:
        yield FrameBar(progress, progress.add_task(what, total=None))


class FrameBar:
    """Moves the bar at most every few frames."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def __call__(self, frames: int, in_all: int) -> None:
        if frames % 5 == 0 or frames == in_all:
            self._progress.update(self._task, completed=frames, total=in_all or None)


@contextmanager
def bytes_bar(what: str) -> Iterator["BytesBar"]:
    """A bar for bytes: callable as `(written so far, in all)`."""
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=err,
        transient=True,
    )
    with progress:
        yield BytesBar(progress, progress.add_task(what, total=None))


class BytesBar:
    """Moves the bar."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def __call__(self, done: int, in_all: int) -> None:
        self._progress.update(self._task, completed=done, total=in_all)


@contextmanager
def part_bar(what: str) -> Iterator[Callable[[float, str], None]]:
    """A bar for a part of the whole: callable as `(0.0 to 1.0, what it does now)`."""
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=err,
        transient=True,
    )
    with progress:
        task = progress.add_task(what, total=1.0)
        yield lambda part, note: progress.update(
            task, completed=part, description=f"{what} {note}".rstrip()
        )


def table(title: str, *columns: str) -> Table:
    """A table in the house style; columns that begin with `>` are right-aligned."""
    made = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        header_style="dim",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    for column in columns:
        right = column.startswith(">")
        made.add_column(column.removeprefix(">"), justify="right" if right else "left")
    return made


def clock_time(at: datetime) -> str:
    """`14:03:22.5` in UTC, with the day where it is not 1970-01-01 (a recording without a date)."""
    text = f"{at:%H:%M:%S}.{at.microsecond // 100_000}"
    return text if at.year == 1970 else f"{at:%Y-%m-%d} {text}"
