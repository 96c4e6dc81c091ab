"""Overlapping spheres at random (Boolean model): the medium whose statistics are known exactly."""

import numpy as np

from dmn_fe.microstructure import VoxelRVE

RADIUS = 6.0  # voxels
DENSITY = 0.7  # mean number of spheres that cover a point, η


def overlapping_spheres(voxels: int, seed: int, radius: float = RADIUS) -> VoxelRVE:
    """Poisson number of spheres, independent of each other, in a periodic cube of unit voxels."""
    rng = np.random.default_rng(seed)
    mean = DENSITY * voxels**3 / (4.0 / 3.0 * np.pi * radius**3)
    phase = np.zeros((voxels,) * 3, dtype=np.int64)
    for centre in rng.uniform(0.0, voxels, (rng.poisson(mean), 3)):
        offsets = [(np.arange(voxels) - c + voxels / 2) % voxels - voxels / 2 for c in centre]
        x, y, z = np.ix_(*(offset**2 for offset in offsets))
        phase[x + y + z <= radius**2] = 1
    return VoxelRVE(phase, ("void", "solid"), size=(voxels,) * 3)


def grown_volume(distance, radius: float = RADIUS):
    """Volume of two equal spheres at a distance, over that of one."""
    ratio = np.minimum(np.asarray(distance) / radius, 2.0)
    return 1.0 + 0.75 * ratio - ratio**3 / 16.0
