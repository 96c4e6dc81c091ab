"""Effective moduli from unit macroscopic loads: the linear solver of the room.

The balance ``div C (E + sym ∇u) = 0`` on the rotated scheme, in terms of displacements, by
conjugate gradients preconditioned with a uniform reference medium (Schneider, Acta Mech. 232
(2021) 2051, reviews the family). In displacements a correction takes half the Fourier transforms
and half the memory of one in strains, with the same iterations. Conduction is the same with a
temperature in place of a displacement.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.homogenization.arguments import check_tolerance
from dmn_fe.homogenization.conjugate_gradients import Balance
from dmn_fe.homogenization.energy_solver import solve_to_energy
from dmn_fe.homogenization.hourglass import HourglassControl, hourglass_control
from dmn_fe.homogenization.kinematics import NodalKinematics
from dmn_fe.homogenization.moduli import FieldModuli, GroupModuli, local_moduli
from dmn_fe.homogenization.preconditioner import UniformMedium

__all__ = ["UnitLoads", "solve_groups", "solve_unit_loads"]

# On a processor small fields share the cost of a call, large ones should stay in its cache; a
# device takes all that it is given.
_VOXELS_AT_ONCE = 100_000


class UnitLoads(NamedTuple):
    """Solution of samples for unit macroscopic loads; ``n`` is 6 for strains, 3 for gradients.

    Attributes
    ----------
    effective : Tensor ``[samples, n, n]``
        Effective moduli.
    field : Tensor ``[samples, n, n, nx, ny, nz]``
        Local strain or gradient: load case, entry, voxel.
    iterations : Tensor ``[samples, n]`` of int64
        Iterations of each load case.
    """

    effective: Tensor
    field: Tensor
    iterations: Tensor


def solve_unit_loads(
    kinematics: NodalKinematics,
    moduli: GroupModuli | FieldModuli,
    reference: Tensor,
    lower: Tensor,
    has_voids: bool,
    tolerance: float,
    max_iterations: int,
    hourglass: HourglassControl | None = None,
) -> UnitLoads:
    """Solve for all unit loads.

    Parameters
    ----------
    kinematics : NodalKinematics
    moduli : GroupModuli or FieldModuli
        Local moduli of the samples, symmetric positive semi-definite.
    reference : Tensor ``[samples, n, n]``
        Moduli of the reference medium, symmetric positive definite.
    lower : Tensor ``[samples]``
        Smallest eigenvalue of the local moduli relative to the reference, voids apart.
    has_voids : bool
        Whether there are voids, or the spectrum is not known: then the tolerance is an estimate,
        otherwise a bound.
    tolerance, max_iterations
        As for :func:`dmn_fe.homogenization.effective_stiffness`.
    hourglass : HourglassControl, optional
        Is part of the energy.

    Raises
    ------
    NotConverged
        If the limit of iterations is reached.
    """
    n, shape = kinematics.entries, kinematics.scheme.shape
    samples, voxels = len(reference), math.prod(shape)
    unit = torch.eye(n).to(reference)[None, :, :, None, None, None]
    uniform = moduli.multiply(unit.expand(samples, n, n, *shape).contiguous())
    # Sums over voxels, not averages, as in the products of the conjugate gradients.
    energy = uniform.diagonal(dim1=1, dim2=2).sum((1, 2, 3))
    load = kinematics.transpose(uniform).neg_()
    medium = UniformMedium(kinematics, reference, hourglass)
    system = Balance(kinematics, moduli, medium, hourglass)

    at_once = n if reference.is_cuda else max(1, min(n, _VOXELS_AT_ONCE // (voxels * samples)))
    fluctuation = torch.empty_like(uniform)
    controlled = load.new_zeros(samples, n, n)  # work of the fluctuations by hourglass control
    displacements = None if hourglass is None else torch.empty_like(load)
    iterations = torch.empty(samples, n, dtype=torch.int64)
    for first in range(0, n, at_once):
        part = slice(first, min(first + at_once, n))
        nodal, counts = solve_to_energy(
            system, load[:, part], energy[:, part], lower, has_voids, tolerance, max_iterations
        )
        fluctuation[:, part] = kinematics.apply(nodal)
        iterations[:, part] = counts.cpu()
        if displacements is not None:
            displacements[:, part] = nodal
    if hourglass is not None and displacements is not None:
        controlled = displacements.flatten(2) @ hourglass.multiply(displacements).flatten(2).mT
    effective, field = _best_combination(moduli, uniform, fluctuation, controlled)
    return UnitLoads(effective, field, iterations)


def solve_groups(
    kinematics: NodalKinematics,
    group: Tensor,
    moduli: Tensor,
    tolerance: float,
    max_iterations: int,
) -> UnitLoads:
    """Solve for all unit loads of moduli that are constant in each group of voxels.

    Parameters
    ----------
    group : int64 Tensor ``[nx, ny, nz]``
        Group of each voxel.
    moduli : Tensor ``[samples, groups, n, n]``
        Symmetric positive definite, or exactly zero for voids.

    Others, and errors, as for :func:`solve_unit_loads`; and an ``InputError`` if a number makes no
    sense.
    """
    check_tolerance(tolerance)
    if max_iterations < 1:
        raise InputError(f"max_iterations = {max_iterations} must be one or more.")
    # Relative to the mean of the groups no eigenvalue exceeds their number. Among the references
    # tried on tangent-like pairs (matrix, Voigt, Reuss, geometric mean, their isotropic parts) it
    # needs the fewest iterations, by up to a quarter.
    reference = moduli.mean(1)
    void = (moduli == 0.0).all(-1).all(-1)
    lower = _smallest_relative_eigenvalues(moduli, reference).masked_fill(void, torch.inf).amin(1)
    # Samples with and without voids stop by different rules: what is computed of a sample must
    # not depend on the others.
    has_voids = void.any(1)
    chosen = [torch.nonzero(has_voids == kind)[:, 0] for kind in has_voids.unique()]
    parts = [
        solve_unit_loads(
            kinematics,
            local_moduli(group, moduli[these]),
            reference[these],
            lower[these],
            bool(has_voids[these[0]]),
            tolerance,
            max_iterations,
            hourglass_control(kinematics.scheme, group, moduli[these]),
        )
        for these in chosen
    ]
    if len(parts) == 1:
        return parts[0]
    order = torch.argsort(torch.cat(chosen))
    effective, field, iterations = (torch.cat(values) for values in zip(*parts, strict=True))
    return UnitLoads(effective[order], field[order], iterations[order.cpu()])


def _best_combination(
    local: GroupModuli | FieldModuli, uniform: Tensor, fluctuation: Tensor, controlled: Tensor
) -> tuple[Tensor, Tensor]:
    """Effective moduli and fields of least energy in the span of all fluctuations.

    The load cases stopped at different times. Letting each use the fields of the others keeps the
    moduli below the Voigt average in every direction, whatever the tolerance.
    """
    answer = local.multiply(fluctuation)
    work = fluctuation.flatten(2) @ answer.flatten(2).mT + controlled
    load = fluctuation.flatten(2) @ uniform.flatten(2).mT
    scale = work.diagonal(dim1=1, dim2=2).clamp(min=torch.finfo(work.dtype).tiny).rsqrt()
    scaled = scale[:, :, None] * work * scale[:, None]
    inverse = torch.linalg.pinv(scaled, rtol=1e-12, hermitian=True)
    weights = -(scale[:, :, None] * inverse * scale[:, None] @ load).mT  # close to the unit matrix
    n = uniform.shape[1]
    field = (weights @ fluctuation.flatten(2)).view_as(fluctuation)
    field += torch.eye(n, dtype=field.dtype, device=field.device)[:, :, None, None, None]
    flux = (weights @ answer.flatten(2)).view_as(answer).add_(uniform)
    # Work of the fields: symmetric, and its error is quadratic in theirs.
    effective = field.flatten(2) @ flux.flatten(2).mT + weights @ controlled @ weights.mT
    effective /= field[0, 0, 0].numel()
    return (effective + effective.mT) / 2, field


def _smallest_relative_eigenvalues(moduli: Tensor, reference: Tensor) -> Tensor:
    """Smallest eigenvalue of each group relative to the reference, ``[samples, groups]``."""
    root = torch.linalg.cholesky(reference)[:, None]
    half = torch.linalg.solve_triangular(root, moduli, upper=False)
    relative = torch.linalg.solve_triangular(root, half.mT, upper=False)
    return torch.linalg.eigvalsh(relative).amin(2)
