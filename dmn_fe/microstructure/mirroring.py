"""Periodic RVEs from images by mirroring."""

import numpy as np

from dmn_fe.microstructure.voxels import VoxelRVE

__all__ = ["mirrored"]


def mirrored(rve: VoxelRVE) -> VoxelRVE:
    """A periodic RVE from one that is not: each axis that is not periodic is doubled by its mirror.

    The faces then continue each other; that particles on a face become symmetric particles is the
    price. The material is mirrored as well: a mirror M turns material axes Q into −M Q, which is
    a rotation, and has the stiffness of M Q because a stiffness does not feel an inversion.

    Returns
    -------
    VoxelRVE
        Periodic along all axes; ``rve`` itself if it is so already.
    """
    phase, size = rve.phase, list(rve.size)
    table, index = rve.orientations, rve.orientation_index
    for axis, periodic in enumerate(rve.periodic):
        if periodic or rve.shape[axis] == 1:
            continue
        size[axis] *= 2.0
        phase = np.concatenate([phase, np.flip(phase, axis)], axis)
        if table is not None and index is not None:
            mirror = np.eye(3)
            mirror[axis, axis] = -1.0
            index = np.concatenate([index, np.flip(index, axis) + len(table)], axis)
            table = np.concatenate([table, -mirror @ table])
    if all(rve.periodic):
        return rve
    return VoxelRVE(phase, rve.names, tuple(size), table, index)
