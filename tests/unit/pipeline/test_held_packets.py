"""What may have to be decoded after all is bounded, whatever the packets are like."""

import pytest

from tests.unit.pipeline.gate_rig import packet
from vedette.pipeline.held import HeldPackets

MOST = 20_000
AROUND = 200
"""What a packet takes at least besides its data."""


@pytest.mark.parametrize("size", [0, 1, 200, 5_000])
def test_small_packets_take_no_more_than_large_ones(size: int) -> None:
    held = HeldPackets(max_bytes=MOST)
    for number in range(2_000):
        held.add(packet(number, key=number % 3 == 0, size=size, data=b""))
        kept = held.after(None)
        assert len(kept) <= MOST / (AROUND + size)
        assert not kept or kept[0].is_keyframe
    assert len(held.after(None)) > 1, "nothing is kept at all"
