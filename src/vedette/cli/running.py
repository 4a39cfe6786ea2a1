"""Runs the product under a command: signals, a time limit, events told in the terminal."""

import asyncio
import logging
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

from vedette.app.runtime import Listener, Runtime
from vedette.app.settings import Settings
from vedette.app.settings_file import SettingsFile
from vedette.cli.look import DownloadBar, clock_time, err, out
from vedette.contracts.errors import VedetteError
from vedette.contracts.event import Event, EventState
from vedette.contracts.payload import Payload
from vedette.kit.clock import SystemClock
from vedette.kit.garbage import settle, share_heap
from vedette.kit.logs import wants_json
from vedette.kit.supervise import first_of

log = logging.getLogger(__name__)

COLOURS = {"info": "cyan", "warning": "yellow", "critical": "bold red"}


async def tell_event(topic: str, fact: Payload) -> None:
    """One line in the terminal for each event that opens or closes."""
    del topic
    if not isinstance(fact, Event):
        return
    at = fact.opened_at if fact.state is EventState.OPEN else fact.updated_at
    what = "opened" if fact.state is EventState.OPEN else "closed"
    place = fact.zone_id or fact.line_id or "the picture"
    colour = COLOURS[fact.severity.value]
    length = ""
    if fact.ended_at is not None:
        length = f", {(fact.ended_at - fact.started_at).total_seconds():.1f} s, {fact.end_reason}"
    line = (
        f"{clock_time(at)}  {what}  [{colour}]{fact.rule_id}[/]  {fact.label} "
        f"({fact.event_type.replace('_', ' ')}, {place}) at {fact.camera_id}"
        f"  score {fact.score:.2f}{length}"
    )
    out.print(line, soft_wrap=True)


TERMINAL = (
    Listener(pattern="event.opened", handler=tell_event),
    Listener(pattern="event.closed", handler=tell_event),
)


def run_product(
    settings: Settings,
    data: Path,
    *,
    file: Path | None = None,
    listeners: Sequence[Listener] = (),
    seconds: float | None = None,
    started: Callable[[str], None],
) -> None:
    """Run until SIGTERM, Ctrl-C, or the time limit; a second Ctrl-C leaves at once."""
    share_heap()
    settle()
    try:
        asyncio.run(_run(settings, data, file, listeners, seconds, started))
    except* VedetteError as group:
        raise first_of(group) from None


async def _run(
    settings: Settings,
    data: Path,
    file: Path | None,
    listeners: Sequence[Listener],
    seconds: float | None,
    started: Callable[[str], None],
) -> None:
    bar = DownloadBar()
    limit: list[asyncio.TimerHandle] = []
    loop = asyncio.get_running_loop()

    def begun(address: str) -> None:
        bar.stop()
        started(address)
        if seconds is not None:
            limit.append(loop.call_later(seconds, runtime.stop))

    runtime = Runtime(
        settings,
        data,
        SystemClock(),
        file=SettingsFile(file) if file else None,
        listeners=listeners,
        progress=bar,
        started=begun,
    )

    def stop(number: signal.Signals) -> None:
        said = f"{number.name}: closing open events and clips; once more to leave at once"
        if wants_json():
            log.info(said)
        else:
            err.print(said)
        loop.remove_signal_handler(number)
        runtime.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)
    try:
        await runtime.run()
    finally:
        bar.stop()
        for timer in limit:
            timer.cancel()
