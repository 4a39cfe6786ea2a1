"""Row 5, the detector's path: from a frame to boxes, against OpenCV's usual way.

    python -m benchmarks.detector_path [--quick]

Around the network: a YOLO head at 640 x 640 with 8400 candidates and 80 classes, 25 objects with
eight candidates each; both get the same raw output, and their boxes must be the same. Ours begins
with the decoder's planes, the peer with a BGR picture that cost it nothing. With the network: the
default model on ONNX Runtime and one thread, against `session.run` with a tensor that is ready.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from onnx import TensorProto, helper

from benchmarks.bench import Bench, alone
from benchmarks.cell import Cell, Question, compared
from benchmarks.contest import run
from benchmarks.detections import frames_of
from benchmarks.media import CLIP
from vedette.contracts.frame import Frame
from vedette.contracts.model import ModelInput, ModelSpec
from vedette.detect.onnx import OnnxConfig, OnnxDetector
from vedette.detect.preprocess import blank, fill, fit
from vedette.kit.pixels import planes_from_bgr
from vedette.models.catalogue import Catalogue
from vedette.models.store import ModelStore

F32 = npt.NDArray[np.float32]
SIDE, CLASSES, CANDIDATES = 640, 80, 8400
OBJECTS, EACH = 25, 8
SCORE, IOU = 0.4, 0.6
PEER = "blobFromImage + NMSBoxes"


def measure(bench: Bench) -> list[Cell]:
    """Around the network, then with it."""
    return [_around(bench), *_whole(bench)]


def _around(bench: Bench) -> Cell:
    bgr, raw = _street(), _raw()
    ours: list[float] = []
    theirs: list[float] = []
    with tempfile.TemporaryDirectory(prefix="vedette-bench-") as scratch:
        folder = Path(scratch)
        given, answer = folder / "given.npz", folder / "answer.npz"
        np.savez(given, bgr=bgr, raw=raw, side=SIDE, score=SCORE, iou=IOU)
        detector, frame = _detector(folder, raw), _frame(bgr)
        found = detector.detect([frame])[0]
        command = bench.peer("detector_path.py", given, answer, "5" if bench.quick else "40")
        for number in range(bench.rounds):
            bench.say(f"around the network, round {number + 1}")
            ours.append(_milliseconds(lambda: detector.detect([frame]), bench))
            if command is None:
                continue
            theirs.append(run(command).said["ms"])
            with np.load(answer) as file:
                _check(found.boxes, found.scores, file["boxes"] / SIDE, file["scores"])
                shown = blank(detector.input, fit(detector.input, *bgr.shape[1::-1]), 1)
                fill(shown[0], frame, detector.input, fit(detector.input, *bgr.shape[1::-1]))
                assert np.abs(shown / 255.0 - file["blob"]).mean() < 0.02, "the tensors differ"
    return compared(
        Question(
            row=5,
            metric="before and after the network",
            workload=f"{CANDIDATES} candidates, {OBJECTS} objects, 1280x720",
            unit="ms CPU a frame",
            peer_name=PEER,
            target="<= 0.25x",
        ),
        ours,
        theirs,
    )


def _whole(bench: Bench) -> list[Cell]:
    """The default model, the whole path, in turns with the bare session."""
    spec = Catalogue.load().get()
    path = ModelStore().pull(spec)
    frame = next(iter(frames_of(CLIP)))
    session = onnxruntime.InferenceSession(
        str(path), _one_thread(), providers=["CPUExecutionProvider"]
    )
    name = session.get_inputs()[0].name
    plain = OnnxDetector(OnnxConfig(engine="cpu"), spec=spec, path=path)
    tensor = _normalised(frame, plain.input)
    contestants: dict[str, Callable[[], Any]] = {
        "session.run": lambda: session.run(None, {name: tensor}),
        "cpu": lambda: plain.detect([frame]),
    }
    fast = OnnxDetector(OnnxConfig(engine="openvino"), spec=spec, path=path)
    contestants[fast.engine] = lambda: fast.detect([frame])
    spent: dict[str, list[float]] = {each: [] for each in contestants}
    for number in range(bench.rounds):
        bench.say(f"the whole path, round {number + 1}")
        for each, values in _in_turns(contestants, 3 if bench.quick else 25).items():
            spent[each].append(values)
    return [
        compared(
            Question(
                row=5,
                metric="frame to boxes",
                workload=f"{spec.name}, 640x480, {engine}, one thread",
                unit="ms CPU a frame",
                peer_name="bare session.run, f32",
                target=target,
            ),
            spent[engine],
            spent["session.run"],
        )
        for engine, target in (("cpu", "<= 1.05x"), (fast.engine, ""))
    ]


def _in_turns(contestants: dict[str, Callable[[], Any]], times: int) -> dict[str, float]:
    """CPU milliseconds of a call: the median, everybody after everybody else."""
    spent: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(times + 2):
        for name, contestant in contestants.items():
            began = time.process_time()
            contestant()
            if number >= 2:  # the first ones make room
                spent[name].append((time.process_time() - began) * 1e3)
    return {name: statistics.median(values) for name, values in spent.items()}


def _milliseconds(work: Callable[[], object], bench: Bench) -> float:
    """CPU time of one call, the best of five series."""
    times = 5 if bench.quick else 40
    best = float("inf")
    for _ in range(5):
        began = time.process_time()
        for _ in range(times):
            work()
        best = min(best, (time.process_time() - began) / times * 1e3)
    return best


class _Ready:
    """An engine whose answer is there already: what is left is ours."""

    name: str = "ready"
    batches: bool = False

    def __init__(self, raw: F32) -> None:
        self.outputs: tuple[str, ...] = ("output0",)
        self._answer = {"output0": raw}

    def run(self, pixels: object) -> dict[str, F32]:
        del pixels
        return self._answer

    def close(self) -> None: ...


def _detector(folder: Path, raw: F32) -> OnnxDetector:
    """A YOLO of the usual export, with the network replaced by its answer."""
    file = folder / "yolo.onnx"
    images = helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, SIDE, SIDE])
    output = helper.make_tensor_value_info("output0", TensorProto.FLOAT, raw.shape)
    nodes = [
        helper.make_node("ReduceMax", ["images"], ["most"], keepdims=0),
        helper.make_node("Mul", ["most", "zero"], ["nothing"]),
        helper.make_node("Add", ["raw", "nothing"], ["output0"]),
    ]
    constants = [
        onnx.numpy_helper.from_array(raw, "raw"),
        onnx.numpy_helper.from_array(np.zeros((), np.float32), "zero"),
    ]
    graph = helper.make_graph(nodes, "yolo", [images], [output], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    file.write_bytes(model.SerializeToString())
    spec = ModelSpec(
        name="yolo",
        summary="",
        head="yolo11",
        source=f"file:{file}",
        licence="",
        origin="",
        input=ModelInput(
            width=SIDE,
            height=SIDE,
            layout="nchw",
            channels="rgb",
            fit="stretch",
            scale=(1 / 255, 1 / 255, 1 / 255),
        ),
        labels="coco80",
        score=SCORE,
    )
    detector = OnnxDetector(OnnxConfig(engine="cpu", iou=IOU), spec=spec, path=file)
    detector._engine = _Ready(raw)  # the network's own time is not ours
    return detector


def _raw() -> F32:
    """(1, 84, 8400): objects with several candidates each, and noise."""
    rng = np.random.default_rng(5)
    raw = np.zeros((1, 4 + CLASSES, CANDIDATES), dtype=np.float32)
    raw[0, :4] = rng.uniform(20, 600, (4, CANDIDATES))
    raw[0, 4:] = rng.random((CLASSES, CANDIDATES)) * 0.1
    columns = rng.choice(CANDIDATES, OBJECTS * EACH, replace=False).reshape(OBJECTS, EACH)
    for number, own in enumerate(columns):
        centre = np.array((number % 5 * 120 + 70, number // 5 * 120 + 70))
        raw[0, :2, own] = centre + rng.normal(0, 1, (EACH, 2))
        raw[0, 2:4, own] = np.array((60, 80)) + rng.normal(0, 2, (EACH, 2))
        raw[0, 4 + number % 3, own] = rng.uniform(0.5, 0.95, EACH)
    return raw


def _check(boxes: F32, scores: F32, their_boxes: F32, their_scores: F32) -> None:
    """The same objects, to a thousandth of the frame."""
    assert len(boxes) == len(their_boxes) == OBJECTS, "the answers differ in number"
    order, their_order = np.argsort(scores), np.argsort(their_scores)
    assert np.allclose(boxes[order], their_boxes[their_order], atol=1e-3), "the boxes differ"
    assert np.allclose(scores[order], their_scores[their_order], atol=1e-5), "the scores differ"


def _street() -> npt.NDArray[np.uint8]:
    picture = next(iter(frames_of(CLIP))).bgr()
    return np.asarray(cv2.resize(picture, (1280, 720)), dtype=np.uint8)


def _frame(bgr: npt.NDArray[np.uint8]) -> Frame:
    y, u, v = planes_from_bgr(bgr)
    return Frame(camera_id="bench", number=1, at_us=0, y=y, u=u, v=v)


def _normalised(frame: Frame, given: ModelInput) -> F32:
    place = fit(given, frame.width, frame.height)
    pixels = blank(given, place, 1)
    fill(pixels[0], frame, given, place)
    mean, scale = (
        np.array(each, np.float32).reshape(1, 3, 1, 1) for each in (given.mean, given.scale)
    )
    return np.ascontiguousarray((pixels - mean) * scale, dtype=np.float32)


def _one_thread() -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


if __name__ == "__main__":
    alone(measure, __doc__)
