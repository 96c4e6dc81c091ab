"""Two-point cluster function of a phase along an axis."""

import numpy as np

from dmn_fe.microstructure.statistics.clusters import Clusters, find_clusters
from dmn_fe.microstructure.statistics.indicator import check_axis, pairs_at, spacing
from dmn_fe.microstructure.voxels import VoxelRVE

__all__ = ["two_point_cluster"]


def two_point_cluster(
    rve: VoxelRVE, phase: int | str, axis: int, clusters: Clusters | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Two-point cluster function C2(r): probability that two points lie in one cluster of a phase.

    It tells what is connected from what only lies close, which the two-point probability cannot:
    C2 ≤ S2, and C2 = S2 where the phase is one cluster.

    Parameters
    ----------
    rve : VoxelRVE
        Pairs wrap around a periodic axis and stay inside the window otherwise. Clusters are those
        of :func:`find_clusters`: what is connected outside a window only is not seen to be.
    phase : int or str
        Number or name of the phase.
    axis : int
        0, 1 or 2 for e1, e2, e3.
    clusters : Clusters, optional
        What :func:`find_clusters` found, where it is known already.

    Returns
    -------
    distance, probability : arrays ``[n // 2 + 1]``
        r = 0, h, … half the edge in the unit of ``rve.size``, and C2(r); C2(0) is the volume
        fraction.

    Raises
    ------
    InputError
        If there is no such phase or axis.

    References
    ----------
    S. Torquato, J. D. Beasley, Y. C. Chiew, J. Chem. Phys. 88 (1988) 6540.
    """
    check_axis(axis)
    label = (clusters or find_clusters(rve, phase)).label
    steps = np.arange(rve.shape[axis] // 2 + 1)
    probability = np.empty(len(steps))
    for step in steps:
        lag = [0, 0, 0]
        lag[axis] = int(step)
        start, end = pairs_at(label, (lag[0], lag[1], lag[2]), rve.periodic)
        probability[step] = np.mean((start == end) & (start > 0))
    return steps * spacing(rve)[axis], probability
