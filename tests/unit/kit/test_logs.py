"""Lines of the log: JSON in production, readable otherwise, about a frame, never with secrets."""

import io
import json
import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from vedette.kit.correlation import about
from vedette.kit.logs import ERRORS, set_up, wants_json
from vedette.kit.redact import STARS, Redactor, hidden

log = logging.getLogger("vedette.attic")


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root, hook = logging.getLogger(), threading.excepthook
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    threading.excepthook = hook


def written(as_json: bool, component: str = "") -> io.StringIO:
    sheet = io.StringIO()
    set_up(logging.DEBUG, component=component, as_json=as_json, stream=sheet)
    return sheet


def lines(sheet: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in sheet.getvalue().splitlines()]


def test_each_line_of_production_is_json_with_the_standard_fields() -> None:
    sheet = written(as_json=True)
    for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL):
        log.log(level, "the %s is open\nsince %d", "hatch", 3)

    found = lines(sheet)
    assert [each["level"] for each in found] == ["DEBUG", "INFO", "WARN", "ERROR", "ERROR"]
    first = found[0]
    assert first["event"] == "the hatch is open\nsince 3"
    assert (first["module"], first["component"]) == ("vedette.attic", "control")
    assert first["timestamp"].endswith("Z")
    assert "correlation_id" not in first


def test_an_exception_is_in_its_line_and_is_counted() -> None:
    sheet, before = written(as_json=True, component="w2"), ERRORS.counts.get("vedette.attic", 0)
    try:
        raise ValueError("the stairs are gone")
    except ValueError:
        log.exception("nobody came down")

    [line] = lines(sheet)
    assert line["component"] == "w2"
    assert "ValueError: the stairs are gone" in line["exception"]
    assert "test_logs.py" in line["exception"]
    assert ERRORS.counts["vedette.attic"] == before + 1


def test_what_ends_a_thread_is_logged() -> None:
    sheet = written(as_json=True)
    thread = threading.Thread(target=lambda: 1 / 0, name="camera yard")
    thread.start()
    thread.join()

    [line] = lines(sheet)
    assert line["event"] == "camera yard ended with an exception that nobody caught"
    assert "ZeroDivisionError" in line["exception"]


@pytest.mark.parametrize("as_json", [True, False])
def test_a_line_says_which_frame_it_is_about(as_json: bool) -> None:
    sheet = written(as_json)
    with about("yard/s1/7"):
        log.info("somebody came")
        with about(""):
            log.info("and went")
    log.info("silence")

    said = [("yard/s1/7" in line) for line in sheet.getvalue().splitlines()]
    assert said == [True, True, False]


def test_a_readable_line_is_one_line_with_the_process() -> None:
    sheet = written(as_json=False, component="w1")
    log.warning("the door %s", "creaks")

    when, rest = sheet.getvalue().split(" ", maxsplit=1)
    assert when.startswith("20")
    assert rest == "WARN w1 vedette.attic: the door creaks\n"


def test_to_set_it_up_again_replaces_what_was_and_leaves_others_alone() -> None:
    root, other = logging.getLogger(), logging.NullHandler()
    root.addHandler(other)
    written(as_json=True)
    number = len(root.handlers)
    second = written(as_json=False)
    log.info("once")

    assert len(root.handlers) == number
    assert other in root.handlers
    assert second.getvalue().count("once") == 1


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, False),
        ({"VEDETTE_ENV": "development"}, False),
        ({"VEDETTE_ENV": "production"}, True),
        ({"VEDETTE_ENV": "production", "VEDETTE_LOG": "text"}, False),
        ({"VEDETTE_LOG": "json"}, True),
        ({"VEDETTE_LOG": "nonsense"}, False),
    ],
)
def test_json_is_for_production(environment: dict[str, str], expected: bool) -> None:
    assert wants_json(environment) is expected


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("rtsp://admin:hunter2@10.0.0.7/1 is away", f"rtsp://admin:{STARS}@10.0.0.7/1 is away"),
        ("rtsp://10.0.0.7/1 at user@example.org", "rtsp://10.0.0.7/1 at user@example.org"),
        ("http://h/a?user=x&token=abc123&n=1", f"http://h/a?user=x&token={STARS}&n=1"),
        ("http://h/a?api_key=abc123 said 401", f"http://h/a?api_key={STARS} said 401"),
        ("the key=value pairs are two", "the key=value pairs are two"),
        ("pass p/w@1 and p%2Fw%401 on", f"pass {STARS} and {STARS} on"),
        ("nothing to hide", "nothing to hide"),
    ],
)
def test_secrets_become_stars(text: str, clean: str) -> None:
    redactor = Redactor()
    redactor.hide("p/w@1", "abc")  # the second is too short to be told from words

    assert redactor.clean(text) == clean
    assert redactor.within(text) == (("p%2Fw%401", "p/w@1") if "p/w@1" in text else ())


def test_the_log_hides_secrets_also_in_exceptions(monkeypatch: pytest.MonkeyPatch) -> None:
    redactor = Redactor()
    redactor.hide("open-sesame")
    monkeypatch.setattr("vedette.kit.logs.SECRETS", redactor)
    sheet = written(as_json=True)
    try:
        raise ValueError("open-sesame is wrong")
    except ValueError:
        log.exception("said %s to rtsp://a:b@c/", "open-sesame")

    assert "open-sesame" not in sheet.getvalue()
    assert f"rtsp://a:{STARS}@c/" in sheet.getvalue()


def test_plain_settings_are_shown_without_what_is_secret() -> None:
    shown = hidden(
        {
            "cameras": {"yard": {"source": "rtsp://me:pass@10.0.0.1/1"}},
            "notify": {
                "channels": [{"token": "123:abc", "chat_ids": [1]}, {"token": {"secret": "T"}}]
            },
        }
    )

    assert shown == {
        "cameras": {"yard": {"source": "rtsp://me:***@10.0.0.1/1"}},
        "notify": {"channels": [{"token": "***", "chat_ids": [1]}, {"token": {"secret": "T"}}]},
    }
