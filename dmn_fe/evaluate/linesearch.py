"""Line search of the network's Newton iteration on the incremental energy, for many points."""

from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["find_step"]

_SUFFICIENT = 0.1  # accepted slope at the new point, relative to the slope at the start
_MAX_EVALUATIONS = 12


def find_step(slope: Callable[[Tensor], Tensor], start: Tensor, full: Tensor) -> Tensor:
    """Step ``[point]`` in (0, 1) where the energy is near its minimum along the Newton direction.

    Bracketing by regula falsi (after the Illinois variant): the energy is convex for the laws of
    the phases, so that its slope rises from ``start`` < 0 at step 0 to ``full`` > 0 at step 1.

    Parameters
    ----------
    slope : callable
        Slope ``[point]`` of the incremental energy at steps ``[point]``.
    start, full : Tensor ``[point]``
        Slopes at step 0 and step 1.
    """
    low, high = torch.zeros_like(start), torch.ones_like(start)
    slope_low, slope_high = start.clone(), full.clone()
    best, best_slope = high.clone(), full.abs()
    step = high
    for _ in range(_MAX_EVALUATIONS):
        unfinished = best_slope > _SUFFICIENT * start.abs()
        if not unfinished.any():
            break
        trial = (low * slope_high - high * slope_low) / (slope_high - slope_low)
        step = torch.where(unfinished, trial, step)
        value = slope(step)
        better = unfinished & (value.abs() < best_slope)
        best = torch.where(better, step, best)
        best_slope = torch.where(better, value.abs(), best_slope)
        rising = value > 0
        # Halving the slope of the end that is kept draws the next trial to it: both ends move.
        slope_low = torch.where(rising, 0.5 * slope_low, value)
        slope_high = torch.where(rising, value, 0.5 * slope_high)
        low, high = torch.where(rising, low, step), torch.where(rising, step, high)
    return best
