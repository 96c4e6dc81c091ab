"""The inverse of a uniform reference medium, applied in Fourier space."""

from copy import copy

import torch
from torch import Tensor

from dmn_fe.homogenization.hourglass import HourglassControl
from dmn_fe.homogenization.kinematics import NodalKinematics

__all__ = ["UniformMedium"]

_SPATIAL = (-3, -2, -1)


class UniformMedium:
    """Solves ``transpose(C apply(u)) = f`` for uniform moduli ``C``, one for each sample.

    Parameters
    ----------
    kinematics : NodalKinematics
    moduli : Tensor ``[samples, entries, entries]``
        Symmetric positive definite.
    hourglass : HourglassControl, optional
        Adds the control of hourglass modes, uniform too.
    """

    def __init__(
        self,
        kinematics: NodalKinematics,
        moduli: Tensor,
        hourglass: HourglassControl | None = None,
    ):
        self._shape = kinematics.scheme.shape
        symbol = kinematics.symbol()
        blocks = torch.einsum("aif,sab,bjf->sfij", symbol, moduli, symbol)
        identity = torch.eye(kinematics.components).to(blocks)
        still = (kinematics.scheme.frequency == 0.0).all(0).flatten()
        if hourglass is not None:
            blocks += hourglass.uniform_symbol()[..., None, None] * identity
            still = torch.arange(len(still), device=still.device) == 0  # the mean alone
        blocks[:, still] = identity
        inverse = _inverse(blocks)
        inverse[:, still] = 0.0  # modes without energy: no force, no answer
        modes = kinematics.scheme.frequency.shape[1:]
        inverse = inverse.movedim(1, -1).unflatten(-1, modes)[..., None]
        # Complex numbers as pairs of real ones: real products are cheap, and storing the matrix
        # twice is quicker than broadcasting it along pairs.
        self._inverse = inverse.expand(*inverse.shape[:-1], 2).contiguous()

    def solve(self, force: Tensor) -> Tensor:
        """Nodal field ``[samples, loads, components, nx, ny, nz]`` of forces of the same shape."""
        modes = torch.view_as_real(torch.fft.rfftn(force, dim=_SPATIAL))
        answer = self._inverse[:, None, :, 0] * modes[:, :, None, 0]
        for j in range(1, modes.shape[2]):
            answer.addcmul_(self._inverse[:, None, :, j], modes[:, :, None, j])
        return torch.fft.irfftn(torch.view_as_complex(answer), s=self._shape, dim=_SPATIAL)

    def to(self, dtype: torch.dtype) -> "UniformMedium":
        """The same for forces of another precision."""
        part = copy(self)
        part._inverse = self._inverse.to(dtype)
        return part

    def subset(self, going: Tensor) -> "UniformMedium":
        """The same for the samples where ``going`` ``[samples]`` is true."""
        part = copy(self)
        part._inverse = self._inverse[going]
        return part


def _inverse(blocks: Tensor) -> Tensor:
    """Inverse of many 1×1 or 3×3 matrices, by cofactors: ten times as quick as by elimination."""
    if blocks.shape[-1] == 1:
        return 1.0 / blocks
    a, b, c = blocks.unbind(-2)
    cofactors = [torch.linalg.cross(*pair) for pair in ((b, c), (c, a), (a, b))]
    determinant = (a * cofactors[0]).sum(-1)
    return torch.stack(cofactors, dim=-1) / determinant[..., None, None]
