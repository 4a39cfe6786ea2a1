"""Holes are noted by the thread that reads, and acted upon by the one that decodes."""

import threading
from typing import Any

from vedette.contracts.packet import Packet
from vedette.sources.decoders import Decoders


class Deaf:
    """A decoder that keeps what it is told, and by which thread."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int]] = []

    def damaged(self) -> None:
        self.told.append(("damaged", threading.get_ident()))

    def decode(self, packet: Packet) -> list[Any]:
        self.told.append((f"packet {packet.dts}", threading.get_ident()))
        return []


def packet(dts: int) -> Packet:
    return Packet(data=b"x", pts=dts, dts=dts, duration=1, is_keyframe=False, at_us=dts)


def test_a_hole_is_told_to_the_decoder_before_its_packet_by_the_thread_that_decodes() -> None:
    deaf = Deaf()
    decoders = Decoders(lambda context: deaf, None)  # type: ignore[arg-type, return-value]
    reader = threading.Thread(target=decoders.note_hole, args=(2,))
    reader.start()
    reader.join()

    for _ in range(2):  # what is decoded again has its hole again
        for dts in (1, 2, 3):
            decoders.decode(packet(dts))

    once = ["packet 1", "damaged", "packet 2", "packet 3"]
    assert [what for what, _ in deaf.told] == once * 2
    assert {who for _, who in deaf.told} == {threading.get_ident()}
