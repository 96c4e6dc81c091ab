"""Effective thermal conductivity of a voxel RVE."""

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.homogenization.arguments import PhaseValues, check_voxels, in_order_of_phases
from dmn_fe.homogenization.kinematics import TemperatureGradient
from dmn_fe.homogenization.moduli import material_groups, rotated_moduli
from dmn_fe.homogenization.rotated import RotatedScheme
from dmn_fe.homogenization.unit_loads import solve_groups
from dmn_fe.microstructure import VoxelRVE

__all__ = ["effective_conductivity"]


def effective_conductivity(
    rve: VoxelRVE, conductivity: PhaseValues, tolerance: float = 1e-6, max_iterations: int = 3000
) -> Tensor:
    """Effective conductivity of a periodic RVE: heat, electric current, diffusion, permittivity.

    Parameters
    ----------
    rve : VoxelRVE
    conductivity : Tensor ``[phases, 3, 3]`` or ``[phases]``, or mapping of phase name
        Conductivity of each phase in its material axes, symmetric positive definite or exactly
        zero; one number for each isotropic phase.
    tolerance, max_iterations
        As for :func:`~dmn_fe.homogenization.effective_stiffness`.

    Returns
    -------
    Tensor ``[3, 3]``

    Raises
    ------
    InputError
        If a conductivity is missing or not symmetric positive definite.
    NotConverged
        A RuntimeError, if the limit of iterations is reached.
    """
    check_voxels(rve)
    phases = _checked(rve, conductivity)
    group, phase, orientations = material_groups(rve)
    moduli = rotated_moduli(phases[phase.to(phases.device)], orientations)
    kinematics = TemperatureGradient(RotatedScheme(rve.shape, rve.size, phases.device))
    return solve_groups(kinematics, group, moduli[None], tolerance, max_iterations).effective[0]


def _checked(rve: VoxelRVE, conductivity: PhaseValues) -> Tensor:
    """Symmetric conductivity ``[phases, 3, 3]``."""
    phases = in_order_of_phases(conductivity, rve.names, "conductivity")
    count = len(rve.names)
    if phases.shape == (count,):
        phases = phases[:, None, None] * torch.eye(3).to(phases)
    if phases.shape != (count, 3, 3):
        raise InputError(
            f"the conductivity has shape {list(phases.shape)}, expected [{count}, 3, 3] or "
            f"[{count}]: give one for each of the phases {list(rve.names)}."
        )
    for name, matrix in zip(rve.names, phases, strict=True):
        symmetric = (matrix - matrix.mT).abs().max() <= 1e-9 * matrix.abs().max()
        if not torch.isfinite(matrix).all() or not symmetric:
            raise InputError(
                f"the conductivity of phase {name!r} is not a finite symmetric matrix; "
                "give one in e1, e2, e3."
            )
        smallest = torch.linalg.eigvalsh(matrix)[0].item()
        if matrix.count_nonzero() and smallest <= 0:
            raise InputError(
                f"the conductivity of phase {name!r} is not positive definite (smallest "
                f"eigenvalue {smallest:.3g}); give one, or zero for a phase that insulates."
            )
    if not phases.count_nonzero():
        raise InputError("no phase conducts: give one of them a conductivity.")
    return (phases + phases.mT) / 2
