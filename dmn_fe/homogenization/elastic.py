"""Effective linear-elastic stiffness of a voxel RVE."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.homogenization.arguments import PhaseValues, check_voxels, in_order_of_phases
from dmn_fe.homogenization.kinematics import Strain
from dmn_fe.homogenization.moduli import material_groups, rotated_moduli
from dmn_fe.homogenization.rotated import RotatedScheme
from dmn_fe.homogenization.unit_loads import solve_groups
from dmn_fe.laws.elastic import check_stiffness
from dmn_fe.microstructure import VoxelRVE

__all__ = ["LoadCases", "checked_stiffness", "effective_stiffness", "solve_load_cases"]


class LoadCases(NamedTuple):
    """Solution for the six unit macroscopic strains; with several samples their axis comes first.

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
    rve: VoxelRVE, stiffness: PhaseValues, tolerance: float = 1e-6, max_iterations: int = 3000
) -> Tensor:
    """Effective stiffness of a periodic RVE.

    On the rotated scheme; beside voids with control of its hourglass modes.

    Parameters
    ----------
    rve : VoxelRVE
    stiffness : Tensor ``[phases, 6, 6]`` or ``[samples, phases, 6, 6]``, or mapping of phase name
        Stiffness of each phase (Mandel) in its material axes, any unit of stress: symmetric
        positive definite, or exactly zero for voids. The computation runs on the tensor's device,
        all samples in one batch.
    tolerance : float
        Bound of the relative error of the six diagonal entries against the solution of the
        discrete problem; with ``D`` the error, ``|D_ij| ≤ tolerance √(C_ii C_jj)``. With voids it
        is an estimate, and relative to 1e-4 of the Voigt average where less stiffness is left.
    max_iterations : int
        Limit of the conjugate gradient iterations.

    Returns
    -------
    Tensor ``[6, 6]`` or ``[samples, 6, 6]``
        Symmetric positive definite (semi-definite where voids cut the RVE apart), in the unit of
        ``stiffness``, never below the exact one.

    Raises
    ------
    InputError
        If a stiffness is missing or not symmetric positive definite.
    NotConverged
        A RuntimeError, if the limit of iterations is reached.
    """
    return solve_load_cases(rve, stiffness, tolerance, max_iterations).effective


def solve_load_cases(
    rve: VoxelRVE, stiffness: PhaseValues, tolerance: float = 1e-6, max_iterations: int = 3000
) -> LoadCases:
    """As :func:`effective_stiffness`, with the local strain fields and the iterations."""
    check_voxels(rve)
    samples, in_batch = checked_stiffness(rve, stiffness)
    group, phase, orientations = material_groups(rve)
    moduli = rotated_moduli(samples[:, phase.to(samples.device)], orientations)
    kinematics = Strain(RotatedScheme(rve.shape, rve.size, samples.device))
    solution = solve_groups(kinematics, group, moduli, tolerance, max_iterations)
    if in_batch:
        return LoadCases(*solution)
    return LoadCases(*(part[0] for part in solution))


class _Phases(Protocol):
    """Whatever has named phases: voxels, a mesh."""

    @property
    def names(self) -> tuple[str, ...]: ...


def checked_stiffness(rve: _Phases, stiffness: PhaseValues) -> tuple[Tensor, bool]:
    """Symmetric stiffness ``[samples, phases, 6, 6]``, and whether samples were asked for.

    Raises as :func:`effective_stiffness`.
    """
    by_name = isinstance(stiffness, Mapping)
    stiffness = in_order_of_phases(stiffness, rve.names, "stiffness")
    if by_name and stiffness.ndim != 3:
        raise InputError(
            f"by phase names there is one 6×6 matrix for each, not {list(stiffness.shape[1:])}: "
            "give several samples as one tensor [samples, phases, 6, 6]."
        )
    expected = (len(rve.names), 6, 6)
    if tuple(stiffness.shape[-3:]) != expected or stiffness.ndim > 4:
        raise InputError(
            f"the stiffness has shape {list(stiffness.shape)}, expected {list(expected)}: "
            f"one 6×6 matrix for each of the phases {list(rve.names)}."
        )
    samples = stiffness if stiffness.ndim == 4 else stiffness[None]
    for number, sample in enumerate(samples):
        where = f" of sample {number}" if stiffness.ndim == 4 else ""
        for name, matrix in zip(rve.names, sample, strict=True):
            if matrix.count_nonzero():
                check_stiffness(matrix, f"the stiffness of phase {name!r}{where}")
        if not sample.count_nonzero():
            raise InputError(f"all phases{where} are voids: give one of them a stiffness.")
    return (samples + samples.mT) / 2, stiffness.ndim == 4
