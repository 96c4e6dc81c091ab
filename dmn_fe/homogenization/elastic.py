"""Effective linear-elastic stiffness of a voxel RVE by preconditioned conjugate gradients.

Displacement-based FFT homogenization: the balance ``div C (E + sym ∇u) = 0`` on the rotated
scheme, preconditioned by the inverse acoustic tensor of a uniform reference stiffness
(Schneider, Acta Mech. 232 (2021) 2051, reviews the family). The six load cases run in one batch.

A load case is finished when its energy is certain to the tolerance (see
:mod:`dmn_fe.homogenization.conjugate_gradients`); the lower bound of the spectrum that this needs
is known: the smallest eigenvalue of a phase stiffness relative to the reference.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.homogenization.conjugate_gradients import conjugate_gradients
from dmn_fe.homogenization.rotated import RotatedScheme
from dmn_fe.laws.elastic import check_stiffness
from dmn_fe.microstructure import VoxelRVE

__all__ = ["LoadCases", "effective_stiffness", "solve_load_cases"]

_SPECTRUM_MARGIN = 0.99  # keeps the Gauss–Radau rule away from its pole


class LoadCases(NamedTuple):
    """Solution for the six unit macroscopic strains.

    Attributes
    ----------
    effective : Tensor ``[6, 6]``
        Effective stiffness (Mandel).
    strain : Tensor ``[6, 6, nx, ny, nz]``
        Local strain: load case, Mandel entry, voxel.
    iterations : Tensor ``[6]`` of int64
        Iterations of each load case.
    """

    effective: Tensor
    strain: Tensor
    iterations: Tensor


def effective_stiffness(
    rve: VoxelRVE, stiffness: Tensor, tolerance: float = 1e-6, max_iterations: int = 3000
) -> Tensor:
    """Effective stiffness of a periodic RVE.

    Parameters
    ----------
    rve : VoxelRVE
    stiffness : Tensor ``[phases, 6, 6]``
        Symmetric positive definite stiffness of each phase (Mandel), any unit of stress.
    tolerance : float
        Bound of the relative error of the six diagonal entries against the solution of the
        discrete problem; with ``D`` the error, ``|D_ij| ≤ tolerance √(C_ii C_jj)``.
    max_iterations : int
        Limit of the conjugate gradient iterations.

    Returns
    -------
    Tensor ``[6, 6]``
        Symmetric positive definite, in the unit of ``stiffness``, never below the exact one.

    Raises
    ------
    InputError
        If a stiffness is missing or not symmetric positive definite.
    RuntimeError
        If the limit of iterations is reached.
    """
    return solve_load_cases(rve, stiffness, tolerance, max_iterations).effective


def solve_load_cases(
    rve: VoxelRVE, stiffness: Tensor, tolerance: float = 1e-6, max_iterations: int = 3000
) -> LoadCases:
    """As :func:`effective_stiffness`, with the local strain fields and the iterations."""
    stiffness = _checked(rve, stiffness)
    scheme = RotatedScheme(rve.shape, rve.size)
    multiply = _Multiplication(rve, stiffness)
    # Relative to the average of the phases no eigenvalue exceeds their number. Among the references
    # tried on tangent-like pairs (matrix, Voigt, Reuss, geometric mean, their isotropic parts) it
    # needs the fewest iterations, by up to a quarter.
    reference = stiffness.mean(0)
    lower = _SPECTRUM_MARGIN * _smallest_relative_eigenvalue(stiffness, reference)

    unit = torch.eye(6, dtype=torch.float64)[:, :, None, None, None]
    uniform = multiply(unit.expand(6, 6, *rve.shape).contiguous())
    energy = torch.einsum("iixyz->i", uniform) / rve.phase.size
    displacement, iterations = conjugate_gradients(
        operator=lambda u: scheme.force(multiply(scheme.strain(u))),
        inverse=scheme.inverse_acoustic(reference),
        load=-scheme.force(uniform),
        energy=energy,
        lower=lower,
        tolerance=tolerance,
        max_iterations=max_iterations,
    )
    effective, strain = _best_combination(multiply, uniform, scheme.strain(displacement))
    return LoadCases(effective, strain, iterations)


def _best_combination(
    multiply: Callable[[Tensor], Tensor], uniform: Tensor, fluctuation: Tensor
) -> tuple[Tensor, Tensor]:
    """Effective stiffness and strain of least energy in the span of all fluctuations.

    The load cases stopped at different times. Letting each use the fields of the others keeps the
    stiffness below the Voigt average in every direction, whatever the tolerance.
    """
    fluctuation_stress = multiply(fluctuation)
    work = fluctuation.flatten(1) @ fluctuation_stress.flatten(1).mT
    load = fluctuation.flatten(1) @ uniform.flatten(1).mT
    scale = work.diagonal().clamp(min=torch.finfo(work.dtype).tiny).rsqrt()
    inverse = torch.linalg.pinv(scale[:, None] * work * scale, rtol=1e-12, hermitian=True)
    weights = -(scale[:, None] * inverse * scale @ load).mT  # close to the unit matrix
    strain = torch.einsum("ij,jaxyz->iaxyz", weights, fluctuation)
    strain += torch.eye(6, dtype=strain.dtype)[:, :, None, None, None]
    stress = torch.einsum("ij,jaxyz->iaxyz", weights, fluctuation_stress) + uniform
    # Work of the strain fields: symmetric, and its error is quadratic in theirs.
    effective = strain.flatten(1) @ stress.flatten(1).mT / strain[0, 0].numel()
    return (effective + effective.mT) / 2, strain


class _Multiplication:
    """Product of the local stiffness with strain fields ``[n, 6, nx, ny, nz]``."""

    def __init__(self, rve: VoxelRVE, stiffness: Tensor):
        phase = torch.from_numpy(rve.phase.astype("int64")).flatten()
        self._first = stiffness[0]
        self._others = [
            (torch.nonzero(phase == p)[:, 0], stiffness[p] - stiffness[0])
            for p in range(1, len(stiffness))
        ]

    def __call__(self, strain: Tensor) -> Tensor:
        flat = strain.flatten(2)
        stress = self._first @ flat
        for voxels, difference in self._others:
            stress.index_add_(2, voxels, difference @ flat[:, :, voxels])
        return stress.view_as(strain)


def _smallest_relative_eigenvalue(stiffness: Tensor, reference: Tensor) -> float:
    """Smallest eigenvalue of ``C_p`` relative to the reference, over all phases."""
    root = torch.linalg.cholesky(reference)
    half = torch.linalg.solve_triangular(root, stiffness, upper=False)
    relative = torch.linalg.solve_triangular(root, half.mT, upper=False)
    return torch.linalg.eigvalsh(relative).min().item()


def _checked(rve: VoxelRVE, stiffness: Tensor) -> Tensor:
    stiffness = torch.as_tensor(stiffness, dtype=torch.float64)
    expected = (len(rve.names), 6, 6)
    if tuple(stiffness.shape) != expected:
        raise InputError(
            f"the stiffness has shape {list(stiffness.shape)}, expected {list(expected)}: "
            f"one 6×6 matrix for each of the phases {list(rve.names)}."
        )
    for name, matrix in zip(rve.names, stiffness, strict=True):
        check_stiffness(matrix, f"the stiffness of phase {name!r}")
    return (stiffness + stiffness.mT) / 2
