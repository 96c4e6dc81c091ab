"""Effective linear-elastic stiffness of a mesh RVE."""

import numpy as np
import torch
from mpi4py import MPI
from torch import Tensor

from dmn_fe.collective import RaiseTogether
from dmn_fe.fem.rve.mesh import distribute
from dmn_fe.fem.rve.system import PeriodicSystem
from dmn_fe.homogenization.arguments import PhaseValues
from dmn_fe.homogenization.elastic import checked_stiffness
from dmn_fe.mandel import rotation_matrix
from dmn_fe.microstructure import MeshRVE

__all__ = ["effective_stiffness"]


def effective_stiffness(
    rve: MeshRVE,
    stiffness: PhaseValues,
    degree: int = 2,
    quadrature_degree: int | None = None,
    comm: MPI.Comm = MPI.COMM_SELF,
) -> Tensor:
    """Effective stiffness of a periodic RVE in finite elements (collective).

    Six load cases with one factorisation, exact for the mesh.

    Parameters
    ----------
    rve : MeshRVE
        The mesh; on a plane mesh the RVE is constant along e3.
    stiffness : Tensor ``[phases, 6, 6]`` or ``[samples, phases, 6, 6]``, or mapping of phase name
        Stiffness of each phase (Mandel) in its material axes, any unit of stress: symmetric
        positive definite, or exactly zero for voids.
    degree, quadrature_degree
        As for :class:`~dmn_fe.fem.MeshRVEProblem`.
    comm : MPI.Comm
        Ranks that share the mesh.

    Returns
    -------
    Tensor ``[6, 6]`` or ``[samples, 6, 6]``
        Symmetric, in the unit of ``stiffness``; never below that of a finer mesh that contains
        this one where the integration is full.

    Raises
    ------
    InputError
        On every rank, if a stiffness is missing or not symmetric positive definite, the mesh is not
        periodic or does not fill a box, or dolfinx_mpc is not installed.
    RuntimeError
        If a linear system cannot be solved.
    """
    mesh = distribute(rve, comm)
    with RaiseTogether(comm):
        samples, in_batch = checked_stiffness(mesh, stiffness)
    system = PeriodicSystem(mesh, degree, quadrature_degree)
    effective = []
    for sample in samples:
        local = sample[torch.tensor(mesh.cell_tags.values, dtype=torch.long)]
        if mesh.rotation is not None:
            turn = rotation_matrix(torch.from_numpy(mesh.rotation))
            local = turn @ local @ turn.mT
        tangent = np.repeat(local.numpy(), system.fields.points_per_cell, axis=0)
        effective.append(torch.from_numpy(system.homogenise(tangent)))
    result = torch.stack(effective)
    result = (result + result.mT) / 2
    return result if in_batch else result[0]
