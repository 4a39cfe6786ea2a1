"""Names of artifact files, there and back, and paths that try to leave the store."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from vedette.blobs.paths import FileName, demand_inside, read_path
from vedette.contracts.artifact import ArtifactKind
from vedette.contracts.errors import InvalidInput

EVENT = UUID("484145d7-30bd-5e5f-877d-89810f859a6f")
PATH = f"home/front_door/2026-03-14/{EVENT}/snapshot_annotated-12.jpg"


def name(**changes: Any) -> FileName:
    fields: dict[str, Any] = {
        "site_id": "home",
        "camera_id": "front_door",
        "day": date(2026, 3, 14),
        "event_id": EVENT,
        "kind": ArtifactKind.SNAPSHOT_ANNOTATED,
        "revision": 12,
        "extension": ".jpg",
        **changes,
    }
    return FileName(**fields)


def test_a_name_becomes_a_path_and_is_read_back() -> None:
    assert name().path() == PATH
    assert read_path(PATH) == name()


@pytest.mark.parametrize("kind", list(ArtifactKind))
def test_every_kind_has_a_path(kind: ArtifactKind) -> None:
    assert read_path(name(kind=kind).path()) == name(kind=kind)


@pytest.mark.parametrize(
    "changes",
    [
        {"site_id": ".."},
        {"site_id": "a/b"},
        {"camera_id": "../../etc"},
        {"camera_id": ""},
        {"revision": 0},
        {"revision": -1},
        {"extension": "jpg"},
        {"extension": ".j/../x"},
        {"extension": ""},
        {"extension": ".JPG\n"},
    ],
)
def test_a_name_that_could_lead_elsewhere_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        name(**changes).path()


@pytest.mark.parametrize(
    "path",
    [
        "holiday.jpg",
        "home/front_door/2026-03-14/notes.txt",
        PATH.replace("snapshot_annotated", "selfie"),
        PATH.replace("-12", "-0"),
        PATH.replace("-12", "-012"),
        PATH.replace("03-14", "02-30"),
        PATH.replace("2026-03-14", "20260314"),
        PATH.replace(str(EVENT), EVENT.hex),
        PATH.replace(str(EVENT), str(EVENT).upper()),
        PATH + "/more",
        "/" + PATH,
    ],
)
def test_a_path_that_we_did_not_make_is_not_ours(path: str) -> None:
    assert read_path(path) is None


@pytest.mark.parametrize(
    "path",
    [
        *("", ".", "..", "/", "/etc/passwd", "a/../b", "a//b", "a/./b", "a/", "../a", ".tmp/x"),
        *("a\\..\\b", "C:/x", "a/b\x00c", "a/\n", "a/b c", "~root", "a/" + "x" * 300),
    ],
)
def test_a_path_out_of_the_store_is_refused(path: str) -> None:
    with pytest.raises(InvalidInput, match="is not the path of an artifact"):
        demand_inside(path)
