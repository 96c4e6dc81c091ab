"""The load steps of a run file."""

import math
from itertools import pairwise

import numpy as np

from dmn_fe.cli.runfile import LoadingTable

__all__ = ["load_factor", "step_times"]


def step_times(loading: LoadingTable) -> list[float]:
    """The start and the ends of the load steps: equal steps between the points of the loading."""
    times = [loading.points[0][0]]
    for (start, _), (end, _) in pairwise(loading.points):
        count = max(1, math.ceil((end - start) / loading.step - 1e-9))
        times += [start + (end - start) * (i / count) for i in range(1, count + 1)]
    return times


def load_factor(loading: LoadingTable, t: float) -> float:
    """Load factor at a time, linear between the points."""
    times, factors = zip(*loading.points, strict=True)
    return float(np.interp(t, times, factors))
