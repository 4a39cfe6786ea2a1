"""Short animations of an event (GIF, animated WebP): four to five times faster, or of a length."""

import io
from dataclasses import dataclass, field
from fractions import Fraction

import av
import cv2
import numpy as np
from av.filter import Graph
from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vedette.contracts.errors import StorageFailed
from vedette.contracts.frame import U8, Frame
from vedette.kit.pixels import bgr_from_planes

SPEED = 4.5
SHORTEST_S = 2.0
LONGEST_S = 8.0
PALETTE_EVERY = 4
"""Pictures of which one is looked at for the colours of a GIF: it is the same scene in all."""
PALETTE_SHRINK = 3
"""Of these one pixel in so many, across and down: that halves the time and is not seen."""

_BAR = (76, 175, 255)
_CENTI = Fraction(1, 100)


@dataclass(slots=True, kw_only=True)
class Preview:
    """Collects small pictures while an event lasts; never more than `max_frames`.

    When it is full, every second picture goes, and from then on only half as many are taken: the
    whole event stays covered, evenly. Belongs to the camera's thread.
    """

    width: int = 320
    max_frames: int = 32
    step_us: int = 250_000
    """Least time between two pictures; doubles when full."""
    length_s: float | None = None
    """How long one round takes; None: what happened, `SPEED` times faster, 2 to 8 s."""
    _pictures: list[tuple[int, U8]] = field(default_factory=list)
    _latest: tuple[int, U8] | None = None

    def __len__(self) -> int:
        return len(self._pictures)

    def add(self, frame: Frame) -> None:
        """Take a picture if it is time for one. The first and the latest are always kept."""
        if self._pictures and frame.at_us - self._pictures[-1][0] < self.step_us:
            return
        if len(self._pictures) >= self.max_frames:
            self._pictures = self._pictures[::2]
            self.step_us *= 2
            if frame.at_us - self._pictures[-1][0] < self.step_us:
                return
        self._pictures.append((frame.at_us, small(frame, self.width)))

    def thin(self, most: int) -> None:
        """Keep so many pictures at most (two or more), evenly, with the first and the latest."""
        if len(self._pictures) > most:
            kept = np.linspace(0, len(self._pictures) - 1, most).round().astype(int)
            self._pictures = [self._pictures[index] for index in kept.tolist()]

    def gif(self) -> bytes:
        """An animated GIF that repeats for ever; at least two pictures.

        Raises:
            StorageFailed: nothing was collected, or it cannot be encoded.
        """
        return _gif(self._show())

    def webp(self, *, quality: int = 70) -> bytes:
        """An animated WebP (about an eighth of the GIF's size); at least two pictures.

        Raises:
            StorageFailed: nothing was collected, or it cannot be encoded.
        """
        return _webp(self._show(), quality)

    @property
    def duration_s(self) -> float:
        """How long one round of the animation takes."""
        if not self._pictures:
            return 0.0
        if self.length_s is not None:
            return self.length_s
        lasted_s = (self._pictures[-1][0] - self._pictures[0][0]) / 1e6
        return min(LONGEST_S, max(SHORTEST_S, lasted_s / SPEED))

    def _show(self) -> list[tuple[int, U8]]:
        """Pictures with the milliseconds at which each appears; at least two different ones."""
        if not self._pictures:
            raise StorageFailed("a preview needs at least one picture, and none was collected")
        pictures = [picture for _, picture in self._pictures]
        if len(pictures) == 1:
            pictures = _approach(pictures[0])
        count = len(pictures)
        each_ms = round(1000 * self.duration_s / count)
        return [
            (index * each_ms, _with_progress(picture, (index + 1) / count))
            for index, picture in enumerate(pictures)
        ]


