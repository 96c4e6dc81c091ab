"""Load-factor control: the load is an unknown, so that limit points are passed.

A step prescribes how far the part moves, and finds the load that holds it there. Newton's method
for displacement u and load factor λ together takes two solutions with the tangent K an iteration,

    K δu_R = −R,   K δu_λ = −∂R/∂λ,   δu = δu_R + δλ δu_λ,

and δλ from the measure of the motion (Batoz & Dhatt, IJNME 14 (1979) 1262; the tangent plane of
the arc: Ramm, in Nonlinear Finite Element Analysis in Structural Mechanics (1981) 63).
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import ufl
from dolfinx import fem
from dolfinx.fem import petsc as fem_petsc
from petsc4py import PETSc

from dmn_fe.errors import InputError
from dmn_fe.fem._destroy import destroy_with
from dmn_fe.fem.part import Part
from dmn_fe.fem.problem import Problem, Solved
from dmn_fe.fem.report import StepReport

__all__ = ["ArcLength", "LoadFactor", "MeanDisplacement", "PathFollowing"]


class LoadFactor:
    """An amplitude whose value is an unknown of the problem, not a function of time.

    Attributes
    ----------
    value : float
    """

    def __init__(self, value: float = 0.0):
        self.value = value

    def __call__(self, t: float) -> float:
        """The present value."""
        return self.value


class MeanDisplacement:
    """Motion measured by the mean displacement of a surface group along a direction.

    Parameters
    ----------
    part : Part
    u : dolfinx.fem.Function
    group : str
    direction : sequence of float
        Of any length; the measure is the component along it.
    """

    def __init__(self, part: Part, u: fem.Function, group: str, direction):
        unit = np.asarray(direction, dtype=np.float64)
        if unit.shape != (part.mesh.geometry.dim,) or not np.linalg.norm(unit) > 0:
            raise InputError(
                f"the direction {direction} of {group!r} must have {part.mesh.geometry.dim} "
                "components, not all of them zero."
            )
        part.facets(group)
        ds = ufl.Measure("ds", domain=part.mesh, subdomain_data=part.facet_tags)
        ds = ds(part.facet_groups[group])
        one = fem.Constant(part.mesh, 1.0)
        area = part.mesh.comm.allreduce(fem.assemble_scalar(fem.form(one * ds)))
        if not area > 0:
            raise InputError(f"{part.source}: the surface {group!r} is empty or inside the part.")
        along = fem.Constant(part.mesh, unit / np.linalg.norm(unit) / area)
        v = ufl.TestFunction(u.function_space)
        self._vector = fem_petsc.assemble_vector(fem.form(ufl.inner(along, v) * ds))
        self._vector.ghostUpdate(addv=PETSc.InsertMode.ADD, mode=PETSc.ScatterMode.REVERSE)
        destroy_with(self, [self._vector])

    def of(self, change: PETSc.Vec) -> float:
        """The measure of a change of the displacement (collective)."""
        return float(self._vector.dot(change))

    def slope(self, change: PETSc.Vec, direction: PETSc.Vec) -> float:
        """Its derivative along a direction (collective)."""
        return float(self._vector.dot(direction))

    def predicted(self, last: PETSc.Vec, tangent: PETSc.Vec, rises: bool) -> float:
        """Change of the load factor per motion, from the displacements per load (collective)."""
        return 1.0 / self.slope(last, tangent)


class ArcLength:
    """Motion measured by the norm of the change of all displacements."""

    def of(self, change: PETSc.Vec) -> float:
        """The measure of a change of the displacement (collective)."""
        return float(change.norm())

    def slope(self, change: PETSc.Vec, direction: PETSc.Vec) -> float:
        """Its derivative along a direction (collective)."""
        return float(change.dot(direction) / change.norm())

    def predicted(self, last: PETSc.Vec, tangent: PETSc.Vec, rises: bool) -> float:
        """Change of the load factor per motion, in the direction of the last step (collective).

        Where there was none, the factor goes on to rise, or not.
        """
        along = last.dot(tangent) or (1.0 if rises else -1.0)
        return math.copysign(1.0 / tangent.norm(), along)


class PathFollowing:
    """Steps of a problem whose load factor is an unknown.

    Parameters
    ----------
    problem : Problem
        Whose loads, at least some, have the factor as their amplitude.
    factor : LoadFactor
    measure : MeanDisplacement or ArcLength
        Of the motion that a step prescribes.
    max_iterations : int

    Raises
    ------
    InputError
        If the problem is a periodic cell, whose mean strain can be prescribed past a limit point;
        in a step, if no load follows the factor.
    """

    def __init__(
        self,
        problem: Problem,
        factor: LoadFactor,
        measure: MeanDisplacement | ArcLength,
        max_iterations: int = 25,
    ):
        if problem.cell is not None:
            raise InputError("PathFollowing: prescribe the mean strain of a periodic cell instead.")
        self.problem, self.factor, self.measure = problem, factor, measure
        self._max_iterations = max_iterations
        self._tolerance = problem.snes.getTolerances()[0]
        like = problem.equilibrium.residual
        # Of the step, of the last step that was committed, and the solutions of an iteration.
        self._change, self._last = like.duplicate(), like.duplicate()
        self._correction, self._tangent = like.duplicate(), like.duplicate()
        self._x, self._right, self._old = like.duplicate(), like.duplicate(), like.duplicate()
        self._last.set(0.0)
        self._rises = True
        vectors = [self._change, self._last, self._correction, self._tangent]
        destroy_with(self, [*vectors, self._x, self._right, self._old])

    def step(self, t: float) -> StepReport:
        """Move by ``t − problem.time`` of the measure; commit if that converged (collective).

        Time is the motion itself: laws that depend on rates get it as their time. By arc length the
        first step goes where the load factor rises, and the others go on in their direction. If the
        step fails, displacement, state and factor are as before.

        Raises
        ------
        InputError, RuntimeError
            As :meth:`Problem.step`.
        """
        before, size = self.factor.value, t - self.problem.time
        report = self.problem.step(t, lambda: self._solve(t, size))
        if report.converged:
            self._rises = self.factor.value >= before
            self._change.copy(self._last)
        else:
            self.factor.value = before
        return report

    def notes(self) -> dict[str, float]:
        """What a checkpoint keeps of it: the load factor, and whether it has risen last."""
        return {"factor": self.factor.value, "rises": float(self._rises)}

    def restore(self, notes: Mapping[str, Any]) -> None:
        """Go on from the notes of a checkpoint, to which the problem was restored (collective)."""
        self.factor.value, self._rises = float(notes["factor"]), bool(notes["rises"])
        self._last.set(0.0)
        self.problem.loads.set(self.problem.time)

    def _solve(self, t: float, size: float) -> Solved:
        """Find displacement and load factor from the present ones."""
        equilibrium, u = self.problem.equilibrium, self.problem.u
        u.x.petsc_vec.copy(self._x)
        self._change.set(0.0)
        residuals: list[float] = []
        largest = 0.0
        for iteration in range(self._max_iterations + 1):
            equilibrium.assemble_residual(None, self._x, self._right)
            residuals.append(float(self._right.norm()))
            if iteration > 0 and residuals[-1] <= self._tolerance * largest:
                equilibrium.set_solution(self._x)
                return Solved(True, "the load factor was found", iteration, residuals)
            if equilibrium.error is not None or not math.isfinite(residuals[-1]):
                return Solved(False, "a law failed", iteration, residuals)
            equilibrium.assemble_tangent(None, self._x, equilibrium.matrix, None)
            largest = max(largest, self._solve_linear(t, size, first=iteration == 0))
            if not math.isfinite(largest):
                return Solved(False, "the tangent is singular", iteration, residuals)
        return Solved(False, "too many iterations", self._max_iterations, residuals)

    def _solve_linear(self, t: float, size: float, first: bool) -> float:
        """One iteration of Newton's method; gives the norm of the change of the load."""
        equilibrium, factor, measure = self.problem.equilibrium, self.factor, self.measure
        ksp = self.problem.snes.getKSP()
        ksp.setOperators(equilibrium.matrix)
        ksp.solve(self._right, self._correction)
        self._correction.scale(-1.0)
        # Loads are linear in the factor: a difference is their derivative.
        factor.value += 1.0
        self.problem.loads.apply(t)
        equilibrium.assemble_residual(None, self._x, self._old)
        factor.value -= 1.0
        self._right.axpy(-1.0, self._old)  # −∂R/∂λ
        load = float(self._right.norm())
        if not load > 0:
            raise InputError("PathFollowing: no load has the load factor as its amplitude.")
        ksp.solve(self._right, self._tangent)
        if first:
            change = size * measure.predicted(self._last, self._tangent, self._rises)
        else:
            moved = measure.of(self._change) + measure.slope(self._change, self._correction)
            change = (size - moved) / measure.slope(self._change, self._tangent)
        factor.value += change
        self._correction.axpy(change, self._tangent)
        self._change.axpy(1.0, self._correction)
        self._x.axpy(1.0, self._correction)
        self.problem.loads.apply(t)
        return load * abs(change)
