"""Which linear solver a problem gets: a direct one below a size, else multigrid."""

from typing import Any, NamedTuple

from dolfinx import fem
from petsc4py import PETSc

from dmn_fe.fem.kinematics import Kind
from dmn_fe.fem.rigid_motion import rigid_motions

__all__ = ["LinearSolver", "choose_linear_solver", "set_near_null_space"]

#: Displacements of a mesh in 2 and in 3 dimensions up to which a factorisation is taken. In space
#: its fill grows with the power 4/3 of their number, in the plane hardly more than linearly. On an
#: isotropic cube, an easy case, multigrid is faster at any size (tests/benchmarks/macro.py), near
#: the limit about twice as fast; but a factorisation takes any stiffness and any shape of cells.
_DIRECT_UP_TO = {2: 400_000, 3: 40_000}


class LinearSolver(NamedTuple):
    """PETSc options of a linear solver, and what it is in words."""

    options: dict[str, Any]
    sentence: str


def choose_linear_solver(
    space: fem.FunctionSpace, symmetric: bool, direct: bool = False
) -> LinearSolver:
    """The solver for a displacement space by its size.

    Parameters
    ----------
    space : dolfinx.fem.FunctionSpace
    symmetric : bool
        Whether the tangents of all laws are.
    direct : bool
        Whether to take a direct solver for any size.
    """
    size = space.dofmap.index_map.size_global * space.dofmap.index_map_bs
    limit = _DIRECT_UP_TO[space.mesh.geometry.dim]
    if direct or size <= limit:
        options: dict[str, Any] = {"ksp_type": "preonly", "pc_type": "lu"}
        up_to = "" if direct else f" (up to {limit})"
        if PETSc.Sys.hasExternalPackage("mumps"):
            options["pc_factor_mat_solver_type"] = "mumps"
            return LinearSolver(options, f"{size} displacements: LU by MUMPS{up_to}")
        if space.mesh.comm.size == 1:
            return LinearSolver(options, f"{size} displacements: LU by PETSc (MUMPS is missing)")
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


def set_near_null_space(matrix: PETSc.Mat, space: fem.FunctionSpace, kind: Kind) -> None:
    """Tell multigrid the rigid motions of a kind of problem (collective)."""
    x = space.tabulate_dof_coordinates()[: space.dofmap.index_map.size_local]
    vectors: list[PETSc.Vec] = []
    for motion in rigid_motions(x, kind).values():
        vector = matrix.createVecRight()
        vector.array[:] = motion.ravel()
        for before in vectors:  # PETSc asks for orthonormal vectors
            vector.axpy(-vector.dot(before), before)
        vector.normalize()
        vectors.append(vector)
    null_space = PETSc.NullSpace().create(vectors=vectors, comm=matrix.comm)
    matrix.setNearNullSpace(null_space)
    # The matrix holds them from here; on all ranks alike, see _destroy.
    for one in (null_space, *vectors):
        one.destroy()
