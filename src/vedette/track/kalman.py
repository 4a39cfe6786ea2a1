"""Where is it now? A Kalman filter over all tracks at once, one column per track.

Constant velocity of centre and size, white-noise acceleration (Bar-Shalom, Li and Kirubarajan,
Estimation with applications to tracking and navigation, 2001, section 6.2.2). The four axes
(centre x, centre y, width, height) have independent noise, so each is a filter of two numbers and
nothing needs a matrix inverse. All noise is proportional to the object's own size, since a person
twice as near moves and jitters twice as much in the picture.

The order of the state's rows lets one addition move position and covariance at once: with few
objects the number of numpy's calls is all that costs.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from vedette.contracts.sight import Bools

F64 = npt.NDArray[np.float64]
Index = npt.NDArray[np.intp]

AXES = 4
POSITION, VELOCITY = slice(0, 4), slice(8, 12)
_VV, _PP = slice(12, 16), slice(16, 20)
ROWS = 20
"""Rows of the state, four axes each: position, covariance of position and velocity, velocity,
variance of velocity, variance of position."""

_ONE, _TINY = np.array(1.0), np.array(1e-6)
_MEASURED = np.array([[[0.05], [0.05]], [[0.12], [0.06]]]) ** 2
"""(centre or size, x or y, 1) variance of a box: a walker's legs make the width the least
certain."""
_ACCELERATION = np.array([[[0.6], [0.4]], [[0.2], [0.12]]]) ** 2
"""Variance of the change of velocity in a second, in widths and heights."""
_FIRST_SPEED = np.array([[[2.5], [1.5]], [[0.3], [0.3]]]) ** 2
"""How fast a new object may be, in widths and heights a second."""


def begin(measured: F64) -> F64:
    """State of new tracks: standing still, as far as known.

    Args:
        measured: (4, n) centre x, centre y, width, height.
    Returns:
        (20, n) state.
    """
    state = np.zeros((ROWS, measured.shape[1]), dtype=np.float64)
    square = measured[2:4] * measured[2:4]
    state[POSITION] = measured
    state[_PP] = (_MEASURED * square).reshape(AXES, -1)
    state[_VV] = (_FIRST_SPEED * square).reshape(AXES, -1)
    return state


class Filter:
    """Moves and corrects a state in place, through views that are made once."""

    def __init__(self, state: F64) -> None:
        """Take a state of (20, n)."""
        self._all = state
        self._position, self._velocity = state[POSITION], state[VELOCITY]
        self._pv, self._vv, self._pp = state[4:8], state[_VV], state[_PP]
        self._changes, self._rates = state[:8], state[8:16]
        """(8, n) each: what in a second grows by what."""
        self.size: F64 = state[2:4]
        """(2, n) width and height."""
        self.speed: F64 = state[8:10]
        """(2, n) of the centre."""
        self.growth: F64 = state[10:12]
        """(2, n) of width and height."""

    def halt(self, who: Bools | None) -> None:
        """Take away all speed of some; None for all."""
        self._velocity[:, slice(None) if who is None else who] = 0.0

    def predict(self, dt_s: F64 | float) -> None:
        """Move all tracks on by `dt_s` seconds ((n,), or the same for all)."""
        square = self.size * self.size
        rates = _noise(dt_s) if isinstance(dt_s, float) else _noises(dt_s)
        noise = (rates * square).reshape(self._all.shape)
        step = np.asarray(dt_s)
        moved = self._rates * step
        spread = self._pv + self._pv
        spread += moved[4:]
        spread *= step
        np.add(self._pp, spread, out=self._pp)
        np.add(self._changes, moved, out=self._changes)
        np.add(self._all, noise, out=self._all)
        np.maximum(self.size, _TINY, out=self.size)

    def correct(self, measured: F64, missing: Index | None = None) -> None:
        """Take measurements.

        Args:
            measured: (4, n) boxes of the tracks.
            missing: tracks that have none (what stands there must be finite, and counts nothing).
        """
        noise = (_MEASURED * (self.size * self.size)).reshape(measured.shape)
        if missing is not None:
            noise[:, missing] = np.inf
        noise += self._pp
        gain, gain_v = self._pp / noise, self._pv / noise
        off = measured - self._position
        np.add(self._position, gain * off, out=self._position)
        np.maximum(self.size, _TINY, out=self.size)
        np.add(self._velocity, gain_v * off, out=self._velocity)
        np.subtract(self._vv, gain_v * self._pv, out=self._vv)
        np.subtract(_ONE, gain, out=gain)
        np.multiply(self._pv, gain, out=self._pv)
        np.multiply(self._pp, gain, out=self._pp)


@lru_cache(maxsize=64)
def _noise(dt_s: float) -> F64:
    """(5, 2, 2, 1) what noise adds to the state in this time, for objects of size 1."""
    return _noises(np.array([dt_s]))


def _noises(dt_s: F64) -> F64:
    """(5, 2, 2, n) the same for a time of each track."""
    none = np.zeros_like(dt_s)
    parts = np.stack((none, dt_s * dt_s * 0.5, none, dt_s, dt_s * dt_s * dt_s / 3.0))
    noise: F64 = parts[:, None, None] * _ACCELERATION
    return noise
