"""The source map places every name of the four seed designs, and tells the truth."""

import pytest

from tests.architecture.register.extract import Entry, entries, read
from tests.architecture.register.source_map import (
    HEADER,
    MAP,
    NAMES,
    exists,
    name_faults,
    owed_by,
    place_faults,
    rows,
    status_faults,
)

MAPPED = rows(MAP.read_text("utf-8"))
REGISTER = read(NAMES)


def test_every_name_of_the_register_stands_in_the_map_once() -> None:
    assert len(REGISTER) == 204 + 69 + 331
    assert list(name_faults(MAPPED, REGISTER)) == []


def test_every_status_is_here_planned_or_a_deviation_with_its_reason() -> None:
    assert list(status_faults(MAPPED)) == []


def test_every_place_of_the_map_exists() -> None:
    assert list(place_faults(MAPPED)) == []


SEED = (
    Entry(kind="lay", key="A-LAY-008", text="`core/bus.py`: the bus."),
    Entry(kind="name", key="event.clip.ready", text="A-BUS-033"),
)
GOOD = (
    "| `A-LAY-008` `core/bus.py` | `vedette.contracts.bus:Bus` | here |",
    "| `event.clip.ready` | `topic event.clip.ready` | here; a packet copy |",
)


def faults_of(*lines: str) -> list[str]:
    mapped = rows("\n".join((HEADER, "|---|---|---|", *lines)))
    return [
        *name_faults(mapped, SEED),
        *status_faults(mapped),
        *place_faults(mapped),
    ]


def test_a_right_map_has_no_faults() -> None:
    assert faults_of(*GOOD) == []


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        (GOOD[:1], "`event.clip.ready` stands 0 times"),
        ((*GOOD, GOOD[1]), "`event.clip.ready` stands 2 times"),
        ((*GOOD, "| `core.bus` | `README.md` | here |"), "does not know `core.bus`"),
        ((GOOD[0], "| `event.clip.ready` | - | here |"), "but not where"),
        ((GOOD[0], "| `event.clip.ready` | - | soon |"), "what does this status mean"),
        ((GOOD[0], "| `event.clip.ready` | - | deviation: no |"), "what does this status mean"),
        ((GOOD[0], "| `event.clip.ready` | - | planned (issue 8: ui/) |"), "there is no issue 8"),
        ((GOOD[0], "| `event.clip.ready` | `docs/no.md` | here |"), "there is no `docs/no.md`"),
    ],
)
def test_a_wrong_map_is_told_what_is_wrong(lines: tuple[str, ...], fault: str) -> None:
    found = faults_of(*lines)

    assert any(fault in sentence for sentence in found), found


@pytest.mark.parametrize(
    "place",
    [
        "pyproject.toml",
        "src/vedette/contracts/",
        "vedette.contracts.bus:Bus.publish",
        "vedette.contracts.payload:Payload.schema_version",
        "topic camera.{id}.frame",
        "table ai_artifact.site_id",
        "package fastapi",
        "make check",
    ],
)
def test_a_place_that_exists_is_found(place: str) -> None:
    assert exists(place)


@pytest.mark.parametrize(
    "place",
    [
        "setup.py",
        "src/vedette/nothing/",
        "vedette.contracts.bus:Bus.shout",
        "vedette.contracts.nothing:Bus",
        "topic camera.front_door",
        "table nothing",
        "table site.nothing",
        "command nothing",
        "route /nothing",
        "package fast",
        "make nothing",
        "metric vedette_events_total",
    ],
)
def test_a_place_that_does_not_exist_is_missed(place: str) -> None:
    assert not exists(place)


def test_what_an_issue_still_owes_can_be_listed() -> None:
    mapped = rows(
        f"{HEADER}\n|---|---|---|\n"
        "| `a` | - | planned (issue 4: schemas/) |\n"
        "| `b` | `ui/` | here; drawn with issue 7 |\n"
        "| `c` | - | deviation: another way, planned (later: deploy/) |"
    )

    assert [row.names for row in owed_by(mapped, "issue 4")] == [("a",)]
    assert [row.names for row in owed_by(mapped, "issue 7")] == [("b",)]
    assert [row.names for row in owed_by(mapped, "later")] == [("c",)]


def test_the_register_gives_its_layout_rows_technologies_and_quoted_names() -> None:
    register = (
        "| A-LAY-008 | 001:17 | M | `core/bus.py`: the bus. | Exists. |\n"
        "| A-BUS-001 | 000:6 | M | Topics. | Trigger. |\n"
        "| D-TEC-024 | 004:1003 | O | Celery. | Declared. |\n"
        "## 7. Index of quoted names\n"
        "| Name | Rows |\n"
        "| `site(id, name)` | B-STO-003, B-STO-013 |\n"
        "## 8. Another\n"
        "| `UI` | D-UI-001 |\n"
    )

    found = [(entry.kind, entry.key, entry.text) for entry in entries(register)]

    assert found == [
        ("lay", "A-LAY-008", "`core/bus.py`: the bus."),
        ("tec", "D-TEC-024", "Celery."),
        ("name", "site(id, name)", "B-STO-003, B-STO-013"),
    ]


def test_the_walking_product_owes_no_name() -> None:
    assert list(owed_by(MAPPED, "issue 2")) == []
