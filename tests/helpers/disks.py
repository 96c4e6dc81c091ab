"""Overlapping disks at random (Boolean model) in a section, periodic or as a window."""

import numpy as np

from dmn_fe.microstructure import VoxelRVE

NAMES = ("ground", "disks")


def overlapping_disks(
    n: int, seed: int, radius: float = 6.0, cover: float = 0.7, stretch: float = 1.0
) -> VoxelRVE:
    """Poisson number of disks, ``cover`` of them over a point on average; a periodic section.

    ``stretch`` makes them ellipses, so many times as long along e1 as across.
    """
    rng = np.random.default_rng(seed)
    long, short = radius * stretch**0.5, radius / stretch**0.5
    phase = np.zeros((n, n), dtype=int)
    for x, y in rng.uniform(0.0, n, (rng.poisson(cover * n**2 / (np.pi * radius**2)), 2)):
        dx, dy = ((np.arange(n) - c + n / 2) % n - n / 2 for c in (x, y))
        phase[(dx[:, None] / long) ** 2 + (dy / short) ** 2 <= 1.0] = 1
    return VoxelRVE(phase[:, :, None], NAMES)


def window(rve: VoxelRVE, n: int, corner: int = 0) -> VoxelRVE:
    """A square window of a section, which is not periodic."""
    cut = rve.phase[corner : corner + n, corner : corner + n]
    return VoxelRVE(cut, rve.names, periodic=(False, False, True))


def union_area(distance, radius: float):
    """Area of the union of two disks at a distance."""
    half = np.minimum(np.asarray(distance) / (2.0 * radius), 1.0)
    common = 2.0 * radius**2 * (np.arccos(half) - half * np.sqrt(1.0 - half**2))
    return 2.0 * np.pi * radius**2 - common
