"""What workers tell of themselves in figures; what makes no sense is refused."""

import json
from dataclasses import asdict

import numpy as np
import pytest

from tests.unit.app.test_product_metrics import samples
from vedette.app.memory_metrics import MemoryMetrics
from vedette.app.worker_figures import heap_of, stages_of, summed
from vedette.contracts.errors import InvalidInput
from vedette.kit.heap import Heap, heap
from vedette.kit.histogram import Histogram


def test_memory_that_is_taken_and_given_back_is_seen() -> None:
    before = heap()
    large = np.ones(4_000_000, dtype=np.uint8)
    many = [object() for _ in range(50_000)]
    during = heap()
    del large, many
    after = heap()

    assert during.used_bytes - before.used_bytes > 3_500_000
    assert during.blocks - before.blocks > 49_000
    assert after.used_bytes - before.used_bytes < 500_000
    assert after.blocks - before.blocks < 1000


def test_memory_crosses_the_link_and_is_shown_by_process() -> None:
    told = heap_of("w1", json.loads(json.dumps(asdict(Heap(used_bytes=5, free_bytes=6, blocks=7)))))

    found = samples(MemoryMetrics(lambda: {"w1": told}))

    assert found["vedette_heap_used_bytes", "w1"] == 5
    assert found["vedette_heap_free_bytes", "w1"] == 6
    assert found["vedette_python_blocks", "w1"] == 7
    assert found["vedette_heap_used_bytes", "control"] > 1_000_000


@pytest.mark.parametrize("told", [None, {}, {"used_bytes": 1}, {"used_bytes": "much"}, 5])
def test_memory_that_makes_no_sense_is_refused(told: object) -> None:
    with pytest.raises(InvalidInput, match="the memory of w1 makes no sense"):
        heap_of("w1", told)


def test_stages_cross_the_link() -> None:
    took = Histogram()
    took.add(0.2)

    found = stages_of("w1", json.loads(json.dumps({"detect": took.plain()})))

    assert found["detect"].count == 1
    assert found["detect"].total_s == pytest.approx(0.2)


@pytest.mark.parametrize("told", [None, [], {"cook": Histogram().plain()}, {"detect": {}}])
def test_stages_that_make_no_sense_are_refused(told: object) -> None:
    with pytest.raises(InvalidInput, match="the stages of w1 make no sense"):
        stages_of("w1", told)


def test_figures_of_all_workers_add_up() -> None:
    assert summed([{"a": 1}, None, {"a": 2, "b": 3}]) == {"a": 3.0, "b": 3.0}
