"""Overlapping balls that fill half of a cube."""

import numpy as np

from dmn_fe.microstructure import VoxelRVE
from dmn_fe.microstructure.volume_fraction import lowest_voxels


def balls(n, seed, periodic=True):
    """Overlapping balls of about 4 voxels, half of the volume, in a cube."""
    rng = np.random.default_rng(seed)
    far = np.full((n, n, n), np.inf)
    for centre in rng.uniform(0.0, n, (round(0.0022 * n**3), 3)):
        x, y, z = np.ix_(*(((np.arange(n) - c + n / 2) % n - n / 2) ** 2 for c in centre))
        np.minimum(far, x + y + z, out=far)
    phase = lowest_voxels(far, 0.5).astype(int)
    return VoxelRVE(phase, ("ground", "balls"), periodic=(periodic,) * 3)
