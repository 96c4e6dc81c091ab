"""Making an RVE."""

import numpy as np

from dmn_fe.doctor.finding import Finding
from dmn_fe.doctor.rooms.answers import expect
from dmn_fe.microstructure import random_spheres

__all__ = ["check"]

_VOXELS, _FRACTION = 16, 0.2


def check() -> Finding:
    """Spheres, whose volume fraction is hit to one voxel."""
    rve = random_spheres(_VOXELS, _FRACTION, count=3, seed=0)
    found = float(np.mean(rve.phase == 1))
    expect("the volume fraction of spheres", found, _FRACTION, 1.0 / (_FRACTION * _VOXELS**3))
    return Finding("ok", "spheres of a given volume fraction")
