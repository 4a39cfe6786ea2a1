"""Models that are known by name, and whose weights only their user can bring: YOLOv8 and YOLO11.

Their weights and the program that exports them are AGPL-3.0 (or need a licence of Ultralytics), so
they are neither shipped nor fetched; docs/models.md says how to bring them.
"""

from pathlib import Path

from vedette.contracts.model import ModelInput, ModelSpec

FAMILIES = {"yolov8": "YOLOv8", "yolo11": "YOLO11"}
SIZES = {"n": "nano", "s": "small", "m": "medium", "l": "large", "x": "extra large"}
NAMES = tuple(f"{family}{size}" for family in FAMILIES for size in SIZES)
SIDE = 640


def own_weights(name: str, folder: Path) -> ModelSpec | None:
    """The description of one of `NAMES`; None for any other name.

    Args:
        folder: of the installed models; the user's `NAME.onnx` belongs there.
    """
    if name not in NAMES:
        return None
    family, size = name[:-1], name[-1]
    return ModelSpec(
        name=name,
        summary=f"{FAMILIES[family]} {SIZES[size]}, with weights of your own.",
        head=family,
        source=f"file:{folder / name}.onnx",
        licence="AGPL-3.0 (weights, which you bring)",
        origin="Ultralytics (trained on COCO)",
        how_to=(
            f"its weights are AGPL-3.0 and not shipped: export {name}.onnx yourself and put it "
            "there (docs/models.md says how)"
        ),
        input=ModelInput(
            width=SIDE,
            height=SIDE,
            step=32,
            layout="nchw",
            channels="rgb",
            fit="letterbox",
            scale=(1 / 255, 1 / 255, 1 / 255),
        ),
        labels="coco80",
        score=0.4,
        verified=False,
    )
