"""Newton's method for a periodic cell: its displacement and the free components of its mean strain.

The equilibrium of the whole mesh is asked for motions u = T z only, see
:class:`~dmn_fe.fem.periodic.motions.PeriodicMotions`: residual Tᵀ R and tangent Tᵀ K T. Entries of
the mean strain in a residual are volume times mean stress.
"""

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from petsc4py import PETSc

from dmn_fe.errors import InputError
from dmn_fe.fem._destroy import destroy_with
from dmn_fe.fem.conditions.periodic import Periodic
from dmn_fe.fem.equilibrium import Equilibrium
from dmn_fe.fem.linear_solver import choose_linear_solver
from dmn_fe.fem.newton import NewtonKind, snes_options
from dmn_fe.fem.periodic.motions import PeriodicMotions
from dmn_fe.fem.snes import Solved, make_snes, solve, weakly

__all__ = ["PeriodicCell"]

# A resultant below this part of the largest nodal forces is that of round-off and quadrature.
_BALANCED = 1e-6


class PeriodicCell:
    """Finds the displacement of a box that repeats itself; used like a Newton.

    The first iteration applies the prescribed mean strain with the tangent at the committed state,
    so that stiff regions are not strained like soft ones.

    Parameters
    ----------
    equilibrium : Equilibrium
        Without boundary conditions.
    periodic : Periodic
    kind, petsc_options, options_prefix
        As of :class:`~dmn_fe.fem.newton.Newton`; the linear solver is a direct one.

    Attributes
    ----------
    snes : petsc4py.PETSc.SNES
    linear_solver : str
        What solves the linear systems, in words.
    components : tuple of str
        Of mean strain and stress, such as "12", in the order of Mandel vectors.

    Raises
    ------
    InputError
        On all ranks, if the mesh is not periodic or the components do not fit it; in a step, if the
        forces on the cell do not balance each other.
    """

    def __init__(
        self,
        equilibrium: Equilibrium,
        periodic: Periodic,
        kind: NewtonKind = "full",
        petsc_options: Mapping[str, Any] | None = None,
        options_prefix: str = "dmn_fe_",
    ):
        qmap, space = equilibrium.qmap, equilibrium.u.function_space
        if qmap.kinematics.kind == "axisymmetric":
            raise InputError("periodic: an axisymmetric part is no periodic cell.")
        self._equilibrium, self._periodic, self.kind = equilibrium, periodic, kind
        self.components = periodic.components(space.mesh.geometry.dim)
        self._motions = PeriodicMotions(space, self.components)
        thickness = qmap.kinematics.volume if qmap.kinematics.kind != "3d" else 1.0
        shear = [1.0 if name[0] == name[1] else 2.0 for name in self.components]
        # What the entries of the mean strain in a residual are for each unit of mean stress.
        self._weight = float(np.prod(self._motions.size)) * float(thickness) * np.array(shear)
        self._is_driven = np.array([name in periodic.strain for name in self.components])
        strains = self._motions.strain_columns[self._is_driven]
        self._fixed = np.concatenate([self._motions.held_columns, strains]).astype(PETSc.IntType)

        chosen = choose_linear_solver(space, qmap.symmetric_tangent, direct=True)
        options, self.linear_solver = snes_options(kind, chosen, petsc_options, qmap.stress_error)
        equilibrium.insert_zeros()
        self._matrix = equilibrium.matrix.PtAP(self._motions.matrix)
        self._matrix.setOption(PETSc.Mat.Option.KEEP_NONZERO_PATTERN, True)
        if options.get("pc_type") == "gamg":
            self._motions.set_near_null_space(self._matrix)
        self._z, self._residual = self._matrix.createVecs()
        self._change = self._z.duplicate()
        self._u, self._force = (equilibrium.residual.duplicate() for _ in range(2))
        self._stress: NDArray[np.float64] = np.zeros(len(self.components))
        self._absolute_tolerance = 0.0
        self.snes, self._options = make_snes(qmap.comm, options_prefix, options)
        self.snes.setFunction(weakly(self._assemble_residual), self._residual)
        self.snes.setJacobian(weakly(self._assemble_tangent), self._matrix)
        self._tolerances = self.snes.getTolerances()
        mine = [self.snes, self._options, self._matrix, self._z, self._residual, self._change]
        self._destroy = destroy_with(self, [*mine, self._u, self._force])

    def close(self) -> None:
        """Destroy the PETSc objects (collective)."""
        self._destroy()
        self._motions.close()

    def solve(self, t: float) -> Solved:
        """From the present displacement, with the mean strain and stress of time t (collective)."""
        _, start = self._predict(t)
        if not np.isfinite(start):
            return Solved(False, "a law failed, or the tangent is singular", 0, [start])
        self._z.axpy(1.0, self._change)
        relative, absolute = self._tolerances[:2]
        self._absolute_tolerance = max(absolute, relative * start)
        solved = solve(self.snes, self._z)
        self._motions.matrix.mult(self._z, self._u)
        self._equilibrium.set_solution(self._u)
        return solved._replace(
            iterations=solved.iterations + 1, residuals=[start, *solved.residuals]
        )

    def _predict(self, t: float) -> tuple[float, float]:
        """Linear change towards the mean strain and stress of time t (collective).

        Gives the seconds of the linear solver, and the norm of the residual that it would balance;
        that is not finite where it fails.
        """
        periodic = self._periodic
        factor = t if periodic.amplitude is None else periodic.amplitude(t)
        strain = self._motions.unknowns(self._equilibrium.u.x.petsc_vec, self._z)
        aim = np.array([factor * periodic.strain.get(name, 0.0) for name in self.components])
        self._stress = np.array(
            [factor * periodic.stress.get(name, 0.0) for name in self.components]
        )
        ahead = self._z.duplicate()
        ahead.set(0.0)
        self._motions.add_to_strain_entries(ahead, np.where(self._is_driven, aim - strain, 0.0))
        self._assemble_residual(self.snes, self._z, self._residual)
        self._check_balance()
        self._residual.scale(-1.0)
        self._assemble_tangent(None, self._z, self._matrix, None, ahead, self._residual)
        norm, ksp = float(self._residual.norm()), self.snes.getKSP()
        start = time.perf_counter()
        if np.isfinite(norm) and self._equilibrium.is_usable:
            ksp.setOperators(self._matrix)
            ksp.solve(self._residual, self._change)
            if ksp.getConvergedReason() < 0:
                norm = np.nan
        ahead.destroy()
        return time.perf_counter() - start, norm

    def _check_balance(self) -> None:
        """Raise if the external forces of the last residual have a resultant (collective).

        Internal forces have none: nodes that move alike are not strained.
        """
        components = self._force.array_r.reshape(-1, len(self._motions.size))
        resultant = self._equilibrium.qmap.comm.allreduce(components.sum(axis=0))
        largest = np.abs(resultant).max()
        if largest > _BALANCED * self._equilibrium.largest_force:
            raise InputError(
                "periodic: the forces on a periodic cell must balance each other, but their "
                f"resultant is {', '.join(f'{-one:.4g}' for one in resultant)}; give pressures in "
                "closed holes only."
            )

    def first_change(self, t: float) -> tuple[PETSc.Vec, float]:
        """As of :class:`~dmn_fe.fem.newton.Newton` (collective)."""
        seconds, _ = self._predict(t)
        change = self._u.duplicate()
        self._motions.matrix.mult(self._change, change)
        return change, seconds

    def mean_strain(self) -> NDArray[np.float64]:
        """Of the present displacement, the tensor's components in their order (collective)."""
        return self._motions.unknowns(self._equilibrium.u.x.petsc_vec, self._z)

    def mean_stress(self) -> NDArray[np.float64]:
        """Of the last committed step, over the whole box with its holes (collective)."""
        self._motions.matrix.multTranspose(self._equilibrium.unbalanced(), self._change)
        return self._motions.strain_entries(self._change) / self._weight

    def _assemble_residual(self, snes: PETSc.SNES, z: PETSc.Vec, b: PETSc.Vec) -> None:
        self._motions.matrix.mult(z, self._u)
        self._equilibrium.assemble_residual(snes, self._u, self._force)
        self._motions.matrix.multTranspose(self._force, b)
        self._motions.add_to_strain_entries(b, -self._weight * self._stress)
        first, last = b.getOwnershipRange()
        own = self._fixed[(first <= self._fixed) & (self._fixed < last)]
        b.array[own - first] = 0.0
        snes.setTolerances(atol=max(self._absolute_tolerance, self._equilibrium.round_off))

    def _assemble_tangent(
        self,
        _,
        z: PETSc.Vec,
        matrix: PETSc.Mat,
        __,
        ahead: PETSc.Vec | None = None,
        b: PETSc.Vec | None = None,
    ) -> None:
        """Tᵀ K T with ones for fixed unknowns, whose change ``ahead`` goes to the right side."""
        self._motions.matrix.mult(z, self._u)
        self._equilibrium.assemble_tangent(None, self._u, self._equilibrium.matrix, None)
        self._equilibrium.matrix.PtAP(self._motions.matrix, result=matrix)
        matrix.zeroRowsColumns(self._fixed, 1.0, ahead, b)
