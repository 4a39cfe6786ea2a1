"""How the raw output of each family of models is read: pure, vectorised, one file per family."""

from functools import partial

from vedette.contracts.errors import ModelUnavailable
from vedette.detect.heads import centernet, movenet, nanodet, ssd, yolo11, yolov3, yolox
from vedette.detect.heads.base import Decode

HEADS: dict[str, Decode] = {
    "centernet": centernet.decode,
    "movenet": movenet.decode,
    "nanodet": nanodet.decode,
    "ssd": ssd.decode,
    "yolo11": yolo11.decode,
    "yolov3": yolov3.decode,
    "yolov8": partial(yolo11.decode, head="yolov8"),
    "yolox": yolox.decode,
}


def head(name: str) -> Decode:
    """The function that reads this family's output.

    Raises:
        ModelUnavailable: there is none of that name.
    """
    if name not in HEADS:
        raise ModelUnavailable(f"no head is called {name!r}; there are: {', '.join(sorted(HEADS))}")
    return HEADS[name]
