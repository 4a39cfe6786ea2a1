"""Numbers with units, as people write them."""

from typing import Any

import pytest

from vedette.kit.units import normalised


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("quiet_s", "5s", 5),
        ("quiet_s", "1.5 min", 90),
        ("quiet_s", "250ms", 0.25),
        ("quiet_s", "2h", 7200),
        ("quiet_s", "30", 30),
        ("max_days", "2w", 14),
        ("keep_days", "12h", 0.5),
        ("max_gb", "500 MB", 0.5),
        ("max_gb", "2TB", 2000),
        ("ring_mb", "1GB", 1000),
        ("fps", "10 fps", 10),
        ("watermark", "80%", 0.8),
        ("quiet_s", "5 apples", "5 apples"),
        ("quiet_s", "10 fps", "10 fps"),
        ("quiet_s", "", ""),
        ("quiet_s", "-3s", -3),
        ("max_gb", "5s", "5s"),
        ("name", "5s", "5s"),
    ],
)
def test_what_people_write_becomes_a_number_in_the_settings_own_unit(
    name: str, text: str, expected: Any
) -> None:
    assert normalised([name], {name: text, "other": text}) == {name: expected, "other": text}


def test_what_is_no_mapping_or_no_text_stays() -> None:
    assert normalised(["a_s"], ["5s"]) == ["5s"]
    assert normalised(["a_s"], {"a_s": 5, "b": None}) == {"a_s": 5, "b": None}
    assert normalised(["b_s"], {"a_s": "5s"}) == {"a_s": "5s"}, "unknown: for others to refuse"
