"""Bad input to the commands: a clear sentence, an exit code, no traceback, nothing else harmed."""

import wave
from pathlib import Path

import pytest

from tests.command import CLIP, Ran, vedette


def refused(ran: Ran, code: int, *words: str) -> None:
    """One sentence on stderr, the right code, and nothing on stdout."""
    assert ran.code == code, ran.err
    assert "Traceback" not in ran.err
    assert "defect" not in ran.err
    assert ran.out == ""
    for word in words:
        assert word in ran.err.replace("\n", " "), ran.err


def silent_sound(path: Path) -> None:
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\0\0" * 8000)


def test_missing_file(tmp_path: Path) -> None:
    refused(vedette("analyze", tmp_path / "gone.mp4"), 4, "gone.mp4", "does not exist")


def test_empty_file(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").write_bytes(b"")
    refused(vedette("analyze", tmp_path / "empty.mp4"), 4, "empty.mp4", "0 bytes")


def test_folder_instead_of_a_file(tmp_path: Path) -> None:
    refused(vedette("analyze", tmp_path), 4, "is a folder")


def test_sound_without_a_picture(tmp_path: Path) -> None:
    silent_sound(tmp_path / "sound.mp4")
    refused(vedette("analyze", tmp_path / "sound.mp4"), 4, "no video")


def test_text_that_calls_itself_video(tmp_path: Path) -> None:
    (tmp_path / "notes.mp4").write_text("these are notes, not a video\n" * 100)
    refused(vedette("analyze", tmp_path / "notes.mp4"), 4, "notes.mp4")


def test_unreachable_camera() -> None:
    ran = vedette("analyze", "rtsp://admin:sesame@127.0.0.1:9/live", within_s=60)
    refused(ran, 5, "127.0.0.1")
    assert "sesame" not in ran.err


def test_truncated_video_gives_what_can_be_read(tmp_path: Path) -> None:
    whole = CLIP.read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 4])

    ran = vedette("analyze", tmp_path / "cut.mp4", "--json", tmp_path / "events.jsonl")

    assert ran.code == 0, ran.err
    frames = int(ran.out.split(" frames (")[0].split()[-1])
    assert 60 < frames < 300


def test_bit_flipped_video_ends_without_a_crash(tmp_path: Path) -> None:
    damaged = bytearray(CLIP.read_bytes())
    for place in range(60_000, len(damaged), 9_973):
        damaged[place] ^= 0x55
    (tmp_path / "flipped.mp4").write_bytes(damaged)

    ran = vedette("analyze", tmp_path / "flipped.mp4")

    assert ran.code in {0, 4}
    assert "Traceback" not in ran.err


def test_video_with_a_wrong_extension_is_judged_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "clip.txt").write_bytes(CLIP.read_bytes()[:300_000])

    assert vedette("analyze", tmp_path / "clip.txt").code == 0


def test_unknown_model_names_the_known_ones() -> None:
    refused(vedette("analyze", CLIP, "--model", "nanodot"), 6, "nanodot", "nanodet", "centernet")


def test_corrupt_model_says_how_to_mend_it(tmp_path: Path) -> None:
    own = tmp_path / "mine.yaml"
    (tmp_path / "mine.onnx").write_bytes(b"\x08\x07not a graph at all")
    own.write_text(OWN_MODEL)

    refused(vedette("analyze", CLIP, "--model", own), 6, "mine")


def test_result_path_that_is_a_folder(tmp_path: Path) -> None:
    refused(vedette("analyze", CLIP, "--json", tmp_path), 2, "is a folder")


def test_unwritable_result_says_so_before_the_work_is_lost(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    ran = vedette("analyze", CLIP, "--tracks", tmp_path / "file" / "tracks.csv")
    refused(ran, 7, "cannot write")


OWN_MODEL = """
models:
  - name: mine
    summary: A broken file.
    head: nanodet
    source: file:mine.onnx
    licence: mine
    origin: me
    labels: coco80
    input: {width: 416, height: 416, layout: nchw, channels: bgr, fit: letterbox}
"""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("camera: []", ["camera", "did you mean 'cameras'?"], id="unknown-key"),
        pytest.param("cameras: yard", ["cameras"], id="wrong-type"),
        pytest.param(
            "cameras:\n  - {id: ../etc, source: a.mp4}", [":2", "a-z 0-9 _ -"], id="hostile-id"
        ),
        pytest.param(
            "cameras:\n  - {id: a, source: a.mp4}\n  - {id: a, source: b.mp4}",
            ["'a'", "differ"],
            id="duplicate-camera",
        ),
        pytest.param(
            "cameras:\n"
            "  - id: a\n"
            "    source: a.mp4\n"
            "    zones:\n"
            "      - {id: z, polygon: [[0, 0], [1, 1], [1, 0], [0, 1]]}\n",
            [":5", "cross"],
            id="self-crossing-polygon",
        ),
        pytest.param(
            "cameras:\n"
            "  - id: a\n"
            "    source: a.mp4\n"
            "    zones:\n"
            "      - {id: z, polygon: [[0, 0], [1, 0], [1, 1]]}\n"
            "      - {id: z, polygon: [[0, 0], [1, 0], [1, 1]]}\n",
            ["'z'", "differ"],
            id="duplicate-zone",
        ),
        pytest.param(
            "cameras:\n"
            "  - id: a\n"
            "    source: a.mp4\n"
            "    rules:\n"
            "      - {id: r, type: loiter, zone: nowhere, dwell_s: 5}\n",
            [":5", "nowhere"],
            id="unknown-zone",
        ),
        pytest.param(
            "cameras:\n  - id: a\n    source: a.mp4\n    rules:\n      - {id: r, type: lingers}\n",
            [":5", "lingers", "loiter"],
            id="unknown-rule",
        ),
        pytest.param(
            "cameras:\n  - {id: a, source: {type: rtsp, url: {secret: NO_SUCH_SECRET}}}",
            ["NO_SUCH_SECRET", "environment"],
            id="missing-secret",
        ),
        pytest.param("cameras: [", [":1:", "not valid YAML"], id="no-yaml"),
        pytest.param("", ["empty"], id="empty"),
    ],
)
def test_settings_that_are_wrong_name_the_line(tmp_path: Path, text: str, words: list[str]) -> None:
    (tmp_path / "bad.yaml").write_text(text)

    ran = vedette("config", "check", tmp_path / "bad.yaml")

    refused(ran, 3, "bad.yaml", *words)
    assert vedette("up", "--config", tmp_path / "bad.yaml", "--data", tmp_path / "data").code == 3
    assert not (tmp_path / "data").exists()
