"""Names of classes, in the order of the models that were trained on them."""

_COCO = """
person, bicycle, car, motorcycle, airplane, bus, train, truck, boat, traffic light, fire
hydrant, stop sign, parking meter, bench, bird, cat, dog, horse, sheep, cow, elephant, bear,
zebra, giraffe, backpack, umbrella, handbag, tie, suitcase, frisbee, skis, snowboard, sports
ball, kite, baseball bat, baseball glove, skateboard, surfboard, tennis racket, bottle, wine
glass, cup, fork, knife, spoon, bowl, banana, apple, sandwich, orange, broccoli, carrot, hot
dog, pizza, donut, cake, chair, couch, potted plant, bed, dining table, toilet, tv, laptop,
mouse, remote, keyboard, cell phone, microwave, oven, toaster, sink, refrigerator, book, clock,
vase, scissors, teddy bear, hair drier, toothbrush
"""

COCO80 = tuple(" ".join(name.split()) for name in _COCO.split(","))
"""The 80 classes of COCO that have examples, numbered without gaps."""

_GAPS = (12, 26, 29, 30, 45, 66, 68, 69, 71, 83)
"""COCO's own ids that no example has."""


def _with_gaps() -> tuple[str, ...]:
    names = list(COCO80)
    for number in _GAPS:
        names.insert(number - 1, f"unused {number}")
    return tuple(names)


COCO90 = _with_gaps()
"""COCO's own ids 1..90 (index 0 is id 1), as TensorFlow's models use them."""

SETS = {"coco80": COCO80, "coco90": COCO90, "person": ("person",)}


def label_set(text: str) -> tuple[str, ...]:
    """The labels of a set's name, or of `name,name,...`."""
    if text in SETS:
        return SETS[text]
    return tuple(name.strip() for name in text.split(",") if name.strip())
