"""Every voxel takes one phase."""

import numpy as np
from torch import Tensor

from dmn_fe.microstructure.reconstruction.objective import Distance
from dmn_fe.microstructure.reconstruction.phase_partition import labels, one_hot

__all__ = ["decide"]

_SMOOTHINGS = 2


def decide(indicator: Tensor, counts: np.ndarray, distance: Distance) -> np.ndarray:
    """Phases ``[…]`` from the indicators ``[k, …]`` of an image or volume, on the exact counts.

    The surfaces in a volume become rough when its voxels decide, each for itself: at every voxel
    slices of three directions pull. So smoothed indicators are tried there too, and what is nearer
    to the texture is taken; it is most often the smooth one, but not where the texture is fine.
    """
    phase = labels(indicator.cpu().numpy(), counts)
    if indicator.ndim == 3:
        return phase
    smooth = indicator
    for _ in range(_SMOOTHINGS):
        smooth = _smoothed(smooth)
    other = labels(smooth.cpu().numpy(), counts)
    losses = [_loss(one, len(counts), distance, indicator) for one in (phase, other)]
    return phase if losses[0] <= losses[1] else other


def _smoothed(field: Tensor) -> Tensor:
    """Means of periodic ``[k, …]`` over each voxel and its neighbours with weights 1, 2, 1."""
    for axis in range(1, field.ndim):
        field = field / 2 + (field.roll(1, axis) + field.roll(-1, axis)) / 4
    return field


def _loss(phase: np.ndarray, phases: int, distance: Distance, like: Tensor) -> float:
    return float(distance.backward(one_hot(phase, phases).to(like.device).requires_grad_()))
