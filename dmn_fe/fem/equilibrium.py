"""Residual and tangent of equilibrium, assembled for a nonlinear solver."""

import time
from collections.abc import Sequence

import numpy as np
import ufl
from dolfinx import fem
from dolfinx.fem import petsc as fem_petsc
from mpi4py import MPI
from numpy.typing import NDArray
from petsc4py import PETSc

from dmn_fe.fem._destroy import destroy_with
from dmn_fe.fem.quadrature import QuadratureMap

__all__ = ["Equilibrium"]

# Residuals below this part of the largest nodal forces are round-off.
_ROUND_OFF = 1e-12


class Equilibrium:
    """∫ σ(ε(u)) : ε(v) dx less the external work of v, and its derivative in u.

    Parameters
    ----------
    qmap : QuadratureMap
        Laws at the quadrature points of the displacement.
    bcs : sequence of dolfinx.fem.DirichletBC
    external_work : UFL linear form, optional

    Attributes
    ----------
    u, qmap
        Displacement, and the laws.
    residual, matrix : petsc4py.PETSc.Vec, petsc4py.PETSc.Mat
        Where a solver has them assembled.
    dt : float
        Time step of the laws.
    largest_force : float
        Largest norm of the nodal forces so far, those of the supports included, of committed steps
        and at the start of a step: what is much smaller is round-off, even where a step loads
        nothing. Iterates do not count, they may be anywhere.
    seconds : float
        Time in the assembly on this rank, the laws excluded.
    error : Exception or None
        What a law raised while PETSc, which an exception must not cross, was at work: the residual
        is NaN then. For the caller to raise and to clear.
    has_tangent : bool
        False after a law gave a tangent that is not finite: the residual is NaN then.
    """

    def __init__(
        self,
        qmap: QuadratureMap,
        bcs: Sequence[fem.DirichletBC],
        external_work: ufl.Form | None = None,
    ):
        self.u, self.qmap, self._bcs = qmap.u, qmap, list(bcs)
        space, kinematics = qmap.u.function_space, qmap.kinematics
        v, du = (f(space) for f in (ufl.TestFunction, ufl.TrialFunction))
        virtual = kinematics.volume * kinematics.strain(v)
        residual = ufl.inner(qmap.stress, virtual) * qmap.dx
        if external_work is not None:
            residual -= external_work
        stiffness = ufl.dot(qmap.tangent, kinematics.strain(du))
        self._residual_form = fem.form(residual)
        self._tangent_form = fem.form(ufl.inner(stiffness, virtual) * qmap.dx)
        self.residual = self.u.x.petsc_vec.duplicate()
        self._work = self.residual.duplicate()
        self.matrix = fem_petsc.create_matrix(self._tangent_form)
        self.dt = self.seconds = self.largest_force = 0.0
        self.error: Exception | None = None
        self.has_tangent = True
        self._forces: list[float] = []  # norms of the nodal forces of the residuals of a step
        self._largest_u = self._stiffness = 0.0  # for what is round-off
        self.close = destroy_with(self, [self.matrix, self.residual, self._work])

    def begin(self, dt: float) -> None:
        """Before a step of this length from the present displacement (collective)."""
        self.dt, self.seconds, self.has_tangent, self._forces = dt, 0.0, True, []
        self._largest_u = _largest(self.u.x.petsc_vec)

    def commit(self) -> None:
        """After a step whose last residual is that of the solution."""
        self._take_force()

    def _take_force(self) -> None:
        if self._forces and np.isfinite(self._forces[-1]):
            self.largest_force = max(self.largest_force, self._forces[-1])

    @property
    def round_off(self) -> float:
        """Norm of a residual that is nothing but round-off: of the sums of nodal forces, and of the
        differences of displacements, which stiffnesses enlarge (a part that is nearly
        incompressible resists with small forces, but not to a change of volume)."""
        # Above zero: PETSc asks for less than the tolerance, and a step may load nothing at all.
        tiny, eps = float(np.finfo(np.float64).tiny), float(np.finfo(np.float64).eps)
        of_displacements = 2.0 * eps * self._stiffness * self._largest_u
        return max(tiny, _ROUND_OFF * self.largest_force, of_displacements)

    def set_solution(self, x: PETSc.Vec) -> None:
        """Copy a vector to the displacement, ghosts included (collective)."""
        x.copy(self.u.x.petsc_vec)
        self.u.x.scatter_forward()

    def assemble_residual(self, _, x: PETSc.Vec, b: PETSc.Vec) -> None:
        """Residual at x; of prescribed dofs their distance to the prescribed value (collective)."""
        start, micro = time.perf_counter(), self.qmap.seconds
        self.set_solution(x)
        lift = self._is_off_bcs()
        if not self._evaluate_laws(tangent=lift):
            b.set(np.nan)
            return
        _zero(b)
        fem_petsc.assemble_vector(b, self._residual_form)
        displacement = self.u.x.petsc_vec
        if lift:
            fem_petsc.apply_lifting(
                b, [self._tangent_form], bcs=[self._bcs], x0=[displacement], alpha=-1.0
            )
        b.ghostUpdate(addv=PETSc.InsertMode.ADD, mode=PETSc.ScatterMode.REVERSE)
        self._forces.append(b.norm())
        if len(self._forces) == 1:
            self._take_force()
        elif len(self._forces) == 2:  # of a linear estimate; later iterates may be anywhere
            self._largest_u = max(self._largest_u, _largest(displacement))
        fem_petsc.set_bc(b, self._bcs, x0=displacement, alpha=-1.0)
        self._count_seconds(start, micro)

    def assemble_tangent(self, _, x: PETSc.Vec, matrix: PETSc.Mat, __) -> None:
        """Derivative of the residual at x; of prescribed dofs one (collective).

        Where a law has none it is that of unit tangents, since PETSc would raise, hang or spoil its
        factors; the next residual is NaN.
        """
        start, micro = time.perf_counter(), self.qmap.seconds
        self.set_solution(x)
        matrix.zeroEntries()
        if not self._evaluate_laws(tangent=True):
            self.qmap.set_unit_tangent()
        fem_petsc.assemble_matrix(matrix, self._tangent_form, bcs=self._bcs)
        matrix.assemble()
        self._stiffness = matrix.norm(PETSc.NormType.FROBENIUS)
        self._count_seconds(start, micro)

    def insert_zeros(self) -> None:
        """Give the matrix its entries, all zero (collective): without them it has no pattern."""
        self.qmap.tangent.x.array[:] = 0.0
        fem_petsc.assemble_matrix(self.matrix, self._tangent_form, bcs=self._bcs)
        self.matrix.assemble()

    def _count_seconds(self, start: float, micro: float) -> None:
        self.seconds += time.perf_counter() - start - (self.qmap.seconds - micro)

    @property
    def is_usable(self) -> bool:
        """Whether no law has raised or given a tangent that is not finite; all ranks agree."""
        return self.error is None and self.has_tangent

    def _evaluate_laws(self, tangent: bool) -> bool:
        """Whether what the laws give can be used; all ranks agree."""
        if self.is_usable:
            try:
                if tangent:
                    self.qmap.update_tangent(self.dt)
                    self.has_tangent = self.qmap.has_finite_tangent()
                else:
                    self.qmap.update(self.dt)
            except Exception as error:  # the same on all ranks, see RaiseTogether
                self.error = error
        return self.is_usable

    def _is_off_bcs(self) -> bool:
        """Whether u differs from a prescribed value by more than round-off: lifting is not free."""
        _zero(self._work)
        fem_petsc.set_bc(self._work, self._bcs, x0=self.u.x.petsc_vec, alpha=-1.0)
        distance = self._work.norm(PETSc.NormType.NORM_INFINITY)
        largest = _largest(self.u.x.petsc_vec)
        # Agreed on explicitly: a maximum over NaN may differ between ranks.
        return self.qmap.comm.allreduce(bool(distance > 1e-14 * largest), MPI.LOR)

    def total_reaction(self) -> NDArray[np.float64]:
        """Internal less external forces ``[gdim]`` of all prescribed dofs (collective)."""
        prescribed = np.zeros(len(self._work.array_r), dtype=bool)
        for bc in self._bcs:
            dofs, owned = bc.dof_indices()
            prescribed[dofs[:owned]] = True
        forces = np.where(prescribed, self.unbalanced().array_r, 0.0)
        return self.qmap.comm.allreduce(
            forces.reshape(-1, self.u.function_space.dofmap.index_map_bs).sum(axis=0)
        )

    def unbalanced(self) -> PETSc.Vec:
        """Internal less external nodal forces (collective), until the next call of a method.

        Of the stress that the map holds now.
        """
        _zero(self._work)
        fem_petsc.assemble_vector(self._work, self._residual_form)
        self._work.ghostUpdate(addv=PETSc.InsertMode.ADD, mode=PETSc.ScatterMode.REVERSE)
        return self._work

    def reaction(self, facets: NDArray[np.int32]) -> NDArray[np.float64]:
        """Internal less external forces ``[gdim]`` of the dofs on facets of this rank (collective).

        Of the stress that the map holds now.
        """
        space = self.u.function_space
        fdim = space.mesh.topology.dim - 1
        forces = self.unbalanced().array_r.reshape(-1, space.dofmap.index_map_bs)
        space.mesh.topology.create_connectivity(fdim, fdim + 1)
        nodes = fem.locate_dofs_topological(space, fdim, facets)
        nodes = nodes[nodes < space.dofmap.index_map.size_local]
        return self.qmap.comm.allreduce(forces[nodes].sum(axis=0))


def _largest(vector: PETSc.Vec) -> float:
    """Largest entry (collective)."""
    return float(vector.norm(PETSc.NormType.NORM_INFINITY))


def _zero(vector: PETSc.Vec) -> None:
    """Set owned and ghost entries to zero."""
    with vector.localForm() as local:
        local.set(0.0)
