# # A network as a material of dolfinx_materials
#
# [dolfinx_materials](https://github.com/bleyerj/dolfinx_materials) brings laws of MFront, JAX and
# Python to DOLFINx: a `Material` holds the law and its state, a `QuadratureMap` puts it into forms.
# Here a network becomes such a `Material`, for a script that is built on that package.
#
# It runs under MPI too: `mpirun -n 2 python demos/dolfinx_materials_law.py`.

import sys
from pathlib import Path

import numpy as np
import ufl
from dolfinx import fem, mesh
from dolfinx.fem import petsc
from mpi4py import MPI
from petsc4py import PETSc
from torch import from_numpy

import dmn_fe.fem
from dmn_fe import laws

try:
    from dolfinx_materials.generic import Material
    from dolfinx_materials.quadrature_map import QuadratureMap
    from dolfinx_materials.utils import symmetric_gradient
except ImportError:
    sys.exit(
        "This demo needs dolfinx_materials 0.4, made for DOLFINx 0.10; what it uses fits 0.9 and "
        "0.11 too: pip install --no-deps git+https://github.com/bleyerj/dolfinx_materials"
    )

# ## The material
#
# `QuadratureMap` gives total strains and takes stresses, state variables and tangents. Three things
# are different from a law of `dmn_fe`:
#
# - **Order.** Both have √2 on the shears, but the order there is 11, 22, 33, 12, 13, 23: the first
#   and the last shear change places.
# - **State.** It begins at zero in the quadrature functions of the map; so it is kept here as the
#   difference from the virgin state of the law. `data_manager.s0` is the committed state, `s1` the
#   trial one; `QuadratureMap.advance` commits.
# - **Time.** The map never passes a time step on; set `dt` of the material before each step.

ORDER = [0, 1, 2, 5, 4, 3]  # and back


class LawMaterial(Material):
    """A law of `dmn_fe` as a material of `dolfinx_materials`."""

    def __init__(self, law: laws.MaterialLaw, comm: MPI.Comm):
        super().__init__()
        self.law, self.comm, self.dt = law, comm, 0.0
        self.virgin = law.initial_state(1)

    @property
    def internal_state_variables(self) -> dict[str, int]:
        """One variable with all numbers of the law's state."""
        return {"State": self.law.state_size}

    def integrate(self, gradients: np.ndarray, dt: float = 0.0):
        """Stress [n, 6], state and tangent [n, 6, 6] of strains [n, 6]; the trial state is kept."""
        strain = from_numpy(gradients[:, ORDER])
        committed = self.virgin + from_numpy(self.data_manager.s0.internal_state_variables)
        update = self.law.integrate(strain, committed, self.dt)
        failed = self.comm.allreduce(int((update.status != laws.Status.CONVERGED).sum()))
        if failed:  # all that this interface can do about it; on all ranks, or some would wait
            raise RuntimeError(f"the law failed at {failed} points; take a smaller step")
        tangent = update.tangent.numpy()[:, ORDER][:, :, ORDER]
        stress = update.stress.numpy()[:, ORDER]
        state = (update.state - self.virgin).numpy()
        self.data_manager.s1.set_item({"Strain": gradients, "Stress": stress, "State": state})
        return stress, state, tangent


# The network that ships with the project, 30 % spheres, with MPa as the unit:

network = dmn_fe.load(Path(__file__).with_name("spheres.dmn"))
matrix = laws.J2(3000.0, 0.37, laws.VoceHardening(35.0, 25.0, 80.0, 60.0))
glass = laws.Elastic.isotropic(72000.0, 0.22)
law = dmn_fe.NetworkLaw(network, {"matrix": matrix, "inclusion": glass})

# ## One point
#
# Six different components give the same stress tensor in both orders. (The network is not quite
# isotropic: with the shears at the wrong places the stress would be another.)

tensor = 0.01 * np.array([[2.0, 0.7, -0.4], [0.7, -1.0, 0.3], [-0.4, 0.3, 0.1]])
strain = dmn_fe.mandel.from_tensor(from_numpy(tensor[None]))
expected = dmn_fe.mandel.to_tensor(law.integrate(strain, law.initial_state(1)).stress).numpy()[0]
point = LawMaterial(law, MPI.COMM_SELF)
point.set_data_manager(1)
places = [0, 1, 2, 0, 0, 1], [0, 1, 2, 1, 2, 2]
root = np.sqrt([1.0, 1.0, 1.0, 2.0, 2.0, 2.0])
found, _, _ = point.integrate(root * tensor[places][None])
assert np.abs(found[0] - root * expected[places]).max() < 1e-12 * np.abs(expected).max()

# ## A bar
#
# Clamped at one end, twisted and pulled at the other.

bar = mesh.create_box(MPI.COMM_WORLD, [[0.0, 0.0, 0.0], [4.0, 1.0, 1.0]], [4, 1, 1])
space = fem.functionspace(bar, ("Lagrange", 2, (3,)))
moved = fem.Function(space)


