"""The slip systems of face-centred cubic crystals, in crystal axes.

Strain and stress deviators are vectors ``[5]`` in an orthonormal basis in which cubic elasticity is
diagonal: two tensions and the three shears.
"""

import itertools
import math

import torch
from torch import Tensor

from dmn_fe.mandel import from_tensor

__all__ = ["DEVIATORS", "SYSTEMS"]

_R2, _R6 = math.sqrt(2.0), math.sqrt(6.0)
#: Basis of the deviators ``[5, 6]`` (Mandel): (1, −1, 0), (−1, −1, 2), shears 23, 13, 12.
DEVIATORS = torch.tensor(
    [
        [1.0 / _R2, -1.0 / _R2, 0.0, 0.0, 0.0, 0.0],
        [-1.0 / _R6, -1.0 / _R6, 2.0 / _R6, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 1.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 1.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 1.0],
    ],
    dtype=torch.float64,
)


def _systems() -> Tensor:
    """Symmetric Schmid tensors of the 12 systems {111}<110> as deviators ``[12, 5]``."""
    schmid = []
    for normal in ((1, 1, 1), (-1, 1, 1), (1, -1, 1), (1, 1, -1)):
        for i, j in itertools.combinations(range(3), 2):
            n = torch.tensor(normal, dtype=torch.float64) / math.sqrt(3.0)
            direction = torch.zeros(3, dtype=torch.float64)  # lies in the plane, along <110>
            direction[i], direction[j] = normal[j] / math.sqrt(2.0), -normal[i] / math.sqrt(2.0)
            product = torch.outer(direction, n)
            schmid.append(from_tensor(0.5 * (product + product.mT)))
    return torch.stack(schmid) @ DEVIATORS.mT


#: Symmetric Schmid tensors of the 12 systems {111}<110> as deviators ``[12, 5]``: the resolved
#: shear stress of a system is the dot product with the stress deviator.
SYSTEMS = _systems()
