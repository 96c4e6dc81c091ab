"""Displacements together with the macroscopic strains that a prescribed stress leaves open.

The unknown is one flat vector: the nodal displacements, then the six macroscopic strains, of which
those prescribed stay zero. So stress-driven loading is the same linear system as strain-driven,
with a few more unknowns.
"""

import math
from copy import copy

import torch
from torch import Tensor

from dmn_fe.homogenization.kinematics import Strain
from dmn_fe.homogenization.preconditioner import UniformMedium

__all__ = ["MixedMedium", "MixedStrain"]


class MixedStrain:
    """Strain of a displacement plus a macroscopic strain whose free entries are unknown.

    Parameters
    ----------
    strain : Strain
    free : bool Tensor ``[6]``
        Mandel entries with prescribed stress.
    """

    entries = 6

    def __init__(self, strain: Strain, free: Tensor):
        self.scheme = strain.scheme
        self.free = free.to(torch.float64)
        self._strain = strain
        self._nodes = 3 * math.prod(self.scheme.shape)

    def split(self, unknown: Tensor) -> tuple[Tensor, Tensor]:
        """Displacement ``[..., 3, nx, ny, nz]`` and macroscopic strain ``[..., 6]``."""
        nodal = unknown[..., : self._nodes].unflatten(-1, (3, *self.scheme.shape))
        return nodal, unknown[..., self._nodes :]

    def join(self, nodal: Tensor, macroscopic: Tensor) -> Tensor:
        """The flat unknown ``[..., 3 nx ny nz + 6]``; prescribed entries become zero."""
        return torch.cat([nodal.flatten(-4), macroscopic * self.free.to(macroscopic)], dim=-1)

    def apply(self, unknown: Tensor) -> Tensor:
        """Strain ``[..., 6, nx, ny, nz]``."""
        nodal, macroscopic = self.split(unknown)
        return self._strain.apply(nodal) + macroscopic[..., None, None, None]

    def transpose(self, stress: Tensor) -> Tensor:
        """Nodal forces and sums of the stress over all voxels, as a flat vector."""
        return self.join(self._strain.transpose(stress), stress.sum((-3, -2, -1)))


class MixedMedium:
    """Preconditioner: a uniform medium for the displacements and for the free strains.

    Parameters
    ----------
    kinematics : MixedStrain
    strain : Strain
    moduli : Tensor ``[1, 6, 6]``
        Of the reference medium.
    """

    def __init__(self, kinematics: MixedStrain, strain: Strain, moduli: Tensor):
        self._kinematics = kinematics
        self._medium = UniformMedium(strain, moduli)
        free = kinematics.free.bool()
        inverse = torch.zeros(6, 6, dtype=moduli.dtype)
        chosen = torch.outer(free, free)
        count = int(free.sum())
        block = moduli[0][chosen].view(count, count) * math.prod(strain.scheme.shape)
        inverse[chosen] = torch.linalg.inv(block).flatten()
        self._inverse = inverse

    def to(self, dtype: torch.dtype) -> "MixedMedium":
        """The same for forces of another precision."""
        part = copy(self)
        part._medium, part._inverse = self._medium.to(dtype), self._inverse.to(dtype)
        return part

    def solve(self, force: Tensor) -> Tensor:
        """Flat unknown of a flat force."""
        nodal, macroscopic = self._kinematics.split(force)
        return self._kinematics.join(self._medium.solve(nodal), macroscopic @ self._inverse)

    def subset(self, going: Tensor) -> "MixedMedium":
        """Itself: there is one sample."""
        return self