def end(x: float) -> np.ndarray:
    """Facets of the end at `x`."""
    return mesh.locate_entities_boundary(bar, 2, lambda points: np.isclose(points[0], x))


def motion(t: float):
    """Prescribed displacement of the free end at time t, as a function of the place."""
    turn, out = 0.06 * t, 0.04 * t
    return lambda x: np.array([0.0 * x[0] + out, -turn * (x[2] - 0.5), turn * (x[1] - 0.5)])


dofs = {x: fem.locate_dofs_topological(space, 2, end(x)) for x in (0.0, 4.0)}
bcs = [fem.dirichletbc(np.zeros(3), dofs[0.0], space), fem.dirichletbc(moved, dofs[4.0])]

# ## The forms
#
# Without `cells` the map would evaluate the cells of other ranks as well.

u, v, du = fem.Function(space), ufl.TestFunction(space), ufl.TrialFunction(space)
owned = np.arange(bar.topology.index_map(3).size_local, dtype=np.int32)
material = LawMaterial(law, bar.comm)
qmap = QuadratureMap(bar, 2, material, cells=owned)
qmap.register_gradient("Strain", symmetric_gradient(ufl.grad(u)))
residual = ufl.inner(qmap.fluxes["Stress"], symmetric_gradient(ufl.grad(v))) * qmap.dx
F, J = fem.form(residual), fem.form(qmap.derivative(residual, u, du))

# ## Newton
#
# `NonlinearMaterialProblem` of that package needs DOLFINx 0.10, and commits a step also when it did
# not converge. A few lines on PETSc's SNES do without it.

x, b = u.x.petsc_vec.duplicate(), u.x.petsc_vec.duplicate()


def assemble_residual(snes: PETSc.SNES, x: PETSc.Vec, b: PETSc.Vec) -> None:
    """Out-of-balance forces at x; of prescribed dofs their distance to the prescribed value."""
    x.copy(u.x.petsc_vec)
    u.x.scatter_forward()
    qmap.update()
    with b.localForm() as local:
        local.set(0.0)
    petsc.assemble_vector(b, F)
    petsc.apply_lifting(b, [J], bcs=[bcs], x0=[u.x.petsc_vec], alpha=-1.0)
    b.ghostUpdate(addv=PETSc.InsertMode.ADD, mode=PETSc.ScatterMode.REVERSE)
    petsc.set_bc(b, bcs, x0=u.x.petsc_vec, alpha=-1.0)


def assemble_tangent(snes: PETSc.SNES, x: PETSc.Vec, A: PETSc.Mat, P: PETSc.Mat) -> None:
    """Its derivative, with the tangents of the residual at the same x before."""
    A.zeroEntries()
    petsc.assemble_matrix(A, J, bcs=bcs)
    A.assemble()


snes = PETSc.SNES().create(bar.comm)
snes.setFunction(assemble_residual, b)
snes.setJacobian(assemble_tangent, petsc.create_matrix(J))
snes.setOptionsPrefix("bar_")
options = PETSc.Options("bar_")
options["snes_rtol"], options["snes_stol"] = 1e-10, 0.0
options["snes_linesearch_type"] = "basic"
options["ksp_type"], options["pc_type"] = "preonly", "lu"
options["pc_factor_mat_solver_type"] = "mumps"
snes.setFromOptions()

# ## Steps
#
# Beside it, the same bar with the classes of `dmn_fe`.

own_map = dmn_fe.fem.QuadratureMap(own_u := fem.Function(space), law, degree=2)
own = dmn_fe.fem.Problem(own_u, own_map, bcs, {moved: motion}, petsc_options={"snes_rtol": 1e-10})
for t in (0.25, 0.5, 0.75, 1.0):
    moved.interpolate(motion(t))
    material.dt = t - own.time
    u.x.petsc_vec.copy(x)
    snes.solve(None, x)
    assert snes.getConvergedReason() > 0
    assemble_residual(snes, x, b)  # what is committed is of the accepted iterate
    qmap.advance()
    assert own.step(t).converged

# The pull at the moved end, from the residual without its conditions:

forces = petsc.assemble_vector(F)
forces.ghostUpdate(addv=PETSc.InsertMode.ADD, mode=PETSc.ScatterMode.REVERSE)
mine = dofs[4.0][dofs[4.0] < space.dofmap.index_map.size_local]
force = bar.comm.allreduce(forces.array_r.reshape(-1, 3)[mine].sum(axis=0))
expected = own.reaction(end(4.0))
difference = np.abs(force - expected).max() / np.abs(expected).max()
if bar.comm.rank == 0:
    print(f"pull {force[0]:.6f} N; difference from dmn_fe.fem.Problem {difference:.1e}")
assert 30.0 < force[0] < 60.0
assert difference < 1e-8
