"""Which linear solver a problem gets: a direct one below a size, else multigrid."""

from typing import Any, NamedTuple

import numpy as np
from dolfinx import fem
from petsc4py import PETSc

__all__ = ["LinearSolver", "choose_linear_solver", "set_near_null_space"]

#: Displacements of a mesh in 2 and in 3 dimensions up to which a factorisation is taken. In space
#: its fill grows with the power 4/3 of their number, in the plane hardly more than linearly.
_DIRECT_UP_TO = {2: 400_000, 3: 100_000}


class LinearSolver(NamedTuple):
    """PETSc options of a linear solver, and what it is in words."""

    options: dict[str, Any]
    sentence: str


def choose_linear_solver(space: fem.FunctionSpace, symmetric: bool) -> LinearSolver:
    """The solver for a displacement space by its size.

    Parameters
    ----------
    space : dolfinx.fem.FunctionSpace
    symmetric : bool
        Whether the tangents of all laws are.
    """
    size = space.dofmap.index_map.size_global * space.dofmap.index_map_bs
    limit = _DIRECT_UP_TO[space.mesh.geometry.dim]
    if size <= limit:
        direct = {"ksp_type": "preonly", "pc_type": "lu"}
        if PETSc.Sys.hasExternalPackage("mumps"):
            direct["pc_factor_mat_solver_type"] = "mumps"
            return LinearSolver(direct, f"{size} displacements: LU by MUMPS (up to {limit})")
        if space.mesh.comm.size == 1:
            return LinearSolver(direct, f"{size} displacements: LU by PETSc (MUMPS is missing)")
    krylov = "cg" if symmetric else "gmres"
    options = {
        "ksp_type": krylov,
        "ksp_rtol": 1e-8,
        "ksp_max_it": 500,
        "pc_type": "gamg",
        "pc_gamg_threshold": 0.01,
        "mg_levels_ksp_type": "chebyshev",
        "mg_levels_pc_type": "jacobi",
    }
    kind = "symmetric" if symmetric else "not symmetric"
    return LinearSolver(
        options, f"{size} displacements, tangents {kind}: {krylov.upper()} with multigrid (GAMG)"
    )


def set_near_null_space(matrix: PETSc.Mat, space: fem.FunctionSpace, axisymmetric: bool) -> None:
    """Tell multigrid the rigid motions of the part (collective).

    Six in space, three in the plane, and the translation along the axis of an axisymmetric part.
    """
    motions = _rigid_motions(space, axisymmetric)
    vectors = []
    for motion in motions:
        vector = matrix.createVecRight()
        vector.array[:] = motion
        vectors.append(vector)
    for number, vector in enumerate(vectors):  # Gram–Schmidt: PETSc asks for orthonormal vectors
        for before in vectors[:number]:
            vector.axpy(-vector.dot(before), before)
        vector.normalize()
    null_space = PETSc.NullSpace().create(vectors=vectors, comm=matrix.comm)
    matrix.setNearNullSpace(null_space)
    # The matrix holds them from here; on all ranks alike, see _destroy.
    for one in (null_space, *vectors):
        one.destroy()


def _rigid_motions(space: fem.FunctionSpace, axisymmetric: bool) -> list[np.ndarray]:
    """Rigid motions at the owned dofs, each ``[owned dofs]``."""
    owned, dimension = space.dofmap.index_map.size_local, space.dofmap.index_map_bs
    x = space.tabulate_dof_coordinates()[:owned]
    if axisymmetric:
        return [np.tile([0.0, 1.0], owned)]
    motions = [np.tile(unit, owned) for unit in np.eye(dimension)]
    for i in range(dimension):
        for j in range(i):
            rotation = np.zeros((owned, dimension))
            rotation[:, i], rotation[:, j] = x[:, j], -x[:, i]
            motions.append(rotation.ravel())
    return motions
