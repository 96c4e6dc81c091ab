"""Quasi-static equilibrium over load steps, by Newton's method in PETSc SNES."""

import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import ufl
from dolfinx import fem
from mpi4py import MPI
from numpy.typing import NDArray
from torch import Tensor

from dmn_fe.errors import InputError
from dmn_fe.fem.conditions.loads import Loads
from dmn_fe.fem.conditions.periodic import Periodic
from dmn_fe.fem.equilibrium import Equilibrium
from dmn_fe.fem.newton import Newton, NewtonKind
from dmn_fe.fem.periodic.cell import PeriodicCell
from dmn_fe.fem.quadrature import QuadratureMap
from dmn_fe.fem.report import StepReport
from dmn_fe.fem.snes import Solved

__all__ = ["Problem"]

_log = logging.getLogger(__name__)


class Problem:
    """Find u with ∫ σ(ε(u)) : ε(v) dx = external work of v, step by step in time.

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
    periodic : Periodic, optional
        In place of ``bcs``: the mesh is a periodic cell under this mean strain and stress.

    Attributes
    ----------
    newton : Newton or PeriodicCell
        What solves a step.
    snes : petsc4py.PETSc.SNES
        Its nonlinear solver, e.g. for a monitor.
    linear_solver : str
        What solves the linear systems, in words.
    cell : PeriodicCell or None
        Of a periodic cell its mean strain and stress.
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
        newton: NewtonKind = "full",
        periodic: Periodic | None = None,
    ):
        if periodic is not None and bcs:
            raise InputError("Problem: a periodic cell takes no bcs; leave them out.")
        if qmap.u is not u:
            raise InputError("Problem: qmap belongs to another displacement; build it with this u.")
        self.u, self.qmap, self.bcs = u, qmap, list(bcs)
        self.time, self.steps = time, 0
        self._comm = qmap.comm
        self.loads = Loads(loads or {}, self._comm)
        self.equilibrium = Equilibrium(qmap, self.bcs, external_work)
        solver = newton, petsc_options, options_prefix
        self.cell: PeriodicCell | None = None
        if periodic is not None:
            self.cell = PeriodicCell(self.equilibrium, periodic, *solver)
        self.newton = self.cell or Newton(self.equilibrium, *solver)
        self.snes, self.linear_solver = self.newton.snes, self.newton.linear_solver

    def close(self) -> None:
        """Destroy the PETSc objects (collective); the problem cannot be used afterwards."""
        self.newton.close()
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
        before = self.u.x.array.copy(), self.equilibrium.largest_force
        self.qmap.reset()
        self.equilibrium.begin(t - self.time)
        start = time.perf_counter()
        try:
            solved = self.newton.solve(t) if solve is None else solve()
            self._raise_error()
            report = self._report(t, solved, time.perf_counter() - start)
            if report.converged:
                # Of the accepted iterate, whatever was tried last.
                self.qmap.update(self.equilibrium.dt)
                begin = time.perf_counter()
                self.qmap.commit()  # points that switch follow all their strains here
                seconds = self._comm.allreduce(time.perf_counter() - begin, MPI.MAX)
                self.equilibrium.commit()
                self.time, self.steps = t, self.steps + 1
                return replace(report, seconds_micro=report.seconds_micro + seconds)
        except BaseException:
            self._undo(before)
            raise
        self._undo(before)
        if self._comm.rank == 0:
            _log.info("step %d to t = %g failed: %s", report.step, t, report.reason)
        return report

    def _raise_error(self) -> None:
        """Raise what a law raised while PETSc was at work."""
        error, self.equilibrium.error = self.equilibrium.error, None
        if error is not None:
            try:
                raise error
            finally:
                del error  # see RaiseTogether

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
            iterations_allowed=self.snes.getTolerances()[3],
            residuals=solved.residuals,
            micro_iterations_max=work.iterations_max,
            micro_iterations_mean=work.iterations_mean,
            seconds_micro=work.seconds,
            imbalance=work.seconds / work.seconds_mean if work.seconds_mean > 0 else 1.0,
            seconds_assembly=assembly,
            seconds_solve=max(0.0, seconds - work.seconds - assembly),
        )

    def _undo(self, before: tuple[NDArray[np.float64], float]) -> None:
        self.u.x.array[:], self.equilibrium.largest_force = before
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

    def total_reaction(self) -> NDArray[np.float64]:
        """Force ``[gdim]`` that all supports exert on the part (collective).

        Groups of facets may share nodes on their edges: this is less than the sum of their
        :meth:`reaction`. It balances all forces that act on the part.
        """
        return self.equilibrium.total_reaction()
