"""A box of quadratic tetrahedra with a network at its points, which is measured."""

# isort: off
from dmn_fe.fem import Problem, Support, make_problem, mark  # before torch

# isort: on
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from dolfinx import mesh
from mpi4py import MPI

import dmn_fe
from dmn_fe import evaluate, laws

__all__ = ["MULTIGRID", "PHASES", "bent_box", "composite", "displacements", "memory"]

NETWORK = Path(__file__).parents[1] / "spheres.dmn"
PHASES = {
    "matrix": laws.J2(3000.0, 0.37, laws.VoceHardening(35.0, 25.0, 80.0, 60.0)),
    "inclusion": laws.Elastic.isotropic(72000.0, 0.22),
}
MULTIGRID = {  # as dmn_fe.fem chooses it for large parts
    "ksp_type": "cg",
    "ksp_rtol": 1e-8,
    "pc_type": "gamg",
    "pc_gamg_threshold": 0.01,
    "mg_levels_ksp_type": "chebyshev",
    "mg_levels_pc_type": "jacobi",
}


def composite() -> evaluate.NetworkLaw:
    """The shipped network in the compiled core."""
    return evaluate.network_law(dmn_fe.load(NETWORK), PHASES, backend="cpu")


def bent_box(cells: Sequence[int], law=None, **options) -> Problem:
    """A box held at its lower end, and pulled and bent at the upper one (collective).

    Parameters
    ----------
    cells : sequence of three int
        Cubes of six tetrahedra along x, y and z; the box is 1 wide along x.
    law : MaterialLaw, optional
        :func:`composite` if left out.
    **options
        PETSc options.
    """
    size = np.asarray(cells) / cells[0]
    domain = mesh.create_box(
        MPI.COMM_WORLD, [np.zeros(3), size], list(cells), mesh.CellType.tetrahedron
    )
    ends = {
        "held": lambda x: np.isclose(x[2], 0.0),
        "moved": lambda x: np.isclose(x[2], size[2]),
    }
    strain = [0.04, 0.01, 0.02]  # the matrix yields nearly everywhere
    supports = [Support("held", [0.0] * 3), Support("moved", [size[2] * e for e in strain])]
    part = mark(domain, ends)
    return make_problem(part, {"part": law or composite()}, supports, petsc_options=options)


def displacements(problem: Problem) -> int:
    """Unknowns of all ranks."""
    dofmap = problem.u.function_space.dofmap
    return int(dofmap.index_map.size_global * dofmap.index_map_bs)


def memory(key: str) -> int:
    """Bytes that Linux tells of this process: ``VmRSS`` now, ``VmHWM`` at its peak."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(key)).split()[1])
