"""What the process writes about itself: readable on a terminal, JSON in production.

Parts log through the standard library, as other libraries do; structlog makes the lines.
"""

import logging
import os
import sys
import threading
from collections import Counter
from collections.abc import Mapping, MutableMapping
from types import TracebackType
from typing import Any, TextIO

import structlog

from vedette.kit.correlation import correlation
from vedette.kit.redact import SECRETS

Line = MutableMapping[str, Any]

LEVELS = {
    "debug": "DEBUG",
    "info": "INFO",
    "warning": "WARN",
    "error": "ERROR",
    "critical": "ERROR",
}

log = logging.getLogger(__name__)


def wants_json(environment: Mapping[str, str] = os.environ) -> bool:
    """`VEDETTE_LOG=json` or `text`; where it says neither, JSON in production (`VEDETTE_ENV`)."""
    chosen = environment.get("VEDETTE_LOG", "").lower()
    if chosen in {"json", "text"}:
        return chosen == "json"
    return environment.get("VEDETTE_ENV", "").lower() == "production"


def set_up(
    level: int, *, component: str = "", as_json: bool | None = None, stream: TextIO | None = None
) -> None:
    """Log to a stream from now on, and capture exceptions that nobody caught.

    Args:
        component: the process, as `vedette status` calls it; empty: the main one.
        as_json: absent: see `wants_json`.
        stream: absent: standard error.
    """
    handler = _Stream(stream or sys.stderr)
    handler.setFormatter(_formatter(component, wants_json() if as_json is None else as_json))
    root = logging.getLogger()
    for old in (each for each in root.handlers if isinstance(each, _Stream)):
        root.removeHandler(old)
    root.addHandler(handler)
    if ERRORS not in root.handlers:
        root.addHandler(ERRORS)
    root.setLevel(level)
    logging.captureWarnings(True)
    threading.excepthook = _of_thread


class _Stream(logging.StreamHandler[TextIO]):
    """The one that is replaced when it is set up again."""


class ErrorCount(logging.Handler):
    """Counts errors by the part that logged them. Safe from any thread."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self._counts: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        self._counts[record.name] += 1  # under the handler's lock

    @property
    def counts(self) -> dict[str, int]:
        """Errors so far, by name of the logger."""
        with self.lock or threading.Lock():
            return dict(self._counts)


ERRORS = ErrorCount()
"""Of this process."""


def _formatter(component: str, as_json: bool) -> logging.Formatter:
    def name_component(logger: Any, name: str, line: Line) -> Line:
        if component or as_json:
            line["component"] = component or "control"
        return line

    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="timestamp"),
            structlog.processors.format_exc_info,
            name_component,
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _named,
            _redacted,
            structlog.processors.JSONRenderer(ensure_ascii=False) if as_json else _readable,
        ],
    )


def _named(logger: Any, name: str, line: Line) -> Line:
    """Our names of the fields, and which frame it is about."""
    line["level"] = LEVELS.get(str(line["level"]), "ERROR")
    line["module"] = line.pop("logger", "")
    if about := correlation():
        line["correlation_id"] = about
    return line


def _redacted(logger: Any, name: str, line: Line) -> Line:
    for key, value in line.items():
        if isinstance(value, str):
            line[key] = SECRETS.clean(value)
    return line


def _readable(logger: Any, name: str, line: Line) -> str:
    who = " ".join(filter(None, (str(line.get("component", "")), str(line["module"]))))
    about = f" [{line['correlation_id']}]" if "correlation_id" in line else ""
    text = f"{line['timestamp']} {line['level']} {who}: {line['event']}{about}"
    return f"{text}\n{line['exception']}" if line.get("exception") else text


def _of_thread(given: threading.ExceptHookArgs) -> None:
    """A thread ended with an exception."""
    if given.exc_type is SystemExit or given.exc_value is None:
        return
    name = given.thread.name if given.thread else "a thread"
    told: tuple[type[BaseException], BaseException, TracebackType | None]
    told = (given.exc_type, given.exc_value, given.exc_traceback)
    log.critical("%s ended with an exception that nobody caught", name, exc_info=told)
