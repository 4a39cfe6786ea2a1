"""Darknet networks: layers against plain numpy, and files that do not belong together."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.unit.models.tiny import F32, conv, run, some
from vedette.contracts.errors import ModelUnavailable
from vedette.models.convert import darknet

HEADER = np.array([0, 2, 0], "<i4").tobytes() + bytes(8)
NET = "[net]\nchannels=3\n"
YOLO = "[yolo]\nmask=0,1\nanchors=10,20, 30,40\nclasses=1\n"
X = some(1, 8, 8, 3)
CLOSE: dict[str, Any] = {"rtol": 1e-4, "atol": 1e-5}


def convolution(filters: int, size: int = 1, *, norm: bool = False, more: str = "") -> str:
    return (
        f"[convolutional]\nfilters={filters}\nsize={size}\nstride=1\npad=1\n"
        f"batch_normalize={int(norm)}\nactivation=linear\n{more}"
    )


def weights(*parts: npt.NDArray[np.float32]) -> bytes:
    return HEADER + b"".join(part.astype("<f4").tobytes() for part in parts)


def kernel(values: F32) -> F32:
    """HWIO to Darknet's order."""
    return np.ascontiguousarray(values.transpose(3, 2, 0, 1))


def raw(found: F32) -> F32:
    """Undo the yolo layer (anchors 10x20 and 30x40, one class): (1, h, w, 12) channels."""
    inverse = np.empty_like(found)
    sure = np.clip(found, 1e-7, 1 - 1e-7)
    inverse[..., :2] = np.log(sure[..., :2] / (1 - sure[..., :2]))
    inverse[..., 2:4] = np.log(found[..., 2:4] / np.array([[10, 20], [30, 40]]))
    inverse[..., 4:] = np.log(sure[..., 4:] / (1 - sure[..., 4:]))
    return inverse.reshape(*found.shape[:3], -1)


def through(layers: str, data: bytes) -> F32:
    """What the layers before a yolo layer of 12 channels make of X."""
    model = darknet.convert("tiny", NET + layers + YOLO, data)
    return raw(run(model, np.ascontiguousarray(X.transpose(0, 3, 1, 2)))["boxes_0"])


def test_convolution_with_batch_normalisation_and_leaky_activation() -> None:
    first, second = some(3, 3, 3, 4, seed=1), some(1, 1, 4, 12, seed=2) * 0.1
    bias, scale, mean = (some(4, seed=seed) for seed in (3, 4, 5))
    variance = some(4, seed=6) ** 2 + 0.1
    layers = convolution(4, 3, norm=True).replace("linear", "leaky") + convolution(12)
    data = weights(
        bias, scale, mean, variance, kernel(first), np.zeros(12, np.float32), kernel(second)
    )

    found = through(layers, data)

    normed = (conv(X, first) - mean) / np.sqrt(variance + 1e-6) * scale + bias
    np.testing.assert_allclose(
        found, conv(np.where(normed > 0, normed, 0.1 * normed), second), rtol=1e-3, atol=1e-4
    )


def test_pooling_upsampling_routes_and_shortcuts() -> None:
    first, last = some(1, 1, 3, 4, seed=1), some(1, 1, 8, 12, seed=2) * 0.1
    layers = (
        convolution(4)
        + "[maxpool]\nsize=2\nstride=2\n"
        + "[upsample]\nstride=2\n"
        + "[shortcut]\nfrom=-3\nactivation=linear\n"
        + "[route]\nlayers=-1,0\n"
        + convolution(12)
    )
    data = weights(np.zeros(4, np.float32), kernel(first), np.zeros(12, np.float32), kernel(last))

    found = through(layers, data)

    base = conv(X, first)
    pooled = base.reshape(1, 4, 2, 4, 2, 4).max(axis=(2, 4))
    added = pooled.repeat(2, axis=1).repeat(2, axis=2) + base
    expected = conv(np.concatenate((added, base), axis=3), last)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


def test_pooling_with_stride_one_keeps_the_size() -> None:
    layers = convolution(12) + "[maxpool]\nsize=2\nstride=1\n"
    found = through(layers, weights(np.zeros(12, np.float32), kernel(some(1, 1, 3, 12) * 0.1)))

    assert found.shape == (1, 8, 8, 12)


def test_the_yolo_layer_puts_anchors_in_pixels_and_scores_in_0_to_1() -> None:
    model = darknet.convert(
        "tiny", NET + convolution(12) + YOLO, weights(some(12), np.zeros((12, 3), np.float32))
    )

    found = run(model, np.zeros((1, 3, 8, 16), np.float32))["boxes_0"]

    assert found.shape == (1, 8, 16, 2, 6)
    values = some(12).reshape(2, 6)
    np.testing.assert_allclose(
        found[0, 3, 5, :, 2:4], np.exp(values[:, 2:4]) * [[10, 20], [30, 40]], rtol=1e-5
    )
    np.testing.assert_allclose(found[0, 3, 5, :, 4:], 1 / (1 + np.exp(-values[:, 4:])), rtol=1e-5)


def test_the_same_files_give_the_same_bytes() -> None:
    data = weights(some(12), some(12, 3))
    text = NET + convolution(12) + YOLO

    assert darknet.convert("a", text, data) == darknet.convert("a", text, data)


GOOD = weights(some(12), some(12, 3))
WRONG = [
    ("", GOOD, r"begin with \[net\]"),
    ("[yolo]\n", GOOD, r"begin with \[net\]"),
    ("filters=3\n", GOOD, "line 1 of the .cfg"),
    (NET + "[convolutional]\nfilters 3\n", GOOD, "line 4 of the .cfg"),
    (NET + "[convolutional]\nfilters=many\n", GOOD, r"\[convolutional\] at line 3.*'many'"),
    (NET + "[convolutional]\nsize=3\n", GOOD, "filters=None is not a number"),
    (NET + "[lstm]\n", GOOD, r"\[lstm\] at line 3.*not supported.*convolutional"),
    (NET + convolution(12, more="activation=mish\n") + YOLO, GOOD, "activation=mish"),
    (NET + "[route]\nlayers=-1\n", GOOD, "no layer -1"),
    (NET + convolution(11) + YOLO, weights(some(11), some(11, 3)), "11 channels do not hold 2 x 6"),
    (NET + convolution(12) + YOLO, GOOD[:-4], "needs weights up to number 48.* 47"),
    (NET + convolution(12) + YOLO, GOOD[:-1], "cut short"),
    (NET + convolution(12) + YOLO, GOOD + bytes(4), "1 numbers of the .weights are left"),
    (NET + convolution(12) + YOLO, b"", "only 0 bytes"),
]


@pytest.mark.parametrize(("text", "data", "sentence"), WRONG)
def test_wrong_files_are_refused_with_the_line(text: str, data: bytes, sentence: str) -> None:
    with pytest.raises(ModelUnavailable, match=sentence):
        darknet.convert("tiny", text, data)
