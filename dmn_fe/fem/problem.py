"""Quasi-static equilibrium over load steps, by Newton's method in PETSc SNES."""

import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import ufl
from dolfinx import fem
from dolfinx.fem import petsc as fem_petsc
from mpi4py import MPI
from numpy.typing import NDArray
from petsc4py import PETSc

from dmn_fe.errors import InputError
from dmn_fe.fem._destroy import destroy_with
from dmn_fe.fem.loads import Loads
from dmn_fe.fem.quadrature import QuadratureMap
from dmn_fe.fem.report import StepReport
from dmn_fe.fem.snes import make_snes, reason_name, weakly
from dmn_fe.fem.strain import mandel_strain

__all__ = ["Problem"]

_log = logging.getLogger(__name__)
# Residuals below this part of the largest one seen are round-off, in steps that load little.
_ROUND_OFF = 1e-11


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
        see :class:`~dmn_fe.fem.loads.Loads`.
    external_work : UFL linear form, optional
        Work of tractions and body forces on ``ufl.TestFunction(u.function_space)``.
    petsc_options : mapping, optional
        PETSc options without prefix, such as ``{"snes_rtol": 1e-10, "ksp_type": "cg"}``. Default:
        line-search Newton (bt), relative tolerance 1e-8, 25 iterations, LU by MUMPS if available.
    options_prefix : str
        Prefix of the options, also for the PETSc command line.
    time : float
        Time of the initial state.

    Attributes
    ----------
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
    ):
        if qmap.u is not u:
            raise InputError("Problem: qmap belongs to another displacement; build it with this u.")
        self.u, self.qmap, self.bcs = u, qmap, list(bcs)
        self.time, self.steps = time, 0
        self._comm = qmap.comm
        self._loads = Loads(loads or {}, self._comm)
        v, du = (f(u.function_space) for f in (ufl.TestFunction, ufl.TrialFunction))
        residual = ufl.inner(qmap.stress, mandel_strain(v)) * qmap.dx
        if external_work is not None:
            residual -= external_work
        stiffness = ufl.dot(qmap.tangent, mandel_strain(du))
        self._residual_form = fem.form(residual)
        self._tangent_form = fem.form(ufl.inner(stiffness, mandel_strain(v)) * qmap.dx)
        self._x = u.x.petsc_vec.duplicate()
        self._b = self._x.duplicate()
        self._work = self._x.duplicate()
        self._matrix = fem_petsc.create_matrix(self._tangent_form)
        self.snes = make_snes(self._comm, options_prefix, petsc_options or {})
        self.snes.setFunction(weakly(self._assemble_residual), self._b)
        self.snes.setJacobian(weakly(self._assemble_tangent), self._matrix)
        self._largest_residual = 0.0
        self._dt = self._seconds_assembly = 0.0
        self._error: Exception | None = None
        owned_by_petsc = [self.snes, self._matrix, self._x, self._b, self._work]
        self._finalizer = destroy_with(self, owned_by_petsc)

    def close(self) -> None:
        """Destroy the PETSc objects (collective); the problem cannot be used afterwards."""
        self._finalizer()

    def step(self, t: float) -> StepReport:
        """Set the loads of ``t``, solve, commit if and only if all ranks converged (collective).

        Otherwise displacement, committed state and loads are bitwise what they were before, and
        the report says why: look at ``report.converged``.

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
        self._loads.set(t)
        self._dt = t - self.time
        before = self.u.x.array.copy()
        self.qmap.reset()
        self._seconds_assembly = 0.0
        start = time.perf_counter()
        try:
            reason, residuals = self._solve()
            seconds = time.perf_counter() - start
            report = self._report(t, reason, residuals, seconds)
            if report.converged:
                self.qmap.update(self._dt)  # of the accepted iterate, whatever was tried last
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

    def _solve(self) -> tuple[int, list[float]]:
        """Run SNES from the present ``u``; give its reason and the residual norms."""
        snes = self.snes
        rtol, atol, stol, max_it = snes.getTolerances()
        self.u.x.petsc_vec.copy(self._x)
        # Above zero: PETSc asks for less than the tolerance, and a step may load nothing at all.
        smallest = float(np.finfo(np.float64).tiny)
        snes.setTolerances(atol=max(atol, smallest, _ROUND_OFF * self._largest_residual))
        snes.setConvergenceHistory(length=max_it + 1, reset=True)
        try:
            snes.solve(None, self._x)
        finally:
            snes.setTolerances(rtol=rtol, atol=atol, stol=stol, max_it=max_it)
            error, self._error = self._error, None
        if error is not None:
            try:
                raise error
            finally:
                del error  # see RaiseTogether
        self._set_solution(self._x)
        residuals = [float(norm) for norm in snes.getConvergenceHistory()[0]]
        return snes.getConvergedReason(), residuals

    def _report(self, t: float, reason: int, residuals: list[float], seconds: float) -> StepReport:
        converged = reason > 0
        sentence = reason_name(reason)
        if converged:
            self._largest_residual = max(self._largest_residual, residuals[0])
        else:
            failure = self.qmap.first_failure()
            sentence += f"; {failure}" if failure else ""
        work = self.qmap.statistics()
        assembly = self._comm.allreduce(self._seconds_assembly, MPI.MAX)
        return StepReport(
            step=self.steps + 1,
            time=t,
            converged=converged,
            reason=sentence,
            iterations=self.snes.getIterationNumber(),
            residuals=residuals,
            micro_iterations_max=work.iterations_max,
            micro_iterations_mean=work.iterations_mean,
            seconds_micro=work.seconds,
            seconds_assembly=assembly,
            seconds_solve=max(0.0, seconds - work.seconds - assembly),
        )

    def _undo(self, before: NDArray[np.float64]) -> None:
        self.u.x.array[:] = before
        self.qmap.reset()
        self._loads.restore()

    def _set_solution(self, x: PETSc.Vec) -> None:
        x.copy(self.u.x.petsc_vec)
        self.u.x.scatter_forward()

    def _assemble_residual(self, _, x: PETSc.Vec, b: PETSc.Vec) -> None:
        self._set_solution(x)
        lift = self._is_off_bcs()
        if not self._evaluate_laws(tangent=lift):
            b.set(np.nan)
            return
        start = time.perf_counter()
        _zero(b)
        fem_petsc.assemble_vector(b, self._residual_form)
        displacement = self.u.x.petsc_vec
        if lift:
            fem_petsc.apply_lifting(
                b, [self._tangent_form], bcs=[self.bcs], x0=[displacement], alpha=-1.0
            )
        b.ghostUpdate(addv=PETSc.InsertMode.ADD, mode=PETSc.ScatterMode.REVERSE)
        fem_petsc.set_bc(b, self.bcs, x0=displacement, alpha=-1.0)
        self._seconds_assembly += time.perf_counter() - start

    def _evaluate_laws(self, tangent: bool) -> bool:
        """Update stress or tangent; keep an error until PETSc, which it must not cross, is done."""
        if self._error is None:
            try:
                (self.qmap.update_tangent if tangent else self.qmap.update)(self._dt)
            except (InputError, RuntimeError) as error:  # the same on all ranks
                self._error = error
        return self._error is None

    def _is_off_bcs(self) -> bool:
        """Whether u differs from a prescribed value by more than round-off: lifting is not free."""
        _zero(self._work)
        fem_petsc.set_bc(self._work, self.bcs, x0=self.u.x.petsc_vec, alpha=-1.0)
        distance = self._work.norm(PETSc.NormType.NORM_INFINITY)
        largest = self.u.x.petsc_vec.norm(PETSc.NormType.NORM_INFINITY)
        # Agreed on explicitly: a maximum over NaN may differ between ranks.
        return self._comm.allreduce(bool(distance > 1e-14 * largest), MPI.LOR)

    def _assemble_tangent(self, _, x: PETSc.Vec, matrix: PETSc.Mat, __) -> None:
        self._set_solution(x)
        matrix.zeroEntries()
        if not self._evaluate_laws(tangent=True):
            matrix.assemble()
            return
        start = time.perf_counter()
        fem_petsc.assemble_matrix(matrix, self._tangent_form, bcs=self.bcs)
        matrix.assemble()
        self._seconds_assembly += time.perf_counter() - start

    def reaction(self, facets: NDArray[np.int32]) -> NDArray[np.float64]:
        """Force ``[gdim]`` that supports exert on the part at ``facets`` (collective).

        Internal minus external forces of the last committed step, summed over the displacement
        dofs on the facets.

        Parameters
        ----------
        facets : array of int32
            Facets of this rank, e.g. ``part.facets("clamped")``.
        """
        space = self.u.function_space
        fdim = space.mesh.topology.dim - 1
        _zero(self._work)
        fem_petsc.assemble_vector(self._work, self._residual_form)
        self._work.ghostUpdate(addv=PETSc.InsertMode.ADD, mode=PETSc.ScatterMode.REVERSE)
        space.mesh.topology.create_connectivity(fdim, fdim + 1)
        nodes = fem.locate_dofs_topological(space, fdim, facets)
        nodes = nodes[nodes < space.dofmap.index_map.size_local]
        forces = self._work.array_r.reshape(-1, space.dofmap.index_map_bs)
        return self._comm.allreduce(forces[nodes].sum(axis=0))


def _zero(vector: PETSc.Vec) -> None:
    """Set owned and ghost entries to zero."""
    with vector.localForm() as local:
        local.set(0.0)
