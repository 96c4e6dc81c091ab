"""A part in DOLFINx."""

from pathlib import Path

import numpy as np
from cffi import VerificationError
from dolfinx import fem, jit, mesh
from mpi4py import MPI

from dmn_fe import laws
from dmn_fe.doctor.finding import Finding, WrongAnswer
from dmn_fe.doctor.packages import install_line
from dmn_fe.doctor.rooms.answers import RESIN, expect
from dmn_fe.fem import Problem, QuadratureMap

__all__ = ["check"]

_INTERRUPTED = "A process that compiled forms was ended"
_OTHER_FOLDER = "set XDG_CACHE_HOME to a folder that can be written."
_GRADIENT = np.array([[0.01, 0.002, 0.0], [0.0, -0.004, 0.003], [0.001, 0.0, 0.002]])


def check() -> Finding:
    """A patch test; DOLFINx compiles its forms in the first one."""
    folder = Path(jit.get_options()["cache_dir"])
    before = len(list(folder.glob("*.so")))
    try:
        _patch_test()
    except TimeoutError as error:
        return Finding("failed", str(error), f"{_INTERRUPTED}: remove {folder}, which is a cache.")
    except OSError as error:
        return Finding(
            "failed", str(error), f"DOLFINx keeps its forms in {folder}: {_OTHER_FOLDER}"
        )
    except VerificationError as error:
        line = install_line("C++ compiler")
        return Finding("failed", str(error), "DOLFINx compiles forms with a C compiler.", line)
    compiled = len(list(folder.glob("*.so"))) - before
    words = f" (and {compiled} forms compiled, as on first use)" if compiled else ""
    return Finding("ok", f"patch test in DOLFINx, solved by PETSc{words}")


def _patch_test() -> None:
    """Displacements that are linear on the boundary of a cube are so inside."""
    cube = mesh.create_unit_cube(MPI.COMM_SELF, 2, 2, 2)
    space = fem.functionspace(cube, ("Lagrange", 1, (3,)))
    u, given = fem.Function(space), fem.Function(space)
    cube.topology.create_connectivity(2, 3)
    facets = mesh.exterior_facet_indices(cube.topology)
    boundary = fem.dirichletbc(given, fem.locate_dofs_topological(space, 2, facets))
    law = laws.Elastic.isotropic(*RESIN)
    qmap = QuadratureMap(u, law, degree=1)
    problem = Problem(u, qmap, [boundary], loads={given: lambda t: lambda x: t * _GRADIENT @ x})
    step = problem.step(1.0)
    if not step.converged:
        raise WrongAnswer(f"the patch test does not converge: {step.reason}")
    linear = space.tabulate_dof_coordinates() @ _GRADIENT.T
    expect("the displacement of a patch test", u.x.array.reshape(-1, 3), linear, 1e-9)
    strain, root = 0.5 * (_GRADIENT + _GRADIENT.T), np.sqrt(2.0)
    mandel = [*np.diag(strain), *(root * strain[[1, 0, 0], [2, 2, 1]])]
    stress = np.tile(law.stiffness.numpy() @ mandel, (len(qmap.committed_stress), 1))
    expect("the stress of a patch test", qmap.committed_stress, stress, 1e-9)
