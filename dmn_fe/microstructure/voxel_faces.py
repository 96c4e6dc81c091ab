"""Whether opposite faces of a voxel RVE continue each other."""

from dataclasses import dataclass

import numpy as np

from dmn_fe.microstructure.voxels import VoxelRVE

__all__ = ["Seam", "seams"]

# Among all the layers of generated periodic RVEs, at most 5 of 1000 differ so much more from the
# next one than the others do; of windows cut out of them, most seams do.
_FACTOR = 1.25
_NOISE = 0.5


@dataclass(frozen=True)
class Seam:
    """How opposite faces meet when the RVE is put beside itself.

    Parameters
    ----------
    axis : int
        0, 1 or 2 for e1, e2, e3.
    change : float
        Share of the voxels that differ in phase between the last layer and the first.
    inside : float
        The largest such share between neighbouring layers inside.
    continues : bool
        Whether the change could as well be one between layers inside.
    """

    axis: int
    change: float
    inside: float
    continues: bool


def seams(rve: VoxelRVE) -> list[Seam]:
    """The seam of each axis with more than one voxel.

    Faces do not continue each other where clearly more voxels change their phase than between any
    neighbours inside: more than 1.25 times as many, and what chance may add in a layer of n
    voxels, 0.5 / √n of them.
    """
    found = []
    for axis, n in enumerate(rve.shape):
        if n == 1:
            continue
        layers = np.moveaxis(rve.phase, axis, 0)
        change = float(np.mean(layers[0] != layers[-1]))
        inside = max(float(np.mean(layers[i] != layers[i + 1])) for i in range(n - 1))
        limit = _FACTOR * inside + _NOISE / layers[0].size ** 0.5
        found.append(Seam(axis, change, inside, change <= limit))
    return found
