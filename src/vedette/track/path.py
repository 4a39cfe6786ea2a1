"""A track's path as bytes: differences of columns, low and high bytes apart, then zlib.

Coordinates of a walker change little from sample to sample, so high bytes are nearly all alike and
a sample of 14 bytes takes about 8. What comes out is exactly what went in.
"""

import struct
import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vedette.contracts.errors import InvalidInput, StorageFailed
from vedette.contracts.sample import U16

U32 = npt.NDArray[np.uint32]

_FORM = 1
_HEAD = struct.Struct("<BI")
"""Number of this form, number of samples."""
_SAMPLE_BYTES = 14
_MOST = 50_000_000
"""Samples; a head that claims more is damaged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """n samples of one track."""

    offsets_ms: U32
    """(n,) since the first sample's time, ascending."""
    boxes: U16
    """(n, 4) x1 y1 x2 y2 in 1/65535 of the frame."""
    scores: U16
    """(n,) in 1/65535."""

    def __len__(self) -> int:
        return len(self.offsets_ms)


def encode(path: Path) -> bytes:
    """Pack a path.

    Raises:
        InvalidInput: the columns differ in length, or time goes backwards.
    """
    n = len(path)
    if path.boxes.shape != (n, 4) or path.scores.shape != (n,):
        raise InvalidInput(
            f"a path of {n} times has boxes {path.boxes.shape} and scores {path.scores.shape}"
        )
    if n > 1 and (path.offsets_ms[1:] < path.offsets_ms[:-1]).any():
        raise InvalidInput("the times of a path go backwards")
    columns = [_bytes_apart(path.offsets_ms.astype("<u4"))]
    columns += [_bytes_apart(column.astype("<u2")) for column in (*path.boxes.T, path.scores)]
    return _HEAD.pack(_FORM, n) + zlib.compress(b"".join(columns), level=9)


def decode(data: bytes) -> Path:
    """Unpack a path, exactly.

    Raises:
        StorageFailed: the bytes are damaged, or were written by a newer version.
    """
    if len(data) < _HEAD.size:
        raise StorageFailed("a stored path is cut off")
    form, n = _HEAD.unpack_from(data)
    if form != _FORM or n > _MOST:
        raise StorageFailed(f"a stored path has the form {form} with {n} samples; known is {_FORM}")
    unpacker = zlib.decompressobj()
    try:
        raw = unpacker.decompress(data[_HEAD.size :], n * _SAMPLE_BYTES + 1)
    except zlib.error as error:
        raise StorageFailed(f"a stored path is damaged: {error}") from error
    if len(raw) != n * _SAMPLE_BYTES or not unpacker.eof:
        raise StorageFailed(f"a stored path should hold {n} samples and does not")
    shorts = [_together(raw[n * at : n * (at + 2)], "<u2") for at in range(4, _SAMPLE_BYTES, 2)]
    return Path(
        offsets_ms=_together(raw[: 4 * n], "<u4").astype(np.uint32),
        boxes=np.stack(shorts[:4], axis=1).astype(np.uint16),
        scores=shorts[4].astype(np.uint16),
    )


def _bytes_apart(column: npt.NDArray[np.unsignedinteger]) -> bytes:
    """Differences (modulo the type's range), first bytes of all, then second bytes of all ..."""
    steps = np.diff(column, prepend=column.dtype.type(0)).astype(column.dtype)
    return steps.view(np.uint8).reshape(-1, column.dtype.itemsize).T.tobytes()


def _together(data: bytes, kind: str) -> npt.NDArray[np.unsignedinteger]:
    dtype = np.dtype(kind)
    planes = np.frombuffer(data, dtype=np.uint8).reshape(dtype.itemsize, -1)
    steps: npt.NDArray[np.unsignedinteger] = np.ascontiguousarray(planes.T).view(dtype)[:, 0]
    return np.cumsum(steps, dtype=dtype)


NO_PATH = encode(
    Path(
        offsets_ms=np.zeros(0, dtype=np.uint32),
        boxes=np.zeros((0, 4), dtype=np.uint16),
        scores=np.zeros(0, dtype=np.uint16),
    )
)
"""Of what the ledger speaks of and nobody followed, or not to its end."""
