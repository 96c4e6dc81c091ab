"""Effective thermal expansion of a voxel RVE."""

import torch
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.homogenization.arguments import PhaseValues, check_voxels, in_order_of_phases
from dmn_fe.homogenization.conjugate_gradients import Balance, conjugate_gradients
from dmn_fe.homogenization.elastic import checked_stiffness
from dmn_fe.homogenization.hourglass import hourglass_control
from dmn_fe.homogenization.kinematics import Strain
from dmn_fe.homogenization.moduli import local_moduli, material_groups, rotated_moduli
from dmn_fe.homogenization.preconditioner import UniformMedium
from dmn_fe.homogenization.rotated import RotatedScheme
from dmn_fe.homogenization.stopping import ResidualReduction
from dmn_fe.homogenization.unit_loads import solve_groups
from dmn_fe.mandel import rotation_matrix
from dmn_fe.microstructure import VoxelRVE

__all__ = ["effective_expansion"]


def effective_expansion(
    rve: VoxelRVE,
    stiffness: PhaseValues,
    expansion: PhaseValues,
    tolerance: float = 1e-6,
    max_iterations: int = 3000,
) -> Tensor:
    """Effective thermal expansion: the macroscopic strain of a free RVE for a unit temperature.

    ``α* = C*⁻¹ ⟨s⟩`` with the stress ``s = C α − C ε`` that balances in a held RVE.

    Parameters
    ----------
    rve : VoxelRVE
    stiffness : Tensor ``[phases, 6, 6]``, or mapping of phase name
        As for :func:`~dmn_fe.homogenization.effective_stiffness`.
    expansion : Tensor ``[phases, 6]`` or ``[phases]``, or mapping of phase name
        Thermal strain of each phase (Mandel, material axes) for a unit temperature; one number
        for each phase that expands alike in all directions.
    tolerance, max_iterations
        As for :func:`~dmn_fe.homogenization.effective_stiffness`.

    Returns
    -------
    Tensor ``[6]``
        In the unit of ``expansion``.

    Raises
    ------
    InputError
        If a stiffness or an expansion is missing or makes no sense.
    NotConverged
        A RuntimeError, if the limit of iterations is reached.
    """
    check_voxels(rve)
    samples, _ = checked_stiffness(rve, stiffness)
    if len(samples) > 1:
        raise InputError(
            f"effective_expansion takes one stiffness for each phase, not {len(samples)} samples: "
            "call it for each of them."
        )
    free = _checked(rve, expansion).to(samples.device)
    group, phase, orientations = material_groups(rve)
    phase = phase.to(samples.device)
    moduli = rotated_moduli(samples[:, phase], orientations)
    strain = free[phase]
    if orientations is not None:
        strain = (rotation_matrix(orientations.to(strain)) @ strain[..., None])[..., 0]
    kinematics = Strain(RotatedScheme(rve.shape, rve.size, samples.device))
    effective = solve_groups(kinematics, group, moduli, tolerance, max_iterations).effective[0]

    thermal = (moduli[0] @ strain[..., None])[..., 0]  # stress of each group, all strain held
    stress = thermal[group.to(thermal.device)].movedim(-1, 0)[None, None]
    local = local_moduli(group, moduli)
    hourglass = hourglass_control(kinematics.scheme, group, moduli)
    medium = UniformMedium(kinematics, moduli.mean(1), hourglass)
    system = Balance(kinematics, local, medium, hourglass)
    nodal, _, _ = conjugate_gradients(
        system, kinematics.transpose(stress), ResidualReduction(), tolerance, max_iterations
    )
    stress = stress - local.multiply(kinematics.apply(nodal))
    return torch.linalg.solve(_held(effective, moduli[0].mean(0)), stress[0, 0].mean((1, 2, 3)))


def _held(effective: Tensor, mean: Tensor) -> Tensor:
    """The effective stiffness, if there is one for every strain; ``mean`` gives the scale."""
    values, modes = torch.linalg.eigh(effective)
    if values[0] <= 1e-9 * torch.linalg.matrix_norm(mean, 2):
        raise InputError(
            "voids cut the RVE apart: it has no stiffness for the strain "
            f"{[round(x, 3) for x in modes[:, 0].tolist()]}, and no expansion; join its parts."
        )
    return effective


def _checked(rve: VoxelRVE, expansion: PhaseValues) -> Tensor:
    """Expansion ``[phases, 6]``."""
    free = in_order_of_phases(expansion, rve.names, "expansion")
    count = len(rve.names)
    if free.shape == (count,):
        free = free[:, None] * torch.tensor([1.0, 1, 1, 0, 0, 0]).to(free)
    if free.shape != (count, 6) or not torch.isfinite(free).all():
        raise InputError(
            f"the expansion has shape {list(free.shape)}, expected [{count}, 6] or [{count}] of "
            f"finite numbers: give one for each of the phases {list(rve.names)}."
        )
    return free
