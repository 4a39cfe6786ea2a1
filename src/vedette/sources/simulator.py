"""A camera that draws its own scene, with known truth; delivers real (VP9) packets."""

import io
import threading
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any, Literal

import av
from av.video.codeccontext import VideoCodecContext
from pydantic import Field

from vedette.contracts.errors import SourceRefused
from vedette.contracts.frame import Frame
from vedette.contracts.packet import Packet, StreamInfo
from vedette.kit.clock import Clock
from vedette.plugins.registry import PluginConfig
from vedette.sources.decode import FrameDecoder
from vedette.sources.pace import Pace
from vedette.sources.scene import Scene, Truth, default_scene, truth_at
from vedette.sources.scene_file import encoded
from vedette.sources.start import Start, start_us
from vedette.sources.stats import SourceStats
from vedette.sources.template import keep_parameters

_ENCODER = "libvpx-vp9"  # plays in every browser; no GPL encoder in the product


class SimulatorConfig(PluginConfig):
    """A simulated camera."""

    scene: Scene = Field(
        default_factory=default_scene, description="What it sees; a street where absent."
    )
    pace: Literal["fast", "realtime"] = "realtime"
    loop: bool = Field(default=True, description="Begin again at the end of the scene, for ever.")
    start: Start = None


class SimulatorSource:
    """Draws, encodes and decodes in this process."""

    Config = SimulatorConfig
    live = False

    def __init__(
        self, config: SimulatorConfig, *, camera_id: str, clock: Clock, audio: bool = False
    ) -> None:
        """`audio` changes nothing: the scene is silent."""
        del audio
        self._config = config
        self._camera_id = camera_id
        self._clock = clock

    @property
    def realtime(self) -> bool:
        """Packets come at the pace of a camera, and go on coming while one is slow."""
        return self._config.pace == "realtime"

    def __str__(self) -> str:
        scene = self._config.scene
        return f"simulator ({scene.width}x{scene.height}, {len(scene.actors)} objects)"

    def open(self) -> "SimulatorStream":
        """Begin the scene; a paced one begins now where no start is configured."""
        config = self._config
        paced = config.pace == "realtime"
        start = "now" if config.start is None and paced else config.start
        stop = threading.Event()
        return SimulatorStream(
            config.scene,
            camera_id=self._camera_id,
            loop=config.loop,
            start_us=start_us(start, None, self._clock),
            pace=Pace(self._clock, stop) if paced else None,
            stop=stop,
        )


class SimulatorStream:
    """One showing of a scene. Belongs to one thread, except for `close`."""

    def __init__(
        self,
        scene: Scene,
        *,
        camera_id: str,
        loop: bool,
        start_us: int,
        pace: Pace | None,
        stop: threading.Event,
    ) -> None:
        self.stats = SourceStats()
        self.scene = scene
        self._loop = loop
        self._start_us = start_us
        self._pace = pace
        self._stop = stop
        self.info = _info(scene)
        context = av.CodecContext.create("vp9", "r")
        if not isinstance(context, VideoCodecContext):
            raise SourceRefused("the simulator needs a VP9 decoder, and libav has none")
        self._decoder = FrameDecoder(
            context,
            camera_id=camera_id,
            stats=self.stats,
            give_up=SourceRefused,
            on_size=lambda _width, _height: None,
            size=(scene.width, scene.height),
        )

    def packets(self) -> Iterator[Packet]:
        """Every packet; ends with the scene unless it loops, or after `close`."""
        for raw in encoded(self.scene, _ENCODER, endless=self._loop):
            number = raw.pts or 0
            at_us = self.at_us(number)
            if self._pace is not None:
                self._pace.wait(at_us)
            if self._stop.is_set():
                return
            data = bytes(raw)
            self.stats.packets += 1
            self.stats.bytes += len(data)
            yield Packet(
                data=data,
                pts=number,
                dts=number,
                duration=1,
                is_keyframe=raw.is_keyframe,
                at_us=at_us,
            )

    def decode(self, packet: Packet) -> Sequence[Frame]:
        return self._decoder.decode(packet)

    def skip(self, packet: Packet) -> int:
        return self._decoder.skip(packet)

    def flush(self) -> Sequence[Frame]:
        return self._decoder.flush()

    def close(self) -> None:
        """End `packets`; may be called from another thread."""
        self._stop.set()

    def at_us(self, frame: int) -> int:
        """UTC of frame number `frame`, from 0."""
        return self._start_us + frame * 1_000_000 // self.scene.fps

    def truth(self, at_us: int) -> tuple[Truth, ...]:
        """What is really there at this time: the objects of the frame then shown."""
        frame = ((at_us - self._start_us) * self.scene.fps + 500_000) // 1_000_000
        return truth_at(self.scene, max(0, frame))


def _info(scene: Scene) -> StreamInfo:
    return StreamInfo(
        codec="vp9",
        width=scene.width,
        height=scene.height,
        time_base=Fraction(1, scene.fps),
        frame_rate=float(scene.fps),
        frames=scene.frames,
        duration_s=scene.frames / scene.fps,
        template=_template(scene),
    )


def _template(scene: Scene) -> Any:
    """Codec parameters for a muxer, as a demuxer finds them in a file of one frame."""
    one = Scene(width=scene.width, height=scene.height, fps=scene.fps, duration_s=0.01, noise=0.0)
    memory = io.BytesIO()
    with av.open(memory, "w", format="matroska") as writer:
        stream = writer.add_mux_stream("vp9", rate=one.fps, width=one.width, height=one.height)
        stream.time_base = Fraction(1, one.fps)
        for packet in encoded(one, _ENCODER):
            packet.stream = stream
            writer.mux_one(packet)
    memory.seek(0)
    with av.open(memory, "r") as reader:
        return keep_parameters(reader.streams.video[0])
