"""Euler number of a phase: pieces less tunnels plus cavities."""

from itertools import combinations

import numpy as np

from dmn_fe.microstructure.statistics.indicator import indicator
from dmn_fe.microstructure.voxels import VoxelRVE

__all__ = ["euler_number"]


def euler_number(rve: VoxelRVE, phase: int | str) -> float:
    """Euler number per voxel: pieces less holes in a section; less tunnels plus cavities in space.

    Voxels that share a face are connected, as in :func:`find_clusters`; so holes and cavities are
    pieces of the other phases that are connected through edges and corners too. It is counted
    locally: voxels, less pairs of neighbours, plus squares of four, less cubes of eight. What
    passes through the faces of a periodic RVE counts right therefore, and in a window each of the
    four counts is divided by the number of places that it has inside.

    Parameters
    ----------
    rve : VoxelRVE
        Where an axis has one voxel, the RVE is a section.
    phase : int or str
        Number or name of the phase.

    Returns
    -------
    float
        Per voxel: a section with one disk in a thousand voxels has 0.001, one with a ring 0. A
        layer or rod that goes on without end through periodic faces has 0 as well.

    Raises
    ------
    InputError
        If there is no such phase.

    References
    ----------
    J. Ohser, F. Mücklich, Statistical Analysis of Microstructures in Materials Science (2000), §3.
    """
    inside = indicator(rve, phase)
    wide = [axis for axis in range(3) if rve.shape[axis] > 1]
    total = 0.0
    for order in range(len(wide) + 1):
        for axes in combinations(wide, order):
            block = inside
            for axis in axes:
                block = _with_next(block, axis, rve.periodic[axis])
            total += (-1) ** order * float(block.mean())
    return total


def _with_next(inside: np.ndarray, axis: int, periodic: bool) -> np.ndarray:
    """Where a block and the next one along an axis both are in the phase."""
    if periodic:
        return inside & np.roll(inside, -1, axis)
    n = inside.shape[axis]
    return inside.take(range(n - 1), axis) & inside.take(range(1, n), axis)
