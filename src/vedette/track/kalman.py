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
    scale = _scale(measured)
    state[POSITION] = measured
    state[_PP] = (_MEASURED * scale) ** 2
    state[_VV] = (_FIRST_SPEED * scale) ** 2
    return state


def predict(state: F64, dt_s: float) -> None:
    """Move all tracks on by `dt_s` seconds, in place."""
    spread = (_ACCELERATION * _scale(state[POSITION])) ** 2
    state[POSITION] += dt_s * state[VELOCITY]
    state[_PP] += dt_s * (2.0 * state[_PV] + dt_s * state[_VV]) + dt_s**3 / 3.0 * spread
    state[_PV] += dt_s * state[_VV] + dt_s**2 / 2.0 * spread
    state[_VV] += dt_s * spread
    np.maximum(state[2:4], _TINY, out=state[2:4])


def correct(state: F64, measured: F64) -> F64:
    """State after measurements.

    Args:
        state: (20, n) predicted.
        measured: (4, n) boxes of the same tracks.
    Returns:
        (20, n).
    """
    noise = (_MEASURED * _scale(state[POSITION])) ** 2
    pp, pv = state[_PP], state[_PV]
    gain = pp / (pp + noise)
    gain_v = pv / (pp + noise)
    off = measured - state[POSITION]
    after = np.empty_like(state)
    after[POSITION] = state[POSITION] + gain * off
    after[VELOCITY] = state[VELOCITY] + gain_v * off
    after[_PP] = (1.0 - gain) * pp
    after[_PV] = (1.0 - gain) * pv
    after[_VV] = state[_VV] - gain_v * pv
    np.maximum(after[2:4], _TINY, out=after[2:4])
    return after


def _scale(position: F64) -> F64:
    """(4, n) width, height, width, height."""
    return np.concatenate((position[2:4], position[2:4]))
