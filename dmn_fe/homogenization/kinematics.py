"""What is driven and what answers: strain of a displacement, gradient of a temperature.

Both are linear operators from nodal fields to voxel fields on the rotated scheme, with a
transpose, and with a symbol in Fourier space that a uniform medium is solved with.
"""

import math
from typing import Protocol

import torch
from torch import Tensor

from dmn_fe.homogenization.rotated import RotatedScheme

__all__ = ["Kinematics", "NodalKinematics", "Strain", "TemperatureGradient"]

_SHEAR = ((3, 1, 2), (4, 0, 2), (5, 0, 1))  # Mandel row, and its two axes
_ROOT = math.sqrt(0.5)


class Kinematics(Protocol):
    """A linear operator from unknowns to ``entries`` values in each voxel."""

    scheme: RotatedScheme
    entries: int

    def apply(self, unknown: Tensor) -> Tensor:
        """Voxel fields ``[..., entries, nx, ny, nz]``."""

    def transpose(self, voxel: Tensor) -> Tensor:
        """Transpose of :meth:`apply`: the forces of a flux."""


class NodalKinematics(Kinematics, Protocol):
    """One whose unknowns are nodal fields ``[..., components, nx, ny, nz]``."""

    components: int

    def symbol(self) -> Tensor:
        """Real matrix ``[entries, components, modes]`` of every mode of the half spectrum."""


class Strain:
    """Strain (Mandel) of a displacement."""

    components = 3
    entries = 6

    def __init__(self, scheme: RotatedScheme):
        self.scheme = scheme

    def apply(self, nodal: Tensor) -> Tensor:
        """Strain ``[..., 6, nx, ny, nz]`` of a displacement ``[..., 3, nx, ny, nz]``."""
        factors = self.scheme.factors
        derivatives = self.scheme.differences(nodal)
        strain = nodal.new_empty(*nodal.shape[:-4], 6, *nodal.shape[-3:])
        for i in range(3):
            torch.mul(_part(derivatives[i], i), factors[i], out=_part(strain, i))
        for row, i, j in _SHEAR:
            torch.mul(_part(derivatives[i], j), factors[i] * _ROOT, out=_part(strain, row))
            _part(strain, row).add_(_part(derivatives[j], i), alpha=factors[j] * _ROOT)
        return strain

    def transpose(self, voxel: Tensor) -> Tensor:
        """Nodal forces ``[..., 3, nx, ny, nz]`` of a stress ``[..., 6, nx, ny, nz]``."""
        tractions = [
            voxel.new_empty(*voxel.shape[:-4], 3, *voxel.shape[-3:]) for _ in self.scheme.factors
        ]
        factors = self.scheme.factors
        for i in range(3):
            torch.mul(_part(voxel, i), factors[i], out=_part(tractions[i], i))
        for row, i, j in _SHEAR:
            torch.mul(_part(voxel, row), factors[i] * _ROOT, out=_part(tractions[i], j))
            torch.mul(_part(voxel, row), factors[j] * _ROOT, out=_part(tractions[j], i))
        return self.scheme.differences_transposed(*tractions)

    def symbol(self) -> Tensor:
        """``H(κ)``, ``[6, 3, modes]``."""
        k = self.scheme.frequency.flatten(1)
        rows = k.new_zeros(6, 3, k.shape[1])
        for i in range(3):
            rows[i, i] = k[i]
        for row, i, j in _SHEAR:
            rows[row, j], rows[row, i] = k[i] * _ROOT, k[j] * _ROOT
        return rows


class TemperatureGradient:
    """Gradient of a temperature."""

    components = 1
    entries = 3

    def __init__(self, scheme: RotatedScheme):
        self.scheme = scheme

    def apply(self, nodal: Tensor) -> Tensor:
        """Gradient ``[..., 3, nx, ny, nz]`` of a temperature ``[..., 1, nx, ny, nz]``."""
        derivatives = self.scheme.differences(nodal)
        pairs = zip(derivatives, self.scheme.factors, strict=True)
        return torch.cat([derivative * factor for derivative, factor in pairs], dim=-4)

    def transpose(self, voxel: Tensor) -> Tensor:
        """Nodal heat sources ``[..., 1, nx, ny, nz]`` of a heat flux ``[..., 3, nx, ny, nz]``."""
        fluxes = [
            _part(voxel, i)[..., None, :, :, :] * factor
            for i, factor in enumerate(self.scheme.factors)
        ]
        return self.scheme.differences_transposed(*fluxes)

    def symbol(self) -> Tensor:
        """κ as ``[3, 1, modes]``."""
        return self.scheme.frequency.flatten(1)[:, None]


def _part(field: Tensor, entry: int) -> Tensor:
    return field.select(-4, entry)
