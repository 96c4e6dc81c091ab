"""The interval between the bounds of Voigt and Reuss, and places in it.

A symmetric matrix ``C`` with ``R ≤ C ≤ V`` is ``R + W^½ S W^½`` with ``W = V − R`` and a symmetric
``S`` whose eigenvalues lie between 0 and 1; and ``S`` is the logistic function of any symmetric
matrix. So whatever a regression says for that matrix, its property keeps the bounds.
"""

from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["VoigtReuss", "voigt_reuss"]

_LARGEST = 12.0  # norm of an argument; its logistic function is 6e-6 away from 0 and 1
_NEAREST = 1e-3  # distance of a known place from 0 and 1: of laminates it is none


class VoigtReuss(NamedTuple):
    """The bounds of mixtures of two phases, ``m`` 3 for plane strain and 2 for conduction.

    Attributes
    ----------
    voigt : Tensor ``[n, m, m]``
        Mean of the phases: the upper bound.
    root : Tensor ``[n, m, m]``
        ``(V − R)^½``, symmetric.
    """

    voigt: Tensor
    root: Tensor

    @property
    def reuss(self) -> Tensor:
        """Inverse of the mean inverse of the phases: the lower bound, ``[n, m, m]``."""
        return self.voigt - self.root @ self.root

    def property_at(self, argument: Tensor) -> Tensor:
        """The property ``[n, m, m]`` of symmetric matrices of the same shape, any at all.

        Of ``argument`` the matrix ``S`` is the logistic function. Above a norm of 12 it is scaled
        down to that, so that rounding cannot leave the bounds.
        """
        norm = torch.linalg.matrix_norm(argument, keepdim=True)
        # No square root at zero, whose derivative is infinite.
        factor = torch.where(norm > _LARGEST, _LARGEST / norm.clamp(min=_LARGEST), 1.0)
        # The exponential of a matrix has derivatives where eigenvalues are equal, too.
        power = torch.linalg.matrix_exp(factor * argument)
        identity = torch.eye(argument.shape[-1]).to(argument)
        left = torch.linalg.inv(identity + power)  # I − S
        found = self.voigt - self.root @ left @ self.root
        return (found + found.mT) / 2

    def argument_of(self, effective: Tensor) -> Tensor:
        """The inverse of :meth:`property_at` for matrices ``[n, m, m]`` between the bounds.

        Eigenvalues of ``S`` nearer than 1e-3 to 0 or 1 are taken for that; without a contrast the
        argument is zero.
        """
        half = torch.linalg.pinv(self.root, hermitian=True)
        gap = half @ (self.voigt - effective) @ half
        value, vector = torch.linalg.eigh((gap + gap.mT) / 2)
        value = value.clamp(_NEAREST, 1.0 - _NEAREST)
        flat = (self.root == 0).all(-1).all(-1)
        found = (vector * torch.log((1.0 - value) / value)[..., None, :]) @ vector.mT
        return found.masked_fill(flat[:, None, None], 0.0)


def voigt_reuss(fractions: Tensor, moduli: Tensor) -> VoigtReuss:
    """Bounds of mixtures.

    ``V − R = f₀ f₁ D (f₁ C₀ + f₀ C₁)⁻¹ D`` with ``D = C₁ − C₀``: a product of positive matrices,
    whose digits do not cancel.

    Parameters
    ----------
    fractions : Tensor ``[n]``
        Volume fraction of phase 1.
    moduli : Tensor ``[2, m, m]``
        Of the phases, symmetric positive definite.

    References
    ----------
    R. Hill, The elastic behaviour of a crystalline aggregate, Proc. Phys. Soc. A 65 (1952) 349.
    """
    second = fractions.to(moduli)[:, None, None]
    first = 1.0 - second
    difference = moduli[1] - moduli[0]
    crossed = second * moduli[0] + first * moduli[1]
    # Not one matrix for all: of n = m fractions, solve would take it for n vectors.
    right = difference.expand_as(crossed)
    width = first * second * difference @ torch.linalg.solve(crossed, right)
    value, vector = torch.linalg.eigh((width + width.mT) / 2)
    root = (vector * value.clamp(min=0.0).sqrt()[..., None, :]) @ vector.mT
    return VoigtReuss(first * moduli[0] + second * moduli[1], root)
