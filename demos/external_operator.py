# # A network as an external operator
#
# With [dolfinx-external-operator](https://github.com/a-latyshev/dolfinx-external-operator) a form
# in UFL may contain functions that UFL cannot express; `ufl.derivative` then asks for their
# derivatives. Here the function is a material network, from strain to stress. An external operator
# has no memory, so the script keeps the history and commits it. The result is compared with
# `dmn_fe.fem.Problem`.
#
# It runs under MPI too: `mpirun -n 2 python demos/external_operator.py`.

import functools
import sys
from pathlib import Path

import basix.ufl
import numpy as np
import ufl
from dolfinx import fem, mesh
from dolfinx.fem import petsc
from mpi4py import MPI
from petsc4py import PETSc
from torch import equal, from_numpy

import dmn_fe.fem
from dmn_fe import laws

try:
    from dolfinx_external_operator import (
        FEMExternalOperator,
        evaluate_external_operators,
        evaluate_operands,
        replace_external_operators,
    )
    from dolfinx_external_operator.petsc import assemble_residual_with_callback
except ImportError:
    sys.exit(
        "This demo needs dolfinx-external-operator 0.11 and DOLFINx 0.11: "
        "pip install --no-deps dolfinx-external-operator==0.11.0"
    )

# ## A bar
#
# Clamped at one end, twisted and pulled at the other. Displacements are quadratic, because linear
# tetrahedra lock in plasticity.

bar = mesh.create_box(MPI.COMM_WORLD, [[0.0, 0.0, 0.0], [4.0, 1.0, 1.0]], [4, 1, 1])
space = fem.functionspace(bar, ("Lagrange", 2, (3,)))
clamped, moved = fem.Function(space), fem.Function(space)


def end(x: float) -> np.ndarray:
    """Facets of the end at `x`."""
    return mesh.locate_entities_boundary(bar, 2, lambda points: np.isclose(points[0], x))


def motion(t: float):
    """Prescribed displacement of the free end at time t, as a function of the place."""
    turn, out = 0.06 * t, 0.04 * t
    return lambda x: np.array([0.0 * x[0] + out, -turn * (x[2] - 0.5), turn * (x[1] - 0.5)])


dofs = {x: fem.locate_dofs_topological(space, 2, end(x)) for x in (0.0, 4.0)}
bcs = [fem.dirichletbc(clamped, dofs[0.0]), fem.dirichletbc(moved, dofs[4.0])]

# ## The form
#
# `mandel_strain` gives the strain as a vector [11, 22, 33, 23, 13, 12] with √2 on the shears, so
# that the product of two such vectors is that of the tensors. The stress lives at the points of a
# quadrature rule, which the measure of the form must have too.

DEGREE = 2
strain = dmn_fe.fem.mandel_strain
u, v, du = fem.Function(space), ufl.TestFunction(space), ufl.TrialFunction(space)
element = basix.ufl.quadrature_element(bar.basix_cell(), value_shape=(6,), degree=DEGREE)
stress_space = fem.functionspace(bar, element)
stress = FEMExternalOperator(strain(u), function_space=stress_space, name="stress")
dx = ufl.Measure("dx", domain=bar, metadata={"quadrature_degree": DEGREE})
residual = ufl.inner(stress, strain(v)) * dx
tangent = ufl.algorithms.expand_derivatives(ufl.derivative(residual, u, du))
residual, stress_operators = replace_external_operators(residual)
tangent, tangent_operators = replace_external_operators(tangent)

# ## The operator and its history
#
# `evaluate` is asked for derivatives (0,), the stress, and (1,), the tangent, of the same strains,
# so the update of the law is kept. It begins at the committed state every time and changes nothing:
# what the solver tries and rejects leaves no trace. Only the cells that this rank owns are
# evaluated; the package takes values of all cells and fetches those of the others itself.


