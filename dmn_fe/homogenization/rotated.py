"""The rotated scheme: gradients of nodal fields on a periodic voxel grid.

Nodal values live on the corners of the voxels, one gradient per voxel in its centre, which is the
trilinear hexahedron with one integration point (Willot, C. R. Mécanique 343 (2015) 232). Unlike
the fully integrated element it does not lock in plasticity. Beside voids its hourglass modes need
control (see :mod:`~dmn_fe.homogenization.hourglass`).

Gradient and transpose are taken in space, by differences and sums of neighbours: half the
transforms of a scheme that differentiates in Fourier space. There, the gradient of the mode
``exp(i ξ·x)`` along axis 1 is
``(e^{iξ₁}−1)/h₁ · (e^{iξ₂}+1)/2 · (e^{iξ₃}+1)/2 = i e^{i(ξ₁+ξ₂+ξ₃)/2} κ₁`` with the **real** number
``κ₁ = 2/h₁ · sin(ξ₁/2) cos(ξ₂/2) cos(ξ₃/2)``, and alike for the other axes. The common factor
drops out of gradient and transpose taken together, so that a uniform medium is a real matrix in κ.
"""

import math

import torch
from torch import Tensor

__all__ = ["RotatedScheme"]


class RotatedScheme:
    """Gradient of nodal fields ``[..., nx, ny, nz]``, its transpose, and its wave vectors.

    Parameters
    ----------
    shape : voxels per edge ``(nx, ny, nz)``
    size : edge lengths
    device : where fields live

    Attributes
    ----------
    frequency : Tensor ``[3, nx, ny, nz // 2 + 1]``
        The real wave vector κ on the half spectrum of real fields; it vanishes for the mean and
        for the modes without gradient (hourglass modes of even grids).
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        size: tuple[float, ...],
        device: torch.device | str = "cpu",
    ):
        self.shape = tuple(shape)
        spacing = [edge / n for edge, n in zip(size, shape, strict=True)]
        #: What turns the sums and differences of corner values into a gradient.
        self.factors = [1.0 / (4.0 * h) for h in spacing]
        angles = [math.pi * torch.fft.fftfreq(n, dtype=torch.float64) for n in shape]
        angles[2] = angles[2][: shape[2] // 2 + 1].abs()
        sines = [torch.sin(angle) for angle in angles]
        cosines = [torch.cos(angle) for angle in angles]
        for cosine in cosines:
            cosine[cosine.abs() < 1e-12] = 0.0  # exactly no gradient at the highest frequency
        #: Sines and cosines of half the angles between neighbours, of each axis.
        self.sines, self.cosines = sines, cosines
        self.frequency = torch.stack(
            [
                torch.einsum(
                    "i,j,k->ijk", *(sines[a] if a == axis else cosines[a] for a in range(3))
                )
                * (2.0 / spacing[axis])
                for axis in range(3)
            ]
        ).to(device)

    def differences(self, nodal: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Derivatives along e1, e2, e3 without their ``factors``, each as large as ``nodal``."""
        sum_z, difference_z = _ahead(torch.add, nodal, -1), _ahead(torch.sub, nodal, -1)
        sum_yz = _ahead(torch.add, sum_z, -2)
        return (
            _ahead(torch.sub, sum_yz, -3),
            _ahead(torch.add, _ahead(torch.sub, sum_z, -2), -3),
            _ahead(torch.add, _ahead(torch.add, difference_z, -2), -3),
        )

    def differences_transposed(self, x: Tensor, y: Tensor, z: Tensor) -> Tensor:
        """Transpose of :meth:`differences`."""
        sum_z = _behind(torch.add, _behind(torch.sub, x, -3), -2)
        sum_z += _behind(torch.sub, _behind(torch.add, y, -3), -2)
        difference_z = _behind(torch.add, _behind(torch.add, z, -3), -2)
        return _behind(torch.add, sum_z, -1).add_(_behind(torch.sub, difference_z, -1))

    def hourglass(self, nodal: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Eight times the amplitudes of the modes xy, xz, yz and xyz that have no gradient."""
        difference_z = _ahead(torch.sub, nodal, -1)
        difference_yz = _ahead(torch.sub, difference_z, -2)
        return (
            _ahead(torch.sub, _ahead(torch.sub, _ahead(torch.add, nodal, -1), -2), -3),
            _ahead(torch.sub, _ahead(torch.add, difference_z, -2), -3),
            _ahead(torch.add, difference_yz, -3),
            _ahead(torch.sub, difference_yz, -3),
        )

    def hourglass_transposed(self, xy: Tensor, xz: Tensor, yz: Tensor, xyz: Tensor) -> Tensor:
        """Transpose of :meth:`hourglass`."""
        difference_yz = _behind(torch.add, yz, -3) + _behind(torch.sub, xyz, -3)
        difference_z = _behind(torch.sub, difference_yz, -2)
        difference_z += _behind(torch.add, _behind(torch.sub, xz, -3), -2)
        sum_z = _behind(torch.sub, _behind(torch.sub, xy, -3), -2)
        return _behind(torch.sub, difference_z, -1).add_(_behind(torch.add, sum_z, -1))


def _ahead(combine, field: Tensor, axis: int) -> Tensor:
    """Every value combined with the one before it: ``combine(f[i + 1], f[i])``, periodic."""
    n = field.shape[axis]
    result = torch.empty_like(field)
    combine(
        field.narrow(axis, 1, n - 1),
        field.narrow(axis, 0, n - 1),
        out=result.narrow(axis, 0, n - 1),
    )
    combine(
        field.narrow(axis, 0, 1), field.narrow(axis, n - 1, 1), out=result.narrow(axis, n - 1, 1)
    )
    return result


def _behind(combine, field: Tensor, axis: int) -> Tensor:
    """Transpose of :func:`_ahead`: ``combine(f[i − 1], f[i])``, periodic."""
    n = field.shape[axis]
    result = torch.empty_like(field)
    combine(
        field.narrow(axis, 0, n - 1),
        field.narrow(axis, 1, n - 1),
        out=result.narrow(axis, 1, n - 1),
    )
    combine(field.narrow(axis, n - 1, 1), field.narrow(axis, 0, 1), out=result.narrow(axis, 0, 1))
    return result
