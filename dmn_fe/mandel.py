"""Symmetric tensors as Mandel vectors: small pure functions over ``[..., 6]`` and ``[..., 6, 6]``.

Order ``[11, 22, 33, 23, 13, 12]`` with √2 on the shear entries, so that the inner product of two
tensors is the dot product of their vectors, a stiffness is a plain symmetric 6×6 matrix and a
rotation is an orthogonal one (Mehrabadi & Cowin, Q. J. Mech. Appl. Math. 43 (1990) 15).
"""

import math

import torch
from torch import Tensor

from dmn_fe.errors import InputError

__all__ = [
    "DEVIATORIC",
    "IDENTITY",
    "VOLUMETRIC",
    "deviator",
    "from_tensor",
    "interface_matrix",
    "isotropic_part",
    "isotropic_stiffness",
    "plane_part",
    "rotation_matrix",
    "to_tensor",
    "trace",
    "von_mises",
]

_ROWS = (0, 1, 2, 1, 0, 0)
_COLUMNS = (0, 1, 2, 2, 2, 1)
_PLANE = [0, 1, 5]
_SQRT2 = math.sqrt(2.0)
_FACTORS = torch.tensor([1.0, 1.0, 1.0, _SQRT2, _SQRT2, _SQRT2], dtype=torch.float64)

#: Second-order identity tensor ``[6]``.
IDENTITY = torch.tensor([1.0, 1.0, 1.0, 0.0, 0.0, 0.0], dtype=torch.float64)
#: Projector on the volumetric part ``[6, 6]``.
VOLUMETRIC = torch.outer(IDENTITY, IDENTITY) / 3.0
#: Projector on the deviatoric part ``[6, 6]``.
DEVIATORIC = torch.eye(6, dtype=torch.float64) - VOLUMETRIC


def from_tensor(tensor: Tensor) -> Tensor:
    """Mandel vector ``[..., 6]`` of a symmetric tensor ``[..., 3, 3]``."""
    return tensor[..., _ROWS, _COLUMNS] * _FACTORS.to(tensor)


def to_tensor(vector: Tensor) -> Tensor:
    """Symmetric tensor ``[..., 3, 3]`` of a Mandel vector ``[..., 6]``."""
    entries = vector / _FACTORS.to(vector)
    return entries[..., [[0, 5, 4], [5, 1, 3], [4, 3, 2]]]


def trace(vector: Tensor) -> Tensor:
    """Trace ``[...]`` of a Mandel vector ``[..., 6]``."""
    return vector[..., 0] + vector[..., 1] + vector[..., 2]


def deviator(vector: Tensor) -> Tensor:
    """Deviatoric part ``[..., 6]`` of a Mandel vector ``[..., 6]``."""
    return vector - trace(vector)[..., None] / 3.0 * IDENTITY.to(vector)


def von_mises(stress: Tensor) -> Tensor:
    """Von Mises stress ``√(3/2) |dev σ|``, ``[...]``, of a stress ``[..., 6]``."""
    return math.sqrt(1.5) * torch.linalg.vector_norm(deviator(stress), dim=-1)


def plane_part(matrix: Tensor) -> Tensor:
    """Components 11, 22 and 12 ``[..., 3, 3]`` of a matrix ``[..., 6, 6]``: plane strain of a
    stiffness."""
    return matrix[..., _PLANE, :][..., _PLANE]


def isotropic_stiffness(young: float, poisson: float) -> Tensor:
    """Stiffness ``[6, 6]`` of an isotropic material with Young's modulus and Poisson's ratio.

    Raises
    ------
    InputError
        Unless it is positive definite.
    """
    if not (young > 0 and -1.0 < poisson < 0.5):
        raise InputError(
            f"young = {young}, poisson = {poisson}: give young above zero and poisson between -1 "
            "and 0.5 (exclusive)."
        )
    bulk = young / (3.0 * (1.0 - 2.0 * poisson))
    shear = young / (2.0 * (1.0 + poisson))
    return 3.0 * bulk * VOLUMETRIC + 2.0 * shear * DEVIATORIC


def isotropic_part(stiffness: Tensor) -> tuple[Tensor, Tensor]:
    """Bulk and shear modulus ``[...]`` of the isotropic average of a stiffness ``[..., 6, 6]``.

    The projections on the volumetric and deviatoric projector, ``C::P_vol = 3K`` and
    ``C::P_dev = 10G``: the Voigt average over all orientations.
    """
    bulk = (stiffness * VOLUMETRIC.to(stiffness)).sum((-2, -1)) / 3.0
    shear = (stiffness * DEVIATORIC.to(stiffness)).sum((-2, -1)) / 10.0
    return bulk, shear


def rotation_matrix(rotation: Tensor) -> Tensor:
    """Orthogonal matrix ``[..., 6, 6]`` that rotates Mandel vectors as ``R A Rᵀ`` rotates tensors.

    ``rotation`` holds proper orthogonal matrices ``[..., 3, 3]``; a stiffness turns as ``Q C Qᵀ``.
    """
    basis = to_tensor(torch.eye(6, dtype=rotation.dtype, device=rotation.device))
    turned = rotation[..., None, :, :] @ basis @ rotation[..., None, :, :].mT
    return from_tensor(turned).mT


def interface_matrix(normal: Tensor) -> Tensor:
    """``H(n)``, ``[..., 6, 3]``, with ``H a = sym(a ⊗ n)``; ``Hᵀ σ`` is the traction on ``n``.

    ``normal`` holds unit vectors ``[..., 3]``.
    """
    n1, n2, n3 = normal.unbind(-1)
    s1, s2, s3 = n1 / _SQRT2, n2 / _SQRT2, n3 / _SQRT2
    zero = torch.zeros_like(n1)
    entries = [n1, zero, zero, zero, n2, zero, zero, zero, n3]
    entries += [zero, s3, s2, s3, zero, s1, s2, s1, zero]
    return torch.stack(entries, dim=-1).unflatten(-1, (6, 3))