class LawOperator:
    """A law of `dmn_fe` at the quadrature points of the owned cells, with its history."""

    def __init__(self, law: laws.MaterialLaw, space: fem.FunctionSpace):
        cells = space.mesh.topology.index_map(space.mesh.topology.dim)
        per_cell = space.dofmap.list.shape[1]
        self.law, self.dt = law, 0.0
        self.owned = np.arange(cells.size_local, dtype=np.int32)
        self.points = per_cell * (cells.size_local + cells.num_ghosts)
        self.committed = law.initial_state(per_cell * cells.size_local)
        self.trial_strain = self.trial = None

    def evaluate(self, derivatives: tuple[int, ...]):
        """The stress or the tangent as a function of strains [owned cells, points, 6]."""
        return {(0,): self.stress, (1,): self.tangent}[derivatives]

    def update(self, strain: np.ndarray) -> laws.Update:
        """Update of the law; that of the last call if the strains are the same."""
        strain = from_numpy(strain.reshape(-1, 6).copy())
        if self.trial is None or not equal(strain, self.trial_strain):
            self.trial_strain = strain
            self.trial = self.law.integrate(strain, self.committed, self.dt)
        return self.trial

    def stress(self, strain: np.ndarray) -> np.ndarray:
        """NaN where the law failed, so that the solver sees it and gives up."""
        update = self.update(strain)
        stress = update.stress.numpy().copy()
        stress[(update.status != laws.Status.CONVERGED).numpy()] = np.nan
        return self.with_ghosts(stress)

    def tangent(self, strain: np.ndarray) -> np.ndarray:
        """The consistent tangent."""
        return self.with_ghosts(self.update(strain).tangent.numpy())

    def with_ghosts(self, values: np.ndarray) -> np.ndarray:
        """Values of the owned points, then zeros, which the owners of those cells replace."""
        everywhere = np.zeros((self.points, *values.shape[1:]))
        everywhere[: len(values)] = values
        return everywhere.ravel()

    def commit(self) -> None:
        """Make the state of the last update the committed one: only after convergence."""
        self.committed, self.trial = self.trial.state, None


# The network that ships with the project, 30 % spheres, with MPa as the unit:

network = dmn_fe.load(Path(__file__).with_name("spheres.dmn"))
matrix = laws.J2(3000.0, 0.37, laws.VoceHardening(35.0, 25.0, 80.0, 60.0))
glass = laws.Elastic.isotropic(72000.0, 0.22)
law = dmn_fe.NetworkLaw(network, {"matrix": matrix, "inclusion": glass})

material = LawOperator(law, stress_space)
for operator in stress_operators + tangent_operators:
    operator.external_function = material.evaluate

# ## Newton
#
# DOLFINx's problem on PETSc's SNES, whose residual has the operators evaluated first. (The tangent
# is always needed there: conditions that `u` does not yet fulfil are lifted with it.)


def evaluate_operators() -> None:
    """Stress and tangent of the present `u`."""
    operands = evaluate_operands(stress_operators, material.owned)
    evaluate_external_operators(stress_operators, operands)
    evaluate_external_operators(tangent_operators, operands)


options = {"snes_rtol": 1e-10, "snes_stol": 0.0, "snes_linesearch_type": "basic"}
options |= {"ksp_type": "preonly", "pc_type": "lu", "pc_factor_mat_solver_type": "mumps"}
problem = petsc.NonlinearProblem(
    residual, u, J=tangent, bcs=bcs, petsc_options_prefix="bar_", petsc_options=options
)
assemble = functools.partial(
    assemble_residual_with_callback, u, problem.F, problem.J, bcs, evaluate_operators, ()
)
problem.solver.setFunction(assemble, problem.b)

# ## Steps
#
# Beside it, the same bar with the classes of `dmn_fe`, which do all this by themselves.

own_u = fem.Function(space)
own_map = dmn_fe.fem.QuadratureMap(own_u, law, DEGREE)
own = dmn_fe.fem.Problem(own_u, own_map, bcs, {moved: motion}, petsc_options={"snes_rtol": 1e-10})
for t in (0.25, 0.5, 0.75, 1.0):
    moved.interpolate(motion(t))
    material.dt = t - own.time
    problem.solve()
    assert problem.solver.getConvergedReason() > 0
    evaluate_operators()  # what is committed is of the accepted iterate
    material.commit()
    assert own.step(t).converged

# The pull at the moved end, from the residual without its conditions:

forces = petsc.assemble_vector(problem.F)
forces.ghostUpdate(addv=PETSc.InsertMode.ADD, mode=PETSc.ScatterMode.REVERSE)
mine = dofs[4.0][dofs[4.0] < space.dofmap.index_map.size_local]
force = bar.comm.allreduce(forces.array_r.reshape(-1, 3)[mine].sum(axis=0))
expected = own.reaction(end(4.0))
difference = np.abs(force - expected).max() / np.abs(expected).max()
if bar.comm.rank == 0:
    print(f"pull {force[0]:.6f} N; difference from dmn_fe.fem.Problem {difference:.1e}")
assert 30.0 < force[0] < 60.0
assert difference < 1e-8
