"""Where is it now? A Kalman filter over all tracks at once, one column per track.

Constant velocity of centre and size, white-noise acceleration (Bar-Shalom, Li and Kirubarajan,
Estimation with applications to tracking and navigation, 2001, section 6.2.2). The four axes
(centre x, centre y, width, height) have independent noise, so each is a filter of two numbers and
nothing needs a matrix inverse. All noise is proportional to the object's own size, since a person
twice as near moves and jitters twice as much in the picture.
"""

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]

AXES = 4
POSITION, VELOCITY = slice(0, 4), slice(4, 8)
_PP, _PV, _VV = slice(8, 12), slice(12, 16), slice(16, 20)
ROWS = 20
"""Rows of the state: position, velocity, and the covariance of each pair, four axes each."""

_SIZE = np.array([2, 3, 2, 3])
"""Rows of what noise is proportional to, per axis."""
_TINY = 1e-6
_MEASURED = np.array([[0.05], [0.05], [0.12], [0.06]])
"""Standard deviation of a box: a walker's legs make the width the least certain."""
_ACCELERATION = np.array([[0.6], [0.4], [0.2], [0.12]])
"""Standard deviation of the change of velocity in a second, in widths and heights."""
_FIRST_SPEED = np.array([[2.5], [1.5], [0.3], [0.3]])
"""How fast a new object may be, in widths and heights a second."""


def begin(measured: F64) -> F64:
    """State of new tracks: standing still, as far as known.

    Args:
        measured: (4, n) centre x, centre y, width, height.
    Returns:
        (20, n) state.
    """
    state = np.zeros((ROWS, measured.shape[1]), dtype=np.float64)
    scale = measured[_SIZE]
    state[POSITION] = measured
    state[_PP] = (_MEASURED * scale) ** 2
    state[_VV] = (_FIRST_SPEED * scale) ** 2
    return state


def predict(state: F64, dt_s: F64 | float) -> None:
    """Move all tracks on by `dt_s` seconds ((n,), or the same for all), in place."""
    position, pv, vv = state[POSITION], state[_PV], state[_VV]
    noise = _ACCELERATION * position[_SIZE]
    noise *= noise
    noise *= dt_s
    gained = vv * dt_s
    state[_PP] += (2.0 * pv + gained + noise * (dt_s / 3.0)) * dt_s
    pv += gained
    pv += noise * (dt_s * 0.5)
    vv += noise
    position += state[VELOCITY] * dt_s
    np.maximum(state[2:4], _TINY, out=state[2:4])


def correct(state: F64, measured: F64) -> F64:
    """State after measurements.

    Args:
        state: (20, n) predicted.
        measured: (4, n) boxes of the same tracks.
    Returns:
        (20, n).
    """
    position, pp, pv = state[POSITION], state[_PP], state[_PV]
    noise = _MEASURED * position[_SIZE]
    noise *= noise
    noise += pp
    gain = pp / noise
    gain_v = pv / noise
    off = measured - position
    after = np.empty_like(state)
    after[POSITION] = position + gain * off
    after[VELOCITY] = state[VELOCITY] + gain_v * off
    left = 1.0 - gain
    after[_PP] = left * pp
    after[_PV] = left * pv
    after[_VV] = state[_VV] - gain_v * pv
    np.maximum(after[2:4], _TINY, out=after[2:4])
    return after
