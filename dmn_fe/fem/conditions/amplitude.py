"""Factors over time."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from dmn_fe.errors import InputError

__all__ = ["Amplitude"]


class Amplitude:
    """A factor over time, linear between points and constant outside of them.

    Parameters
    ----------
    points : sequence of (time, factor)
        With rising times.

    Attributes
    ----------
    times, factors : tuple of float
        Of the points: load steps should end at these times.
    """

    def __init__(self, points: Sequence[tuple[float, float]]):
        if len(points) < 2:
            raise InputError(f"an amplitude of {len(points)} points: give [time, factor] twice.")
        self.times, self.factors = (
            tuple(float(n) for n in column) for column in zip(*points, strict=True)
        )
        if not np.isfinite([self.times, self.factors]).all():
            raise InputError(f"an amplitude with the points {list(points)}: give finite numbers.")
        for before, after in pairwise(self.times):
            if after <= before:
                raise InputError(
                    f"an amplitude has the time {after:g} after {before:g}; times must rise."
                )

    def __call__(self, t: float) -> float:
        """Factor at a time."""
        return float(np.interp(t, self.times, self.factors))
