"""A patch test: whether DOLFINx, PETSc and the quadrature map work together."""

from typing import NamedTuple

import numpy as np
from dolfinx import fem, mesh
from mpi4py import MPI
from numpy.typing import NDArray

from dmn_fe.fem.problem import Problem
from dmn_fe.fem.quadrature import QuadratureMap
from dmn_fe.fem.report import StepReport
from dmn_fe.laws import MaterialLaw

__all__ = ["PatchTest", "patch_test"]


class PatchTest(NamedTuple):
    """What a patch test gives.

    Attributes
    ----------
    report : StepReport
    nodes, displacement : array ``[m, 3]``
        Places of the nodes, and how they have moved.
    stress : array ``[n, 6]``
        Of the quadrature points, Mandel.
    """

    report: StepReport
    nodes: NDArray[np.float64]
    displacement: NDArray[np.float64]
    stress: NDArray[np.float64]


def patch_test(law: MaterialLaw, gradient: NDArray[np.float64]) -> PatchTest:
    """Solve a unit cube whose boundary moves by a displacement gradient ``[3, 3]``, in one step.

    Inside the displacement is linear too, and the stress the same everywhere.
    """
    cube = mesh.create_unit_cube(MPI.COMM_SELF, 2, 2, 2)
    space = fem.functionspace(cube, ("Lagrange", 1, (3,)))
    u, given = fem.Function(space), fem.Function(space)
    cube.topology.create_connectivity(2, 3)
    facets = mesh.exterior_facet_indices(cube.topology)
    boundary = fem.dirichletbc(given, fem.locate_dofs_topological(space, 2, facets))
    qmap = QuadratureMap(u, law, degree=1)
    problem = Problem(u, qmap, [boundary], loads={given: lambda t: lambda x: t * gradient @ x})
    report = problem.step(1.0)
    nodes = space.tabulate_dof_coordinates()
    return PatchTest(report, nodes, u.x.array.reshape(-1, 3), qmap.committed_stress)
