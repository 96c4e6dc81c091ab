"""Anisotropy of a phase: how much faster it changes along one direction than across it."""

from itertools import combinations

import numpy as np

from dmn_fe.microstructure.quality.short_lags import short_lags
from dmn_fe.microstructure.voxels import VoxelRVE

__all__ = ["anisotropy"]


def anisotropy(rve: VoxelRVE, longest: int) -> np.ndarray:
    """Anisotropy of phase 0 in each plane of two axes, between the axes and the diagonals.

    The variogram φ − S2(r) is summed over the short lags r along a direction; the anisotropy is
    the difference of two directions at right angles over their sum.

    Parameters
    ----------
    rve : VoxelRVE
        The microstructure.
    longest : int
        Largest component of a lag in voxels.

    Returns
    -------
    array ``[planes, 2]``
        Planes e1 e2, e1 e3, e2 e3, as far as the axes have more than one voxel. In each, first
        the anisotropy between the axes, then that between the diagonals. From −1 to 1: 0 where
        the phase is isotropic, 1 where it does not change at all along the second direction.
    """
    lags = short_lags(rve, longest)
    middle = np.array(lags.shape) // 2
    steps = np.arange(1, longest + 1)

    def change(direction: np.ndarray) -> float:
        along = lags[tuple(middle[:, None] + direction[:, None] * steps)]
        return float((lags[tuple(middle)] - along).sum())

    planes = []
    for one, other in combinations(np.eye(3, dtype=int)[list(np.array(rve.shape) > 1)], 2):
        pairs = ((one, other), (one + other, one - other))
        planes.append([_share(change(first), change(second)) for first, second in pairs])
    return np.array(planes)


def _share(first: float, second: float) -> float:
    total = first + second
    return (first - second) / total if total > 0.0 else 0.0
