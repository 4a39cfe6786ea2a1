"""Films of intervals: exact to the picture, copied bit for bit, over segments and gaps."""

import os
import subprocess
from collections import Counter
from pathlib import Path

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.player import ffmpeg
from tests.servers.av_packets import START_US, Footage, footage, numbers_of
from tests.unit.recording.studio import SECOND, Studio, moved
from vedette.contracts.errors import NotFound, StorageFailed
from vedette.media.compose import Film, Piece, compose
from vedette.media.fragments import read_fragments
from vedette.media.movie import Movie

STEP = SECOND // 10
"""Between two pictures."""


def recorded(folder: Path, *takes: Footage, segment_s: float = 2.0) -> list[Piece]:
    """Segments as the recorder makes them."""
    studio = Studio(folder, segment_s=segment_s)
    for take in takes:
        studio.play(take)
    studio.desk.close()
    return [
        Piece(fragments=read_fragments(studio.file(n)), started_us=row.started_us)
        for n, row in enumerate(studio.sink.segments)
    ]


def film_of(pieces: list[Piece], begin: float, end: float) -> Film:
    """Times in pictures since the start."""
    film = compose(pieces, START_US + round(begin * STEP), START_US + round(end * STEP))
    assert film is not None
    return film


def written(film: Film, path: Path) -> Path:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    Movie(film.lines).write(handle)
    os.close(handle)
    return path


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> list[Piece]:
    """Eight seconds in segments of two, ten pictures a second, a keyframe each second."""
    return recorded(tmp_path_factory.mktemp("plain"), footage(seconds=8.0))


@pytest.mark.parametrize(
    ("begin", "end"),
    [(0, 80), (13, 27), (20, 40), (19, 21), (39, 40), (5, 6), (57, 80), (-100, 3), (77, 900)],
)
def test_the_first_and_the_last_picture_are_exact(
    plain: list[Piece], begin: int, end: int, tmp_path: Path
) -> None:
    film = film_of(plain, begin, end)
    shown = range(max(0, begin), min(80, end))

    assert numbers_of(str(written(film, tmp_path / "film.mp4"))) == list(shown)
    assert film.duration_s == pytest.approx(len(shown) / 10)
    [(first, last)] = film.intervals
    assert (first - START_US, last - START_US) == (shown.start * STEP, shown.stop * STEP)


@settings(max_examples=25, deadline=None)
@given(eighth=st.integers(0, 79 * 8), eighths=st.integers(9, 500))
def test_any_interval_shows_the_pictures_that_were_taken_in_it(
    plain: list[Piece], tmp_path_factory: pytest.TempPathFactory, eighth: int, eighths: int
) -> None:
    begin, length = eighth / 8, eighths / 8
    film = film_of(plain, begin, begin + length)
    first_us, last_us = round(begin * STEP), round((begin + length) * STEP)
    wanted = [n for n in range(80) if first_us <= n * STEP < last_us]
    path = tmp_path_factory.getbasetemp() / "any.mp4"
    assert numbers_of(str(written(film, path))) == wanted


