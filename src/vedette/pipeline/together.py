"""Puts together what the detector saw in a frame and, closer, in parts of it: each object once."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from vedette.contracts.sight import F32, Bools, Detections
from vedette.detect.crop import Crop
from vedette.detect.suppress import pairwise_iou

CUT = 0.01
"""A box that ends so near to a part's inner edge, in parts of it, is cut by that edge."""
REPLACED_IOU = 0.4
"""A box of the whole look that overlaps a closer one of its class so much is replaced by it."""
SAME_IOU, INSIDE = 0.5, 0.8
"""Two boxes of a class from different looks are one object if they overlap so much, or if so much
of the smaller one lies in the other."""


def merged(
    whole: Detections | None, parts: Sequence[tuple[Crop, Detections]]
) -> tuple[Detections, bool]:
    """What was found in the frame and in its parts, each object once; and whether one was cut.

    A box that a part's inner edge cuts is left out: that object is seen elsewhere, or at the next
    look. What was seen closer counts: it replaces what the whole look made of the same place
    (often one box around two people). Of other boxes of one object the more certain one stays.
    """
    closer: list[Detections] = []
    cut = False
    for crop, seen in parts:
        ends = _cut(seen.boxes, crop)
        cut |= bool(ends.any())
        closer.append(_placed(seen.pick(~ends), crop))
    if whole is None:
        return _once(closer), cut
    replaced = np.zeros(len(whole), dtype=np.bool_)
    for (crop, _), seen in zip(parts, closer, strict=True):
        replaced |= _within(whole.boxes, crop) & _same(whole, seen)
    return _once([whole.pick(~replaced), *closer]), cut


def _within(boxes: F32, crop: Crop) -> Bools:
    """(n,) boxes that lie wholly in a part."""
    right, bottom = crop.left + crop.width, crop.top + crop.height
    low = boxes[:, :2] >= np.array((crop.left, crop.top), dtype=np.float32)
    high = boxes[:, 2:] <= np.array((right, bottom), dtype=np.float32)
    return np.asarray((low & high).all(axis=1), dtype=np.bool_)


def _same(whole: Detections, closer: Detections) -> Bools:
    """(n,) boxes that a closer look saw, too."""
    overlap = pairwise_iou(whole.boxes, closer.boxes) > REPLACED_IOU
    overlap &= whole.classes[:, None] == closer.classes[None, :]
    return np.asarray(overlap.any(axis=1), dtype=np.bool_)


def _placed(seen: Detections, crop: Crop) -> Detections:
    """From fractions of the part to fractions of the frame."""
    joints = seen.keypoints
    if joints is not None:
        joints = np.concatenate((crop.back(joints[..., :2]), joints[..., 2:]), axis=-1)
    return replace(seen, boxes=crop.back(seen.boxes), keypoints=joints)


def _once(found: Sequence[Detections]) -> Detections:
    every = Detections(
        boxes=np.concatenate([one.boxes for one in found]),
        scores=np.concatenate([one.scores for one in found]),
        classes=np.concatenate([one.classes for one in found]),
        labels=max((one.labels for one in found), key=len),
        keypoints=_joints(found),
    )
    look = np.repeat(np.arange(len(found)), [len(one) for one in found])
    order = np.argsort(-every.scores, kind="stable")
    boxes, classes, look = every.boxes[order], every.classes[order], look[order]
    same = (pairwise_iou(boxes) > SAME_IOU) | (_contained(boxes) > INSIDE)
    same &= (classes[:, None] == classes[None, :]) & (look[:, None] != look[None, :])
    alive = np.ones(len(order), dtype=np.bool_)
    for row in range(len(order)):
        if alive[row]:
            alive[row + 1 :] &= ~same[row, row + 1 :]
    return every.pick(order[alive])


def _joints(found: Sequence[Detections]) -> F32 | None:
    known = [one.keypoints for one in found if one.keypoints is not None]
    if len(known) < len(found):
        return None
    return np.concatenate(known)


def _contained(boxes: F32) -> F32:
    """(n, n) the overlap as a part of the smaller box."""
    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    shared = np.clip(high - low, 0.0, None).prod(axis=2)
    area = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    smaller = np.maximum(np.minimum(area[:, None], area[None, :]), 1e-12)
    return np.asarray(shared / smaller, dtype=np.float32)


def _cut(boxes: F32, crop: Crop) -> Bools:
    """(n,) boxes that an edge of the part cuts, unless it is the frame's edge too."""
    inner = np.array(
        (
            crop.left > 0.0,
            crop.top > 0.0,
            crop.left + crop.width < 1.0 - 1e-6,
            crop.top + crop.height < 1.0 - 1e-6,
        )
    )
    near = np.concatenate((boxes[:, :2] < CUT, boxes[:, 2:] > 1.0 - CUT), axis=1)
    return np.asarray((near & inner).any(axis=1), dtype=np.bool_)
