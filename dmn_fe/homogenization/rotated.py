"""The rotated scheme: small-strain kinematics on a periodic voxel grid, in Fourier space.

Displacements live on the corners of the voxels, one strain per voxel in its centre, which is the
trilinear hexahedron with one integration point (Willot, C. R. Mécanique 343 (2015) 232). Unlike
the fully integrated element it does not lock in plasticity.

The discrete gradient of the mode ``exp(i ξ·x)`` along axis 1 is
``(e^{iξ₁}−1)/h₁ · (e^{iξ₂}+1)/2 · (e^{iξ₃}+1)/2 = i e^{i(ξ₁+ξ₂+ξ₃)/2} κ₁`` with the **real** number
``κ₁ = 2/h₁ · sin(ξ₁/2) cos(ξ₂/2) cos(ξ₃/2)``, and alike for the other axes. The common factor is
the shift by half a voxel diagonal; absorbed in the displacement it disappears, so that all
operators here are real. Complex fields are stored as pairs of real numbers in the last dimension
for the same reason: real products are cheap.
"""

import math

import torch
from torch import Tensor

__all__ = ["RotatedScheme"]

_SHEAR = ((3, 1, 2), (4, 0, 2), (5, 0, 1))  # Mandel row, and its two axes
_SPATIAL = (-3, -2, -1)


class RotatedScheme:
    """Gradient and divergence of a grid on the half spectrum of real fields.

    Parameters
    ----------
    shape : voxels per edge ``(nx, ny, nz)``
    size : edge lengths

    Attributes
    ----------
    frequency : Tensor ``[3, nx, ny, nz // 2 + 1]``
        The real wave vector κ; it vanishes for the mean and for the modes without strain
        (hourglass modes of even grids).
    """

    def __init__(self, shape: tuple[int, ...], size: tuple[float, ...]):
        self.shape = tuple(shape)
        spacing = [edge / n for edge, n in zip(size, shape, strict=True)]
        angles = [math.pi * torch.fft.fftfreq(n, dtype=torch.float64) for n in shape]
        angles[2] = angles[2][: shape[2] // 2 + 1].abs()
        sines = [torch.sin(angle) for angle in angles]
        cosines = [torch.cos(angle) for angle in angles]
        for cosine in cosines:
            cosine[cosine.abs() < 1e-12] = 0.0  # exactly no strain at the highest frequency
        self.frequency = torch.stack(
            [
                torch.einsum(
                    "i,j,k->ijk", *(sines[a] if a == axis else cosines[a] for a in range(3))
                )
                * (2.0 / spacing[axis])
                for axis in range(3)
            ]
        )
        # Modes inside the half spectrum stand for two, those on its end planes for one.
        multiplicity = torch.full((len(angles[2]),), 2.0, dtype=torch.float64)
        multiplicity[0] = 1.0
        if shape[2] % 2 == 0:
            multiplicity[-1] = 1.0
        self._multiplicity = multiplicity[:, None]
        self._direct = self.frequency[..., None].expand(*self.frequency.shape, 2).contiguous()
        self._shear = self._direct * math.sqrt(0.5)

    def strain(self, displacement: Tensor) -> Tensor:
        """Strain fluctuation ``[n, 6, nx, ny, nz]`` (Mandel) of modes ``[n, 3, ..., 2]``."""
        modes = displacement.new_empty(displacement.shape[0], 6, *displacement.shape[2:])
        for i in range(3):
            torch.mul(self._direct[i], displacement[:, i], out=modes[:, i])
        for row, i, j in _SHEAR:
            torch.mul(self._shear[i], displacement[:, j], out=modes[:, row])
            modes[:, row].addcmul_(self._shear[j], displacement[:, i])
        modes = torch.view_as_complex(modes)
        return torch.fft.irfftn(modes, s=self.shape, dim=_SPATIAL, norm="forward")

    def force(self, stress: Tensor) -> Tensor:
        """Transpose of :meth:`strain`: modes ``[n, 3, ..., 2]`` of a stress ``[n, 6, nx, ny, nz]``.

        ``(force(σ) · u).sum()`` is the volume average of ``σ · strain(u)``.
        """
        modes = torch.view_as_real(torch.fft.rfftn(stress, dim=_SPATIAL, norm="forward"))
        force = modes.new_empty(modes.shape[0], 3, *modes.shape[2:])
        for i in range(3):
            torch.mul(self._direct[i], modes[:, i], out=force[:, i])
        for row, i, j in _SHEAR:
            force[:, i].addcmul_(self._shear[j], modes[:, row])
            force[:, j].addcmul_(self._shear[i], modes[:, row])
        return force.mul_(self._multiplicity)

    def inverse_acoustic(self, stiffness: Tensor) -> Tensor:
        """Inverse ``[3, 3, ..., 2]`` of ``u → force(C strain(u))`` for a uniform ``C [6, 6]``.

        Zero for the modes without strain.
        """
        k = self.frequency.flatten(1)
        rows = torch.zeros(6, 3, k.shape[1], dtype=k.dtype)  # H(κ): strain of a displacement
        for i in range(3):
            rows[i, i] = k[i]
        for row, i, j in _SHEAR:
            rows[row, j], rows[row, i] = k[i] * math.sqrt(0.5), k[j] * math.sqrt(0.5)
        acoustic = torch.einsum("aif,ab,bjf->fij", rows, stiffness, rows)
        strainless = (k == 0.0).all(0)
        acoustic[strainless] = torch.eye(3, dtype=k.dtype)
        inverse = torch.linalg.inv(acoustic)
        inverse[strainless] = 0.0
        inverse = inverse.movedim(0, -1).reshape(3, 3, *self.frequency.shape[1:], 1)
        return (inverse / self._multiplicity).expand(*inverse.shape[:-1], 2).contiguous()
