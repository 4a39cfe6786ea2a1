"""What is different between two settings, and whom it concerns."""

from typing import Any

from vedette.app.settings import Settings
from vedette.app.settings_change import change_between, fingerprint

BASE: dict[str, Any] = {
    "cameras": [
        {"id": "yard", "source": "a.mp4", "zones": [{"id": "steps", "kind": "area"}]},
        {"id": "gate", "source": "b.mp4"},
    ]
}


def settings(**changes: Any) -> Settings:
    return Settings.model_validate({**BASE, **changes})


def test_nothing_changed_is_nothing() -> None:
    assert not change_between(settings(), settings())


def test_a_zone_counts_in_place_and_a_source_does_not() -> None:
    yard, gate = BASE["cameras"]
    new = settings(
        cameras=[
            {**yard, "zones": [{"id": "steps", "kind": "exclude"}]},
            {**gate, "source": "c.mp4", "name": "Gate"},
        ]
    )

    change = change_between(settings(), new)

    assert change.in_place == ("yard",)
    assert change.anew == ("gate",)
    assert change.keys == (
        "cameras.gate.name",
        "cameras.gate.source.path",
        "cameras.yard.zones.steps.kind",
    )


def test_cameras_come_and_go() -> None:
    yard, _ = BASE["cameras"]
    change = change_between(settings(), settings(cameras=[yard, {"id": "attic", "source": "x"}]))

    assert (change.added, change.removed) == (("attic",), ("gate",))
    assert change.keys == ("cameras.attic", "cameras.gate")


def test_what_counts_from_the_next_start_on_is_named() -> None:
    change = change_between(settings(), settings(api={"port": 9000}, retention={"max_gb": 1}))

    assert change.parts == {"api", "retention"}
    assert change.pending == ("api.port",)


def test_the_fingerprint_is_of_what_is_said_and_not_of_how() -> None:
    first = {"a": 1, "b": {"c": [1, 2], "d": "x"}}

    assert fingerprint(first) == fingerprint({"b": {"d": "x", "c": [1, 2]}, "a": 1})
    assert fingerprint(first) != fingerprint({"a": 1, "b": {"c": [2, 1], "d": "x"}})
