"""Periodic fluctuations on a mesh: strain, balance of forces, direct solves, condensation."""

import numpy as np
import ufl
from dolfinx import fem
from dolfinx.fem import petsc as fem_petsc
from mpi4py import MPI
from numpy.typing import NDArray
from petsc4py import PETSc

from dmn_fe.collective import RaiseTogether
from dmn_fe.errors import InputError
from dmn_fe.fem._destroy import destroy_with
from dmn_fe.fem.kinematics import mandel_strain
from dmn_fe.fem.points import QuadratureFields, full_quadrature_degree
from dmn_fe.fem.rve.direct_solver import DirectSolver, SingularMatrix
from dmn_fe.fem.rve.mesh import DistributedRVE
from dmn_fe.fem.rve.periodic import import_dolfinx_mpc, periodic_constraint

__all__ = ["PeriodicSystem"]

# Of nodal forces that cancel, relative to those that the stress makes.
_ROUND_OFF = 1e-10


class PeriodicSystem:
    """Discrete periodic displacement fluctuations w of an RVE; the strain is E + sym(∇w).

    On a plane mesh w has three components that do not depend on x3, as in a body that is constant
    along e3: plane strain and antiplane shear.

    Displacements are arrays ``[dofs]`` of all dofs of this rank, forces ``[owned dofs]``; values at
    the n quadrature points of this rank are ordered as in :class:`QuadratureFields`.

    Parameters
    ----------
    rve : DistributedRVE
        The mesh.
    degree : int
        Degree of the displacement, 1 or 2.
    quadrature_degree : int, optional
        Polynomial degree that the quadrature rule integrates exactly; by default the lowest that
        leaves no deformation without energy.

    Attributes
    ----------
    fraction : array ``[n]``
        Share of each point in the volume of the RVE.
    force_of_stress : float
        Norm of the nodal forces, also those on the boundary, that a uniform stress of norm 1 makes.
    """

    def __init__(self, rve: DistributedRVE, degree: int, quadrature_degree: int | None):
        domain = rve.mesh
        self.rve, self.degree, self.comm = rve, degree, domain.comm
        if degree not in (1, 2):
            raise InputError(f"the displacement has the degree {degree}; take 1 or 2.")
        space = fem.functionspace(domain, ("Lagrange", degree, (3,)))
        if quadrature_degree is None:
            quadrature_degree = full_quadrature_degree(domain.topology.cell_name(), degree)
        self.fields = QuadratureFields(domain, quadrature_degree)
        volume = self._volumes()
        self.fraction = volume / self.comm.allreduce(float(volume.sum()))
        self._mpc = import_dolfinx_mpc()
        self._constraint, self._pinned = periodic_constraint(space, rve.corner, rve.size)
        self._w = fem.Function(self._constraint.function_space)
        self.dofmap = space.dofmap.list[: len(self.fields.cells)]
        self._strain = self.fields.expression(mandel_strain(self._w))
        trial, test = (mandel_strain(f(space)) for f in (ufl.TrialFunction, ufl.TestFunction))
        dx = self.fields.dx
        self._force_form = fem.form(ufl.inner(self.fields.stress, test) * dx)
        self._matrix_form = fem.form(ufl.inner(ufl.dot(self.fields.tangent, trial), test) * dx)
        self._b = self._w.x.petsc_vec.duplicate()
        self._matrix = self._mpc.assemble_matrix(
            self._matrix_form, self._constraint, bcs=[self._pinned]
        )
        self._solver = DirectSolver(self._matrix)
        destroy_with(self, [self._matrix, self._b])
        self.force_of_stress = self._force_of_unit_stress()

    def _volumes(self) -> NDArray[np.float64]:
        """Volume ``[n]`` of each quadrature point; the cells must fill the box once."""
        jacobian = self.fields.expression(ufl.JacobianDeterminant(self.rve.mesh))
        determinant = self.fields.evaluate(jacobian, 1)
        exact = fem.assemble_scalar(
            fem.form(fem.Constant(self.rve.mesh, 1.0) * ufl.dx(domain=self.rve.mesh))
        )
        total, box = self.comm.allreduce(exact), float(np.prod(self.rve.size))
        determinant = determinant.reshape(-1, self.fields.points_per_cell)
        with RaiseTogether(self.comm):
            same_sign = np.abs(np.sign(determinant).sum(1)) == self.fields.points_per_cell
            if not same_sign.all():
                cell = self.rve.original_cell[np.flatnonzero(~same_sign)[0]]
                raise InputError(f"cell {cell} of the mesh is turned inside out; mend the mesh.")
            if abs(total / box - 1.0) > 1e-6:
                raise InputError(
                    f"the cells of the mesh fill {total / box:.6g} of the box around them; they "
                    "must fill all of it once: mesh pores as a soft phase, and a box with its "
                    "edges along e1, e2, e3."
                )
        return (np.abs(determinant) * self.fields.weights).reshape(-1)

    def _force_of_unit_stress(self) -> float:
        square = 0.0
        for unit in np.eye(6):
            self.fields.stress_values[:] = unit
            force = fem_petsc.assemble_vector(self._force_form)
            force.ghostUpdate(addv=PETSc.InsertMode.ADD, mode=PETSc.ScatterMode.REVERSE)
            square += force.norm() ** 2 / 6.0
            force.destroy()
        return float(np.sqrt(square))

    def average(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Volume average ``[…]`` of values ``[n, …]`` at the points (collective)."""
        return self.comm.allreduce(np.tensordot(self.fraction, values, axes=1))

    def magnitude(self, stress: NDArray[np.float64]) -> float:
        """Root mean square of a stress ``[n, 6]`` (collective)."""
        return float(np.sqrt(self.average(np.square(stress).sum(1))))

    def strain(self, displacement: NDArray[np.float64]) -> NDArray[np.float64]:
        """Strain ``[n, 6]`` of a fluctuation."""
        self._w.x.array[:] = displacement
        return self.fields.evaluate(self._strain, 6)

    def zero(self) -> NDArray[np.float64]:
        """The displacement zero."""
        return np.zeros_like(self._w.x.array)

    def per_cell(self, displacement: NDArray[np.float64]) -> NDArray[np.float64]:
        """Displacement ``[owned cells, nodes, 3]`` of the nodes of each cell."""
        return displacement.reshape(-1, 3)[self.dofmap]

    def from_cells(self, displacement: NDArray[np.float64]) -> NDArray[np.float64]:
        """The inverse of :meth:`per_cell` (collective)."""
        self._w.x.array[:] = 0.0
        self._w.x.array.reshape(-1, 3)[self.dofmap] = displacement
        return self._periodic()

    def _periodic(self) -> NDArray[np.float64]:
        """The displacement in ``_w`` with ghosts and images set from the nodes they follow."""
        self._w.x.scatter_forward()
        self._constraint.backsubstitution(self._w)
        return self._w.x.array.copy()

    def force(self, stress: NDArray[np.float64]) -> NDArray[np.float64]:
        """Nodal forces ``[owned dofs]`` of a stress ``[n, 6]``, zero in balance (collective)."""
        self.fields.stress_values[:] = stress
        self._mpc.assemble_vector(self._force_form, self._constraint, self._b)
        self._b.ghostUpdate(addv=PETSc.InsertMode.ADD, mode=PETSc.ScatterMode.REVERSE)
        fem_petsc.set_bc(self._b, [self._pinned])
        return self._b.array_r.copy()

    def norm(self, force: NDArray[np.float64]) -> float:
        """Euclidean norm over all ranks (collective)."""
        return float(np.sqrt(self.comm.allreduce(float(force @ force))))

    def linearise(self, tangent: NDArray[np.float64]) -> None:
        """Assemble the matrix of a tangent ``[n, 6, 6]`` (collective).

        Raises
        ------
        SingularMatrix
            If the tangent is not finite.
        """
        if not self.comm.allreduce(bool(np.isfinite(tangent).all()), MPI.LAND):
            raise SingularMatrix("the tangent of a law is not finite")
        self.fields.tangent_values[:] = tangent
        self._mpc.assemble_matrix(
            self._matrix_form, self._constraint, bcs=[self._pinned], A=self._matrix
        )

    def balancing(self, stress: NDArray[np.float64]) -> NDArray[np.float64]:
        """Displacement whose stress, by the tangents of :meth:`linearise`, balances ``stress``.

        Raises
        ------
        SingularMatrix
            If the matrix does not determine it (collective).
        """
        force = self.force(stress)
        negligible = _ROUND_OFF * self.force_of_stress * self.magnitude(stress)
        self._w.x.array[: len(force)] = self._solver.solve(-force, negligible)
        return self._periodic()

    def homogenise(self, tangent: NDArray[np.float64]) -> NDArray[np.float64]:
        """Macroscopic tangent ``[6, 6]`` of local tangents ``[n, 6, 6]`` (collective).

        Column j is the average stress ``<C (e_j + sym ∇w_j)>`` where w_j balances the unit strain
        e_j: the static condensation ``<C> − Lᵀ K⁻¹ L / V`` without its assumption of symmetry.

        Raises
        ------
        SingularMatrix
            As :meth:`linearise` and :meth:`balancing`.
        """
        self.linearise(tangent)
        return np.stack([self.response(tangent, unit)[0] for unit in np.eye(6)], axis=1)

    def response(
        self, tangent: NDArray[np.float64], macro: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Average stress ``[6]`` and fluctuation of a macroscopic strain ``[6]`` (collective)."""
        displacement = self.balancing(tangent @ macro)
        local = self.strain(displacement) + macro
        return self.average(np.einsum("nij,nj->ni", tangent, local)), displacement
