"""Quasi-static equilibrium over load steps, by Newton's method in PETSc SNES."""

import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import ufl
from dolfinx import fem
from mpi4py import MPI
from numpy.typing import NDArray
from petsc4py import PETSc
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.fem._destroy import destroy_with
from dmn_fe.fem.conditions.loads import Loads
from dmn_fe.fem.equilibrium import Equilibrium
from dmn_fe.fem.linear_solver import choose_linear_solver, set_near_null_space
from dmn_fe.fem.quadrature import QuadratureMap
from dmn_fe.fem.report import StepReport
from dmn_fe.fem.snes import make_snes, reason_name, weakly

__all__ = ["Problem", "Solved"]

_log = logging.getLogger(__name__)
# Residuals below this part of the largest nodal forces are round-off.
_ROUND_OFF = 1e-12


class Solved(NamedTuple):
    """How a search for equilibrium went: whether it was found, the outcome in words, iterations,
    and norms of the residual at the start and after each iteration."""

    converged: bool
    reason: str
    iterations: int
    residuals: list[float]


class Problem:
    """Find u with ∫ σ(ε(u)) : ε(v) dx = external work of v, step by step in time.

    Dirichlet values enter the residual by lifting: the first Newton iteration of a step predicts
    the interior with the tangent at the committed state and strain. Of an elastoplastic point on
    its yield surface that is the elastic tangent, the one of unloading.

    Parameters
    ----------
    u : dolfinx.fem.Function
        Displacement; holds the solution.
    qmap : QuadratureMap
        Laws at the quadrature points of ``u``.
    bcs : sequence of dolfinx.fem.DirichletBC
        Supports and prescribed displacements.
    loads : mapping, optional
        Constants or functions in ``bcs`` and ``external_work`` to callables of time,
        see :class:`~dmn_fe.fem.conditions.loads.Loads`.
    external_work : UFL linear form, optional
        Work of tractions and body forces on ``ufl.TestFunction(u.function_space)``.
    petsc_options : mapping, optional
        PETSc options without prefix, such as ``{"snes_rtol": 1e-10, "ksp_type": "cg"}``. Default:
        Newton with a line search (cp), relative tolerance 1e-8, 25 iterations, and the linear
        solver of :func:`~dmn_fe.fem.linear_solver.choose_linear_solver`.
    options_prefix : str
        Prefix of the options, also for the PETSc command line.
    time : float
        Time of the initial state.
    newton : str
        ``"full"``, with a new tangent in every iteration, or ``"modified"``, with that of the first
        one of a step: more iterations, each without assembling and factorising a matrix.

    Attributes
    ----------
    linear_solver : str
        What solves the linear systems, in words.
    snes : petsc4py.PETSc.SNES
        The nonlinear solver, e.g. for a monitor.
    time : float
        Time of the last committed step.
    steps : int
        Number of committed steps.

    Notes
    -----
    PETSc objects must be destroyed in the same order on all ranks. That happens when the last
    reference to the problem goes, at exit, or in :meth:`close`.
    """

    def __init__(
        self,
        u: fem.Function,
        qmap: QuadratureMap,
        bcs: Sequence[fem.DirichletBC],
        loads: Mapping[Any, Callable[[float], Any]] | None = None,
        external_work: ufl.Form | None = None,
        petsc_options: Mapping[str, Any] | None = None,
        options_prefix: str = "dmn_fe_",
        time: float = 0.0,
        newton: Literal["full", "modified"] = "full",
    ):
        if qmap.u is not u:
            raise InputError("Problem: qmap belongs to another displacement; build it with this u.")
        self.u, self.qmap, self.bcs = u, qmap, list(bcs)
        self.time, self.steps = time, 0
        self._comm = qmap.comm
        self.loads = Loads(loads or {}, self._comm)
        self.equilibrium = Equilibrium(qmap, self.bcs, external_work)
        matrix = self.equilibrium.matrix
        set_near_null_space(matrix, u.function_space, qmap.kinematics.kind)
        options, self.linear_solver = choose_linear_solver(u.function_space, qmap.symmetric_tangent)
        given = dict(petsc_options or {})
        if given.keys() & {"ksp_type", "pc_type"}:
            options, self.linear_solver = {}, "as the PETSc options say"
        self.snes = make_snes(
            self._comm, options_prefix, {**_newton_options(newton), **options, **given}
        )
        self.snes.setFunction(weakly(self._assemble_residual), self.equilibrium.residual)
        self.snes.setJacobian(weakly(self.equilibrium.assemble_tangent), matrix)
        self._x = u.x.petsc_vec.duplicate()
        self._absolute_tolerance = self.snes.getTolerances()[1]
        self._finalizer = destroy_with(self, [self.snes, self._x])

    def close(self) -> None:
        """Destroy the PETSc objects (collective); the problem cannot be used afterwards."""
        self._finalizer()
        self.equilibrium.close()

    def step(self, t: float, solve: Callable[[], Solved] | None = None) -> StepReport:
        """Set the loads of ``t``, solve, commit if and only if all ranks converged (collective).

        Otherwise displacement, committed state and loads are bitwise what they were before, and
        the report says why: look at ``report.converged``.

        Parameters
        ----------
        t : float
            Time at the end of the step.
        solve : callable, optional
            What finds equilibrium from the present ``u``, in place of SNES, such as that of
            :class:`~dmn_fe.fem.path_following.PathFollowing`; it leaves the solution in ``u``.

        Raises
        ------
        InputError
            On every rank and before solving, for a time that does not advance or a load value that
            is not finite.
        RuntimeError
            On every rank, when a law raised on one of them.
        """
        if not (math.isfinite(t) and t > self.time):
            raise InputError(f"Problem.step: t = {t} must be a time later than {self.time}.")
        self.loads.set(t)
        self.equilibrium.dt = t - self.time
        before = self.u.x.array.copy()
        self.qmap.reset()
        self.equilibrium.seconds, self.equilibrium.has_tangent = 0.0, True
        start = time.perf_counter()
        try:
            solved = (solve or self._solve)()
            self._raise_error()
            report = self._report(t, solved, time.perf_counter() - start)
            if report.converged:
                # Of the accepted iterate, whatever was tried last.
                self.qmap.update(self.equilibrium.dt)
                self.qmap.commit()
                self.time, self.steps = t, self.steps + 1
                return report
        except BaseException:
            self._undo(before)
            raise
        self._undo(before)
        if self._comm.rank == 0:
            _log.info("step %d to t = %g failed: %s", report.step, t, report.reason)
        return report

    def _solve(self) -> Solved:
        """Run SNES from the present ``u``."""
        snes = self.snes
        max_it = snes.getTolerances()[3]
        self.u.x.petsc_vec.copy(self._x)
        snes.setConvergenceHistory(length=max_it + 1, reset=True)
        snes.solve(None, self._x)
        self.equilibrium.set_solution(self._x)
        residuals = [float(norm) for norm in snes.getConvergenceHistory()[0]]
        reason = snes.getConvergedReason()
        return Solved(reason > 0, reason_name(reason), snes.getIterationNumber(), residuals)

    def _raise_error(self) -> None:
        """Raise what a law raised while PETSc was at work."""
        error, self.equilibrium.error = self.equilibrium.error, None
        if error is not None:
            try:
                raise error
            finally:
                del error  # see RaiseTogether

    def _assemble_residual(self, snes: PETSc.SNES, x: PETSc.Vec, b: PETSc.Vec) -> None:
        self.equilibrium.assemble_residual(snes, x, b)
        # Above zero: PETSc asks for less than the tolerance, and a step may load nothing at all.
        smallest = float(np.finfo(np.float64).tiny)
        round_off = _ROUND_OFF * self.equilibrium.largest_force
        snes.setTolerances(atol=max(self._absolute_tolerance, smallest, round_off))

    def _report(self, t: float, solved: Solved, seconds: float) -> StepReport:
        sentence = solved.reason
        if not solved.converged:
            failure = self.qmap.first_failure()
            sentence += f"; {failure}" if failure else ""
        work = self.qmap.statistics()
        assembly = self._comm.allreduce(self.equilibrium.seconds, MPI.MAX)
        return StepReport(
            step=self.steps + 1,
            time=t,
            size=t - self.time,
            converged=solved.converged,
            reason=sentence,
            iterations=solved.iterations,
            residuals=solved.residuals,
            micro_iterations_max=work.iterations_max,
            micro_iterations_mean=work.iterations_mean,
            seconds_micro=work.seconds,
            imbalance=work.seconds / work.seconds_mean if work.seconds_mean > 0 else 1.0,
            seconds_assembly=assembly,
            seconds_solve=max(0.0, seconds - work.seconds - assembly),
        )

    def _undo(self, before: NDArray[np.float64]) -> None:
        self.u.x.array[:] = before
        self.qmap.reset()
        self.loads.restore()
        ksp = self.snes.getKSP()
        if ksp.getConvergedReason() < 0:
            # PETSc never factorises again with MUMPS after a factorisation that failed.
            ksp.reset()

    @property
    def largest_force(self) -> float:
        """Largest norm of the nodal forces so far, which tells what is round-off."""
        return self.equilibrium.largest_force

    def restore(
        self,
        displacement: NDArray[np.float64],
        stress: NDArray[np.float64],
        states: Mapping[Any, Tensor],
        time: float,
        steps: int,
        largest_force: float,
    ) -> None:
        """Replace what was committed, e.g. by a checkpoint; the loads become those of its time.

        Parameters
        ----------
        displacement : array
            Vector of ``u`` on this rank, ghosts included.
        stress, states
            As of :meth:`QuadratureMap.restore`.
        time, steps, largest_force
            Of this problem at the checkpoint.
        """
        self.u.x.array[:] = displacement
        self.qmap.restore(stress, states)
        self.loads.set(time)
        self.time, self.steps = time, steps
        self.equilibrium.largest_force = largest_force

    def reaction(self, facets: NDArray[np.int32]) -> NDArray[np.float64]:
        """Force ``[gdim]`` that supports exert on the part at ``facets`` (collective).

        Internal minus external forces of the last committed step, summed over the displacement
        dofs on the facets.

        Parameters
        ----------
        facets : array of int32
            Facets of this rank, e.g. ``part.facets("clamped")``.
        """
        return self.equilibrium.reaction(facets)


def _newton_options(newton: str) -> dict[str, Any]:
    if newton not in ("full", "modified"):
        raise InputError(f"Problem: newton = {newton!r} must be 'full' or 'modified'.")
    # Lagging for longer than any step: the matrix is built anew at the start of each.
    return {} if newton == "full" else {"snes_lag_jacobian": 10_000, "snes_max_it": 200}
