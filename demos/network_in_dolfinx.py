# # A network in your own DOLFINx script
#
# `dmn-fe run` reads a run file. Where you want the script in your own hands, two classes do the
# work: a `QuadratureMap` evaluates a law at the quadrature points of a displacement field, and a
# `Problem` solves equilibrium on PETSc SNES, step by step. A network and a plain plasticity law
# are the same kind of object to both, so try your script with the plain law first.
#
# It runs under MPI as it stands: `mpirun -n 2 python demos/network_in_dolfinx.py`.

from pathlib import Path

import numpy as np
from dolfinx import fem, mesh
from mpi4py import MPI

import dmn_fe
from dmn_fe.fem import Problem, QuadratureMap

# ## A bar
#
# A bar of 4 × 1 × 1, clamped at one end, twisted and pulled at the other. Displacements are
# quadratic, because linear tetrahedra lock in plasticity.

bar = mesh.create_box(MPI.COMM_WORLD, [[0.0, 0.0, 0.0], [4.0, 1.0, 1.0]], [4, 1, 1])
space = fem.functionspace(bar, ("Lagrange", 2, (3,)))
u = fem.Function(space, name="displacement")


def end(x: float) -> np.ndarray:
    """Facets of the end at `x`."""
    return mesh.locate_entities_boundary(bar, 2, lambda points: np.isclose(points[0], x))


# ## The material
#
# The network that ships with the project: 30 % spheres. Its phases get laws; the unit is MPa.

network = dmn_fe.load(Path(__file__).parent / "spheres.dmn")
matrix = dmn_fe.laws.J2(3000.0, 0.37, dmn_fe.laws.VoceHardening(35.0, 25.0, 80.0, 60.0))
glass = dmn_fe.laws.Elastic.isotropic(72000.0, 0.22)
law = dmn_fe.NetworkLaw(network, {"matrix": matrix, "inclusion": glass})

# ## Loads
#
# A load is a DOLFINx function or constant and a callable of time. Here the free end turns by up to
# 0.06 rad about the axis of the bar and moves out by up to 0.04.

clamped, moved = fem.Function(space), fem.Function(space)


def motion(t: float):
    """Prescribed displacement of the free end at time t, as a function of the place."""

    def displacement(x: np.ndarray) -> np.ndarray:
        turn, out = 0.06 * t, 0.04 * t
        return np.array([np.full_like(x[0], out), -turn * (x[2] - 0.5), turn * (x[1] - 0.5)])

    return displacement


bcs = [
    fem.dirichletbc(value, fem.locate_dofs_topological(space, 2, end(x)))
    for value, x in ((clamped, 0.0), (moved, 4.0))
]

# ## Steps
#
# `step` commits what converged and reports; after a step that did not converge everything is as it
# was before, so a smaller step can be tried.

qmap = QuadratureMap(u, law, degree=2)
problem = Problem(u, qmap, bcs, loads={moved: motion})
for t in (0.25, 0.5, 0.75, 1.0):
    report = problem.step(t)
    assert report.converged, report.reason
    force = problem.reaction(end(4.0))
    if bar.comm.rank == 0:
        print(f"t = {t}: {report.iterations} Newton iterations, pull {force[0]:.3f} N")

# Pulling the clamped end takes the same force the other way:

balance = force + problem.reaction(end(0.0))
assert np.abs(balance).max() < 1e-6 * np.abs(force).max()
assert report.residuals[-1] < 1e-8 * report.residuals[0]
assert 30.0 < force[0] < 60.0
