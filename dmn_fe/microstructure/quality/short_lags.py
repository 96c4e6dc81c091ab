"""Two-point probability at short lags in all directions."""

import numpy as np

from dmn_fe.microstructure.statistics import two_point_probability
from dmn_fe.microstructure.voxels import VoxelRVE

__all__ = ["short_lags"]


def short_lags(rve: VoxelRVE, longest: int) -> np.ndarray:
    """Two-point probability of phase 0 at lags up to so many voxels along each axis.

    Parameters
    ----------
    rve : VoxelRVE
        More than ``2 longest`` voxels along its axes, or one.
    longest : int
        Largest component of a lag in voxels.

    Returns
    -------
    array ``[2 longest + 1, 2 longest + 1, 1]``, or with as many in the last axis
        Zero lag is in the middle.
    """
    found = two_point_probability(rve, 0)
    return found.probability[
        np.ix_(*(np.flatnonzero(np.abs(steps) <= longest) for steps in found.steps))
    ]