def test_another_player_shows_the_same(plain: list[Piece], tmp_path: Path) -> None:
    """FFmpeg's own program, which knows nothing of how we read files."""
    path = written(film_of(plain, 13, 47), tmp_path / "film.mp4")
    command = [ffmpeg(), "-v", "error", "-i", str(path), "-f", "framemd5", "-"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = [line for line in done.stdout.splitlines() if not line.startswith("#")]
    assert len(lines) == 34
    assert done.stderr == ""


def test_pictures_out_of_order_are_cut_exactly_too(tmp_path: Path) -> None:
    take = footage(seconds=6.0, gop=20, b_frames=2)
    assert any(p.pts != p.dts for p in take.video)
    pieces = recorded(tmp_path / "rec", take)
    zero = pieces[0].started_us - START_US
    film = compose(pieces, pieces[0].started_us + 7 * STEP, pieces[0].started_us + 29 * STEP)
    assert film is not None

    numbers = numbers_of(str(written(film, tmp_path / "film.mp4")))
    first = zero // STEP + 7
    assert numbers == list(range(first, first + 22))


@pytest.mark.parametrize(
    ("codec", "sound"),
    [
        ("libx264", "aac"),
        ("libx264", "pcm_alaw"),
        ("libx265", "libopus"),
        ("mjpeg", "aac"),
        ("libvpx-vp9", "libopus"),
    ],
)
def test_every_codec_and_its_sound_are_copied(codec: str, sound: str, tmp_path: Path) -> None:
    take = footage(codec=codec, sound=sound, seconds=5.0)
    pieces = recorded(tmp_path / "rec", take, segment_s=1.5)
    film = film_of(pieces, 12, 38)
    path = written(film, tmp_path / "film.mp4")

    assert numbers_of(str(path)) == list(range(12, 38))
    with av.open(str(path)) as container:
        found = [(p.stream.type, bytes(p)) for p in container.demux() if p.size]
        sounds = container.streams.audio[0]
        assert abs(float((sounds.start_time or 0) * (sounds.time_base or 0))) < 0.05
    video = [data for kind, data in found if kind == "video"]
    heard = [data for kind, data in found if kind == "audio"]
    assert video == [p.data for p in take.video[10 if codec != "mjpeg" else 12 : 38]]
    came = [p.data for p in take.sound]
    begin = came.index(heard[0])
    assert heard == came[begin : begin + len(heard)]
    length_s = len(heard) * take.sound[1].duration * take.sound_base_s
    assert length_s == pytest.approx(2.6, abs=0.1)


@pytest.mark.parametrize("b_frames", [0, 2])
def test_sound_and_pictures_keep_their_distance(b_frames: int, tmp_path: Path) -> None:
    take = footage(sound="aac", seconds=5.0, b_frames=b_frames)
    pieces = recorded(tmp_path / "rec", take, segment_s=1.5)
    begin_us = pieces[0].started_us + 3 * STEP
    film = compose(pieces, begin_us, begin_us + 30 * STEP)
    assert film is not None
    path = written(film, tmp_path / "film.mp4")
    times = {p.data: p.at_us for p in take.packets}
    twice = {data for data, n in Counter(p.data for p in take.packets).items() if n > 1}
    with av.open(str(path)) as container:
        apart = [
            times[bytes(p)] - begin_us - round(float(p.pts * p.time_base) * SECOND)
            for p in container.demux()
            if p.size and p.pts is not None and p.time_base is not None and bytes(p) not in twice
        ]
    assert len(apart) > 150
    assert max(map(abs, apart)) < 1000, "a millisecond"


def test_where_nothing_was_recorded_the_film_goes_on(tmp_path: Path) -> None:
    take = footage(seconds=8.0)
    studio = Studio(tmp_path / "rec", segment_s=2.0)
    studio.play(take, take.packets[:25])
    studio.recorder.lost("away")
    studio.play(take, [moved(p, 0.0) for p in take.packets[53:]])
    studio.desk.close()
    pieces = [
        Piece(fragments=read_fragments(studio.file(n)), started_us=row.started_us)
        for n, row in enumerate(studio.sink.segments)
    ]
    film = film_of(pieces, 7, 71)
    path = written(film, tmp_path / "film.mp4")

    assert numbers_of(str(path)) == [*range(7, 25), *range(60, 71)]
    assert [(a - START_US, b - START_US) for a, b in film.intervals] == [
        (7 * STEP, 25 * STEP),
        (60 * STEP, 71 * STEP),
    ]
    assert film.duration_s == pytest.approx(2.9)


def test_a_short_hole_is_shown_with_its_length(tmp_path: Path) -> None:
    take = footage(seconds=4.0)
    studio = Studio(tmp_path / "rec", segment_s=60.0)
    studio.play(take, take.packets[:18])
    studio.recorder.lost("away")
    studio.play(take, take.packets[20:])
    studio.desk.close()
    pieces = [
        Piece(fragments=read_fragments(studio.file(n)), started_us=row.started_us)
        for n, row in enumerate(studio.sink.segments)
    ]
    film = film_of(pieces, 10, 30)

    assert len(film.intervals) == 1
    assert film.duration_s == pytest.approx(2.0)
    assert numbers_of(str(written(film, tmp_path / "f.mp4"))) == [*range(10, 18), *range(20, 30)]


def test_a_change_of_format_ends_the_film_and_says_where_to_go_on(tmp_path: Path) -> None:
    small = footage(seconds=3.0)
    large = footage(seconds=3.0, size=(640, 360), start_us=START_US + 3 * SECOND)
    pieces = recorded(tmp_path / "rec", small, large)
    film = film_of(pieces, 5, 55)

    assert numbers_of(str(written(film, tmp_path / "film.mp4"))) == list(range(5, 30))
    assert film.next_us == START_US + 3 * SECOND
    rest = compose(pieces, film.next_us, START_US + 55 * STEP)
    assert rest is not None
    assert numbers_of(str(written(rest, tmp_path / "rest.mp4"))) == list(range(25))


def test_an_interval_without_a_picture_is_no_film(plain: list[Piece]) -> None:
    assert compose(plain, START_US + 8 * SECOND, START_US + 90 * SECOND) is None
    assert compose(plain, START_US - 5 * SECOND, START_US) is None
    assert compose(plain, START_US + STEP // 4, START_US + STEP // 2) is None


def test_any_part_of_the_film_can_be_had(plain: list[Piece], tmp_path: Path) -> None:
    movie = Movie(film_of(plain, 3, 66).lines)
    whole = written(film_of(plain, 3, 66), tmp_path / "film.mp4").read_bytes()

    assert len(whole) == movie.size
    assert whole.find(b"moov") < whole.find(b"mdat")
    edges = [0, 1, len(movie.head) - 1, len(movie.head), len(movie.head) + 1, 9_999, movie.size]
    for start in edges:
        for stop in edges:
            if start < stop:
                assert b"".join(movie.chunks(start, stop)) == whole[start:stop]


def test_a_film_holds_only_what_it_needs(plain: list[Piece]) -> None:
    """Nothing of the pictures after its end, or before the keyframe."""
    film = film_of(plain, 13, 27)
    video = film.lines[0]
    sizes = sum(int(stretch.samples.sizes.sum()) for stretch in video.stretches)
    movie = Movie(film.lines)
    assert movie.size == len(movie.head) + sizes
    assert sum(len(stretch.samples) for stretch in video.stretches) == 17


def test_a_file_that_is_gone_meanwhile_is_a_sentence(tmp_path: Path) -> None:
    pieces = recorded(tmp_path / "rec", footage(seconds=3.0))
    movie = Movie(film_of(pieces, 3, 26).lines)
    file = pieces[0].fragments.path
    os.truncate(file, 3000)
    with pytest.raises(StorageFailed, match="shorter"):
        list(movie.chunks(0, movie.size))
    file.unlink()
    with pytest.raises(NotFound, match="there is no file"):
        list(movie.chunks(0, movie.size))