def small(frame: Frame, width: int) -> U8:
    """BGR of a frame, `width` wide at most, both sides even; planes shrink before the colours."""
    wide = min(width, frame.width) // 2 * 2 or 2
    high = max(2, round(frame.height * wide / frame.width / 2) * 2)
    y = cv2.resize(frame.y, (wide, high), None, 0, 0, cv2.INTER_AREA)
    u = cv2.resize(frame.u, (wide // 2, high // 2), None, 0, 0, cv2.INTER_AREA)
    v = cv2.resize(frame.v, (wide // 2, high // 2), None, 0, 0, cv2.INTER_AREA)
    planes = [np.asarray(plane, dtype=np.uint8) for plane in (y, u, v)]
    return bgr_from_planes(*planes, matrix=frame.matrix)


def _approach(picture: U8) -> list[U8]:
    """Moves slowly closer: something to see where there is only one picture."""
    height, width = picture.shape[:2]
    pictures = []
    for step in range(8):
        x, y = width * step // 100, height * step // 100
        part = picture[y : height - y, x : width - x]
        grown = cv2.resize(part, (width, height), None, 0, 0, cv2.INTER_LINEAR)
        pictures.append(np.asarray(grown, dtype=np.uint8))
    return pictures


def _with_progress(picture: U8, share: float) -> U8:
    """A thin bar at the bottom: how far we are (and no two pictures are ever the same)."""
    height, width = picture.shape[:2]
    marked = picture.copy()
    thick = max(1, height // 90)
    marked[height - thick :] //= 2
    marked[height - thick :, : round(width * share)] = _BAR
    return marked


def _frames(show: list[tuple[int, U8]], time_base: Fraction) -> list[VideoFrame]:
    """Frames for an encoder."""
    frames = []
    for shown_ms, picture in show:
        frame = VideoFrame.from_ndarray(picture, format="bgr24")
        frame.pts = int(Fraction(shown_ms, 1000) / time_base)
        frame.time_base = time_base
        frames.append(frame)
    return frames


def _webp(show: list[tuple[int, U8]], quality: int) -> bytes:
    animation = cv2.Animation()
    animation.frames = [picture for _, picture in show]
    each_ms = show[1][0] - show[0][0]
    animation.durations = [each_ms] * len(show)
    done, data = cv2.imencodeanimation(".webp", animation, [cv2.IMWRITE_WEBP_QUALITY, quality])
    if not done:
        raise StorageFailed(f"a preview of {len(show)} pictures could not be encoded as WebP")
    return bytes(data)


def _gif(show: list[tuple[int, U8]]) -> bytes:
    """One palette for all pictures, made for them; dithering that stands still where they do."""
    height, width = show[0][1].shape[:2]
    graph = Graph()
    pixels = VideoFormat("bgr24", width, height)
    source = graph.add_buffer(width=width, height=height, format=pixels, time_base=_CENTI)
    split = graph.add("split")
    some = graph.add("select", f"not(mod(n,{PALETTE_EVERY}))")
    fewer = graph.add("scale", f"iw/{PALETTE_SHRINK}:ih/{PALETTE_SHRINK}:flags=neighbor")
    palette = graph.add("palettegen", "stats_mode=full:max_colors=200")
    use = graph.add("paletteuse", "dither=bayer:bayer_scale=3:diff_mode=rectangle")
    sink = graph.add("buffersink")
    source.link_to(split)
    split.link_to(some, output_idx=0)
    some.link_to(fewer)
    fewer.link_to(palette)
    split.link_to(use, output_idx=1, input_idx=0)
    palette.link_to(use, output_idx=0, input_idx=1)
    use.link_to(sink)
    graph.configure()
    memory = io.BytesIO()
    last_for = str((show[1][0] - show[0][0]) // 10)  # in hundredths of a second
    options = {"fflags": "+bitexact", "final_delay": last_for}
    try:
        with av.open(memory, "w", format="gif", container_options=options) as out:
            stream = out.add_stream("gif", rate=Fraction(100, 1))
            if not isinstance(stream, VideoStream):
                raise StorageFailed("the GIF encoder is not one of video")
            stream.width, stream.height, stream.pix_fmt = width, height, "pal8"
            stream.codec_context.time_base = _CENTI
            for frame in _frames(show, _CENTI):
                graph.push(frame)
            graph.push(None)
            for _ in show:
                out.mux(stream.encode(graph.pull()))  # type: ignore[arg-type]
            out.mux(stream.encode(None))
    except av.FFmpegError as error:
        raise StorageFailed(f"a preview could not be encoded as GIF: {error.strerror}") from error
    return memory.getvalue()
