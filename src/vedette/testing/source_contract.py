"""What every source of video must do. Subclass, provide `make`, and run pytest."""

import threading
from itertools import islice, pairwise

import numpy as np
import pytest

from vedette.contracts.frame import Frame
from vedette.contracts.packet import Packet
from vedette.sources.port import Source, Stream


def read(stream: Stream, most: int = 24) -> tuple[list[Packet], list[Frame]]:
    """The first packets and their frames."""
    packets, frames = list[Packet](), list[Frame]()
    for packet in islice(stream.packets(), most):
        packets.append(packet)
        frames.extend(stream.decode(packet))
    return packets, frames


class SourceContract:
    """The suite."""

    secrets: tuple[str, ...] = ()
    """What must never be shown: the user and the password of the address."""

    def make(self) -> Source:
        """A source of at least 24 frames, for camera `yard`."""
        raise NotImplementedError

    @pytest.fixture
    def source(self) -> Source:
        return self.make()

    def test_packets_become_frames(self, source: Source) -> None:
        stream = source.open()
        packets, frames = read(stream)
        stream.close()

        assert any(packet.is_keyframe for packet in packets)
        assert all(packet.data for packet in packets)
        assert len(frames) >= 20
        assert {frame.camera_id for frame in frames} == {"yard"}
        assert [frame.number for frame in frames] == list(range(1, len(frames) + 1))

    def test_format_is_known_once_it_is_open(self, source: Source) -> None:
        stream = source.open()
        _, frames = read(stream)
        stream.close()

        assert stream.info.codec
        assert stream.info.time_base > 0
        sizes = {(frame.width, frame.height) for frame in frames}
        assert sizes == {(stream.info.width, stream.info.height)}

    def test_planes_are_read_only_and_of_half_size(self, source: Source) -> None:
        stream = source.open()
        _, [frame, *_] = read(stream)
        stream.close()

        half = ((frame.height + 1) // 2, (frame.width + 1) // 2)
        assert (frame.u.shape, frame.v.shape) == (half, half)
        for plane in (frame.y, frame.u, frame.v):
            assert plane.dtype == np.uint8
            assert not plane.flags.writeable

    def test_times_of_frames_grow_and_are_those_of_their_packets(self, source: Source) -> None:
        stream = source.open()
        packets, frames = read(stream)
        stream.close()

        times = [frame.at_us for frame in frames]
        assert all(later > earlier for earlier, later in pairwise(times))
        assert set(times) <= {packet.at_us for packet in packets}

    def test_decoding_order_grows_without_gaps(self, source: Source) -> None:
        stream = source.open()
        packets, _ = read(stream)
        stream.close()

        assert all(later.dts > earlier.dts for earlier, later in pairwise(packets))
        assert all(packet.pts >= packet.dts for packet in packets)

    def test_it_can_be_opened_again(self, source: Source) -> None:
        for _ in range(2):
            stream = source.open()
            _, frames = read(stream)
            stream.close()
            assert frames

    def test_closing_ends_the_packets_and_may_be_repeated(self, source: Source) -> None:
        stream = source.open()
        packets = stream.packets()
        next(packets)
        stream.close()

        assert list(packets) == []
        stream.close()

    def test_closing_from_another_thread_ends_the_packets(self, source: Source) -> None:
        stream, seen = source.open(), threading.Event()
        ended = threading.Event()

        def watch() -> None:
            for packet in stream.packets():
                stream.decode(packet)
                seen.set()
            ended.set()

        thread = threading.Thread(target=watch)
        thread.start()
        assert seen.wait(10)
        stream.close()
        thread.join(15)
        assert ended.is_set()

    def test_everything_is_counted(self, source: Source) -> None:
        stream = source.open()
        packets, frames = read(stream)
        stream.close()

        assert stream.stats.packets == len(packets)
        assert stream.stats.bytes == sum(len(packet.data) for packet in packets)
        assert stream.stats.frames == len(frames)

    def test_format_outlives_the_stream(self, source: Source) -> None:
        stream = source.open()
        info = stream.info
        stream.close()

        assert info.template.codec_context.width in {0, info.width}

    def test_its_name_shows_no_secrets(self, source: Source) -> None:
        shown = f"{source} {source!r} {vars(source)}"

        assert str(source)
        assert not any(secret in str(source) for secret in self.secrets)
        assert not any(secret in shown for secret in self.secrets)
