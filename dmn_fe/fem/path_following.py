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

from petsc4py import PETSc

from dmn_fe.errors import InputError
from dmn_fe.fem._destroy import destroy_with
from dmn_fe.fem.path_measures import ArcLength, MeanDisplacement
from dmn_fe.fem.problem import Problem, Solved
from dmn_fe.fem.report import StepReport

__all__ = ["LoadFactor", "PathFollowing"]

# Iterations after which GMRES begins anew; near a limit point it needs many.
_RESTART = 100
_REASONS = {
    value: name
    for name, value in vars(PETSc.KSP.ConvergedReason).items()
    if isinstance(value, int) and value < 0
}


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


class PathFollowing:
    """Steps of a problem whose load factor is an unknown.

    Parameters
    ----------
    problem : Problem
        Whose loads, at least some, have the factor as their amplitude.
    factor : LoadFactor
    measure : MeanDisplacement or ArcLength
        Of the motion that a step prescribes.
    max_iterations : int, optional
        ``snes_max_it`` of the problem if left out.

    Notes
    -----
    Tolerances are ``snes_rtol`` and ``snes_atol`` of the problem. Its linear solver is taken as
    well, but GMRES in place of CG: past a limit point tangents are not positive definite.

    Raises
    ------
    InputError
        If the problem is a periodic cell, whose mean strain can be prescribed past a limit point;
        in a step, if no load follows the factor, or none moves what is measured.
    """

    def __init__(
        self,
        problem: Problem,
        factor: LoadFactor,
        measure: MeanDisplacement | ArcLength,
        max_iterations: int | None = None,
    ):
        if problem.cell is not None:
            raise InputError("PathFollowing: prescribe the mean strain of a periodic cell instead.")
        if problem.newton.kind != "full":
            raise InputError("PathFollowing: takes newton = 'full' only; leave 'modified' out.")
        self.problem, self.factor, self.measure = problem, factor, measure
        self._relative, self._absolute, _, given = problem.snes.getTolerances()
        self._max_iterations = given if max_iterations is None else max_iterations
        ksp = problem.snes.getKSP()
        if ksp.getType() == PETSc.KSP.Type.CG:
            ksp.setType(PETSc.KSP.Type.GMRES)
            ksp.setGMRESRestart(_RESTART)
            problem.linear_solver = problem.linear_solver.replace("CG with", "GMRES with")
        like = problem.equilibrium.residual
        # Of the step, of the last step that was committed, and the solutions of an iteration.
        self._change, self._last = like.duplicate(), like.duplicate()
        self._correction, self._tangent = like.duplicate(), like.duplicate()
        self._x, self._right, self._old = like.duplicate(), like.duplicate(), like.duplicate()
        self._last.set(0.0)
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
        try:
            report = self.problem.step(t, lambda: self._solve(t, size))
        except BaseException:
            self.factor.value = before
            raise
        if report.converged:
            self._change.copy(self._last)
        else:
            self.factor.value = before
        return report

    def notes(self) -> dict[str, Any]:
        """What a checkpoint keeps of it: what is measured, the load factor, and the change of the
        displacement in the last step, which tells where the path goes on (collective)."""
        self._last.ghostUpdate(addv=PETSc.InsertMode.INSERT, mode=PETSc.ScatterMode.FORWARD)
        with self._last.localForm() as local:
            last = local.array_r.copy()
        return {"run": self.measure.name, "factor": self.factor.value, "last_change": last}

    def restore(self, notes: Mapping[str, Any]) -> None:
        """Go on from the notes of a checkpoint, to which the problem was restored (collective).

        Raises
        ------
        InputError
            If they are not of a path, or of one with another measure.
        """
        if notes.get("run") != self.measure.name:
            raise InputError(
                f"the checkpoint is of a run by {notes.get('run', 'time')}, this one goes by "
                f"{self.measure.name}; restart it as it was begun."
            )
        self.factor.value = float(notes["factor"])
        with self._last.localForm() as local:
            local.array[:] = notes["last_change"]
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
            enough = max(self._absolute, self._relative * largest)
            if iteration > 0 and residuals[-1] <= enough:
                equilibrium.set_solution(self._x)
                return Solved(True, "the load factor was found", iteration, residuals)
            if equilibrium.error is not None or not math.isfinite(residuals[-1]):
                return Solved(False, "a law failed", iteration, residuals)
            equilibrium.assemble_tangent(None, self._x, equilibrium.matrix, None)
            load = self._solve_linear(t, size, first=iteration == 0)
            reason = self.problem.snes.getKSP().getConvergedReason()
            if reason < 0:
                sentence = f"the linear solver failed: {_REASONS.get(reason, reason)}"
                return Solved(False, sentence, iteration, residuals)
            if not math.isfinite(load):
                return Solved(False, "the tangent is singular", iteration, residuals)
            largest = max(largest, load)
        return Solved(False, "too many iterations", self._max_iterations, residuals)

    def _solve_linear(self, t: float, size: float, first: bool) -> float:
        """One iteration of Newton's method; gives the norm of the change of the load.

        It ends with the first linear system that cannot be solved.
        """
        equilibrium, factor, measure = self.problem.equilibrium, self.factor, self.measure
        ksp = self.problem.snes.getKSP()
        ksp.setOperators(equilibrium.matrix)
        ksp.solve(self._right, self._correction)
        if ksp.getConvergedReason() < 0:
            return math.nan
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
        if ksp.getConvergedReason() < 0:
            return math.nan
        if first:
            change = size * measure.predicted(self._last, self._tangent)
        else:
            moved = measure.of(self._change) + measure.slope(self._change, self._correction)
            slope = measure.slope(self._change, self._tangent)
            change = (size - moved) / slope if slope != 0.0 else math.nan
        factor.value += change
        self._correction.axpy(change, self._tangent)
        self._change.axpy(1.0, self._correction)
        self._x.axpy(1.0, self._correction)
        self.problem.loads.apply(t)
        return load * abs(change)
