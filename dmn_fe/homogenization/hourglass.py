"""Hourglass control: a stiffness against the modes that the rotated scheme does not see.

With one integration point a voxel has modes without gradient. The solid around holds them, but not
beside voids: members one voxel thick have no stiffness in bending, and conjugate gradients chase
modes with next to no energy. So a part of what full integration would add is put back (after
Flanagan & Belytschko, Int. J. Numer. Meth. Engng. 17 (1981) 679); refining makes it vanish.
"""

from copy import copy

import torch
from torch import Tensor

from dmn_fe.homogenization.rotated import RotatedScheme
from dmn_fe.mandel import isotropic_part

__all__ = ["HourglassControl", "hourglass_control"]

# Of full integration. A twentieth keeps a porous bicontinuous medium at 70 iterations, and gives
# on a grid with six voxels a wavelength the stiffness of one with twelve, within 1 %.
_SHARE = 0.05


class HourglassControl:
    """Forces against hourglass modes, as a linear operator on nodal fields.

    Parameters
    ----------
    scheme : RotatedScheme
    group : int64 Tensor ``[nx, ny, nz]``
        Group of each voxel.
    moduli : Tensor ``[samples, groups, n, n]``
        Stiffness (``n`` 6) or conductivity (``n`` 3) of each group; zero for voids.
    """

    def __init__(self, scheme: RotatedScheme, group: Tensor, moduli: Tensor):
        scalar = isotropic_part(moduli)[1] if moduli.shape[-1] == 6 else _mean_eigenvalue(moduli)
        self._scheme = scheme
        self._local = scalar[:, group.to(scalar.device)][:, None, None]
        self._mean = scalar.mean(1)
        # Of a mode with the amplitude q, e.g. u = q ξη on ξ, η in −1 … 1, full integration takes
        # the mean square gradient 4/3 (1/hx² + 1/hy²) q², and 4/9 (…) q² where three axes vary.
        x, y, z = ((4.0 * factor) ** 2 for factor in scheme.factors)
        third, ninth = 4.0 / 3.0 / 64.0 * _SHARE, 4.0 / 9.0 / 64.0 * _SHARE
        self._weights = (third * (x + y), third * (x + z), third * (y + z), ninth * (x + y + z))

    def multiply(self, nodal: Tensor) -> Tensor:
        """Nodal forces of a nodal field, both ``[samples, loads, components, nx, ny, nz]``."""
        amplitudes = self._scheme.hourglass(nodal)
        for amplitude, weight in zip(amplitudes, self._weights, strict=True):
            amplitude.mul_(self._local).mul_(weight)
        return self._scheme.hourglass_transposed(*amplitudes)

    def uniform_symbol(self) -> Tensor:
        """Force over displacement ``[samples, modes]`` for the mean of the groups everywhere."""
        sines, cosines = (
            [4.0 * w**2 for w in waves] for waves in (self._scheme.sines, self._scheme.cosines)
        )
        symbol = torch.zeros(())
        for varying, weight in zip(("xy", "xz", "yz", "xyz"), self._weights, strict=True):
            waves = [(sines if axis in varying else cosines)[i] for i, axis in enumerate("xyz")]
            symbol = symbol + weight * torch.einsum("i,j,k->ijk", *waves)
        return self._mean[:, None] * symbol.flatten().to(self._mean)

    def subset(self, going: Tensor) -> "HourglassControl":
        """The same for the samples where ``going`` ``[samples]`` is true, or of these numbers."""
        part = copy(self)
        part._local, part._mean = self._local[going], self._mean[going]
        return part

    def to(self, dtype: torch.dtype) -> "HourglassControl":
        """The same for fields of another precision."""
        part = copy(self)
        part._local = self._local.to(dtype)
        return part


def hourglass_control(
    scheme: RotatedScheme, group: Tensor, moduli: Tensor
) -> HourglassControl | None:
    """The control where a group is void, otherwise none: solids hold each other."""
    has_voids = (moduli == 0.0).all(-1).all(-1).any()
    return HourglassControl(scheme, group, moduli) if has_voids else None


def _mean_eigenvalue(conductivity: Tensor) -> Tensor:
    return conductivity.diagonal(dim1=-2, dim2=-1).mean(-1)
